#include <algorithm>
#include <boost/system/system_error.hpp>
#include <cstdio>
#include <string_view>

#include "apps/cli/commands.hpp"
#include "apps/cli/console.hpp"

namespace sidetone::cli {
namespace {

int run(int argc, char** argv) {
  CLI::App app("Real-time audio for LiveKit: hear it, serve it, publish it, record it.",
               "sidetone");
  app.require_subcommand(1);
  app.set_version_flag("--version", "sidetone 0.1.0");
  Action action;
  add_demo(app, action);
  add_serve(app, action);
  add_token(app, action);
  add_publish(app, action);
  add_record(app, action);
  add_bench(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return action();
}

int complain(std::string_view text, int code) noexcept {
  std::fprintf(stderr, "sidetone: %.*s\n", static_cast<int>(text.size()), text.data());
  return code;
}

}  // namespace
}  // namespace sidetone::cli

int main(int argc, char** argv) {
  namespace cli = sidetone::cli;
  try {
    return cli::run(argc, argv);
  } catch (const cli::UsageError& error) {
    return cli::complain(error.what(), 2);
  } catch (const boost::system::system_error& error) {
    // Without the code in brackets that Boost adds.
    const std::string_view text = error.what();
    const auto bracket = text.rfind(" [");
    return cli::complain({text.data(), std::min(bracket, text.size())}, 1);
  } catch (const std::exception& error) {
    return cli::complain(error.what(), 1);
  } catch (...) {
    return cli::complain("an error of unknown kind", 1);
  }
}
