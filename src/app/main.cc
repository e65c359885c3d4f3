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

std::string key_of(const CLI::Option& option) {
  std::string name = option.get_lnames().empty() ? "" : option.get_lnames().front();
  std::ranges::replace(name, '-', '_');
  return name;
}

// The command that the words choose.
CLI::App& chosen(CLI::App& app, int argc, char** argv) {
  CLI::App* command = &app;
  for (int i = 1; i < argc; ++i) {
    const auto next = command->get_subcommands([&](CLI::App* one) { return one->check_name(argv[i]); });
    if (!next.empty()) command = next.front();
  }
  return *command;
}

// Each flag of the command has an environment variable: --limit is PAWL_LIMIT. Settings of the server have theirs in
// Config. Not of other commands: they may share what the value is kept in.
void name_environment(CLI::App& command) {
  if (command.get_name() == "pawl") return;
  static std::string read_before;  // see lend_file
  if (command.get_option_no_throw("--config") == nullptr)
    command.add_option("--config", read_before, "TOML file: keys are the names of flags, with _ for -");
  const bool serves = command.get_name() == "serve", asks = command.get_option_no_throw("--server") != nullptr;
  for (auto* option : command.get_options()) {
    const std::string name = key_of(*option);
    if (name.empty() || name == "help" || name == "print_config" || (serves && name != "config")) continue;
    if (asks && name == "data") continue;  // asked only where no server answers: remote_commands.cc
    option->envname(environment_name(name));
  }
}

void collect_keys(const CLI::App& app, std::vector<std::string>& out) {
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    collect_keys(*command, out);
    for (const auto* option : command->get_options()) out.push_back(key_of(*option));
  }
}

// The keys of a file stand for flags that nobody gave: as environment variables, where those are not set. The server
// reads its file itself, to tell where each setting came from.
Result<> lend_file(const CLI::App& app, int argc, char** argv) {
  std::string file = std::getenv("PAWL_CONFIG") == nullptr ? "" : std::getenv("PAWL_CONFIG");
  bool serves = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    serves |= word == "serve";
    if (word == "--config" && i + 1 < argc) file = argv[i + 1];
    if (word.starts_with("--config=")) file = word.substr(9);
  }
  if (file.empty() || serves) return {};
  std::vector<std::string> keys;
  collect_keys(app, keys);
  for (auto& [name, value] : TRY(read_settings(file, {keys.begin(), keys.end()})))
    ::setenv(environment_name(name).c_str(), value.c_str(), 0);
  return {};
}

// A filter may begin with a minus, as in -tag=test, which is no flag: it stands last then, behind "--".
std::vector<const char*> filters_last(const CLI::App& command, int argc, char** argv) {
  std::vector<const char*> out(argv, argv + argc);
  if (command.get_option_no_throw("filter") == nullptr) return out;
  std::vector<const char*> filters;
  bool value = false;  // of the flag before
  std::erase_if(out, [&](const char* word) {
    const std::string_view text = word;
    const bool filter = !value && text.size() > 2 && text[0] == '-' && text[1] != '-';
    const CLI::Option* flag = text.starts_with("--") ? command.get_option_no_throw(std::string(text)) : nullptr;
    value = flag != nullptr && flag->get_expected_min() > 0;
    if (filter) filters.push_back(word);
    return filter;
  });
  if (filters.empty() || std::ranges::any_of(out, [](const char* word) { return std::string_view(word) == "--"; }))
    return {argv, argv + argc};
  out.push_back("--");
  out.insert(out.end(), filters.begin(), filters.end());
  return out;
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
        setting.fallback.empty() ? std::string(setting.about)
                                 : fmt::format("{} [{}]", setting.about, setting.fallback));
  }
  serve_command->add_option("--config", file, "TOML file with the same settings");
  serve_command->add_flag("--print-config", print_config, "Prints what is in force and where each setting came from");
  Commands commands;
  add_commands(app, commands);
  name_environment(chosen(app, argc, argv));
  if (const auto lent = lend_file(app, argc, argv); !lent) return complain(lent.error());
  const auto words = filters_last(chosen(app, argc, argv), argc, argv);
  try {
    app.parse(static_cast<int>(words.size()), words.data());
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
