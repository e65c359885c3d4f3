// The commands beside `serve` and `price`: projects, keys, users, lists and queries of a running server, care of a data
// directory, the demo.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace pawl::app {

struct Commands {
  std::function<int()> chosen;  // set by the parsed command; gives the exit code
};
void add_commands(CLI::App& app, Commands& commands);

}  // namespace pawl::app
