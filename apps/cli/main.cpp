#include <boost/system/system_error.hpp>
#include <iostream>

#include "apps/cli/commands.hpp"
#include "apps/cli/console.hpp"

int main(int argc, char** argv) {
  namespace cli = sidetone::cli;
  CLI::App app("Real-time audio for LiveKit: hear it, serve it, publish it, record it.",
               "sidetone");
  app.require_subcommand(1);
  app.set_version_flag("--version", "sidetone 0.1.0");
  cli::Action action;
  cli::add_demo(app, action);
  cli::add_serve(app, action);
  cli::add_token(app, action);
  cli::add_publish(app, action);
  cli::add_record(app, action);
  cli::add_bench(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  try {
    return action();
  } catch (const cli::UsageError& error) {
    std::cerr << "sidetone: " << error.what() << "\n";
    return 2;
  } catch (const boost::system::system_error& error) {
    // Without the code in brackets that Boost adds.
    const std::string text = error.what();
    std::cerr << "sidetone: " << text.substr(0, text.rfind(" [")) << "\n";
    return 1;
  } catch (const std::exception& error) {
    std::cerr << "sidetone: " << error.what() << "\n";
    return 1;
  }
}
