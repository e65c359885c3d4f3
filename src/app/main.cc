// The program: which command was asked for.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "base/text.h"
#include "llm/price_command.h"
#include "serve.h"

int main(int argc, char** argv) {
  using namespace pawl;
  CLI::App app("Pawl: the operations platform for AI agents", "pawl");
  app.require_subcommand(1);
  app.set_version_flag("--version", "pawl " PAWL_VERSION);
  auto* version = app.add_subcommand("version", "Prints the version");

  app::Settings settings;
  std::string listen = "127.0.0.1:7295";
  auto* serve = app.add_subcommand("serve", "Serves");
  serve->add_option("--data", settings.data, "Data directory");
  serve->add_option("--listen", listen, "HOST:PORT");

  bool json = false;
  auto* price = app.add_subcommand("price", "Prices usages: one JSON object a line in, one a line out");
  price->add_flag("--json", json, "JSON lines (the only format)");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 64;
  }
  const Log log(Log::Format::text, Level::info);
  if (version->parsed()) {
    fmt::print("pawl {}\n", PAWL_VERSION);
    return 0;
  }
  if (price->parsed()) {
    const auto list = llm::built_in_prices();
    if (!list) {
      fmt::print(stderr, "{}\n", list.error().what);
      return 3;
    }
    return llm::price_command(std::cin, std::cout, *list, SystemClock());
  }
  const auto colon = listen.rfind(':');
  const auto port = parse_int(listen.substr(colon + 1));
  if (colon == std::string::npos || !port || *port < 0 || *port > 65535) {
    fmt::print(stderr, "--listen {} must be HOST:PORT\n", listen);
    return 64;
  }
  settings.listen = {listen.substr(0, colon), static_cast<std::uint16_t>(*port)};
  settings.otlp_ports = settings.listen.port == 7295;
  return app::serve(settings, log);
}
