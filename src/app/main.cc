// The program: which command was asked for.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/text.h"
#include "commands.h"
#include "config.h"
#include "llm/price_command.h"
#include "outcome.h"
#include "pricing.h"
#include "serve.h"

namespace pawl::app {
namespace {

Log log_of(const Config& config) {
  const auto level = config.get("log_level");
  return Log(config.get("log_format") == "json" ? Log::Format::json : Log::Format::text, level == "debug" ? Level::debug
                                                                                         : level == "warn" ? Level::warn
                                                                                         : level == "error"
                                                                                             ? Level::error
                                                                                             : Level::info);
}

int price(const std::string& own) {
  const auto pricing = Pricing::load(own);
  if (!pricing) return complain(pricing.error());
  return llm::price_command(std::cin, std::cout, (*pricing)->list(), SystemClock());
}

int run(int argc, char** argv) {
  CLI::App app("Pawl: the operations platform for AI agents", "pawl");
  app.require_subcommand(1);
  app.set_version_flag("--version", "pawl " PAWL_VERSION);
  auto* version = app.add_subcommand("version", "Prints the version");
  auto* serve_command = app.add_subcommand("serve", "Serves: page, API and every protocol on one port");
  auto* price_command = app.add_subcommand("price", "Prices usages: one JSON object a line in, one a line out");
  bool json_lines = false;
  std::string own_prices;
  price_command->add_flag("--json", json_lines, "JSON lines (the only format)");
  price_command->add_option("--prices", own_prices, "Own price file");

  std::map<std::string, std::string> flags;
  std::string file;
  bool print_config = false;
  for (const auto& setting : settings_table()) {
    std::string dashed(setting.name);
    std::ranges::replace(dashed, '_', '-');
    const std::string names =
        dashed == setting.name ? fmt::format("--{}", dashed) : fmt::format("--{},--{}", dashed, setting.name);
    serve_command->add_option_function<std::string>(
        names, [&flags, name = std::string(setting.name)](const std::string& value) { flags[name] = value; },
        fmt::format("{} [{}]", setting.about, setting.fallback));
  }
  serve_command->add_option("--config", file, "TOML file with the same settings");
  serve_command->add_flag("--print-config", print_config, "Prints what is in force and where each setting came from");
  Commands commands;
  add_commands(app, commands);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 64;
  }
  if (version->parsed()) {
    fmt::print("pawl {}\n", PAWL_VERSION);
    return 0;
  }
  if (price_command->parsed()) return price(own_prices);
  if (commands.chosen) return commands.chosen();
  const auto config = Config::load(flags, file, [](const char* name) -> const char* { return std::getenv(name); });
  if (!config) return complain(config.error());
  if (print_config) {
    fmt::print("{}", config->print());
    return 0;
  }
  return serve(*config, log_of(*config));
}

}  // namespace
}  // namespace pawl::app

int main(int argc, char** argv) {
  return pawl::app::run(argc, argv);
}
