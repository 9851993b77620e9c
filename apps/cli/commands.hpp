// The commands of the program. Each adds itself to the parser; when it is chosen its callback runs
// and returns the exit code: 0 done, 1 it failed on the way, 2 it was asked wrongly (UsageError).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

namespace sidetone::cli {

// What to run after parsing.
using Action = std::function<int()>;

void add_demo(CLI::App& app, Action& chosen);
void add_serve(CLI::App& app, Action& chosen);
void add_token(CLI::App& app, Action& chosen);
void add_publish(CLI::App& app, Action& chosen);
void add_record(CLI::App& app, Action& chosen);
void add_bench(CLI::App& app, Action& chosen);

}  // namespace sidetone::cli
