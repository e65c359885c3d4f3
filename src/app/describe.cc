// Printing slices.
#include "describe.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "config.h"
#include "shapes.h"

namespace pawl::app {
namespace {

constexpr std::string_view printed =
    "<!-- Printed by `pawl describe --page {}`; tools/reference.sh writes it anew. -->\n";

std::string in_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) {
  return text.empty() ? std::string() : fmt::format("`{}`", text);
}

bool is_shown(const net::Route& route) {
  return route.pattern.starts_with("/api/") || route.pattern.starts_with("/v1/") ||
         route.pattern.starts_with("/ingest/") || route.pattern.contains("/otel/") || route.pattern.ends_with("z") ||
         route.pattern == "/metrics";
}

void print_route(std::string& out, const net::Route& route) {
  out += fmt::format("\n### `{} {}`\n{}. Needs {}.\n", route.method, route.pattern, route.summary,
                     route.permission == "public" ? "nothing" : code(route.permission));
  if (!route.query.empty()) out += "\n| parameter | |\n| --- | --- |\n";
  for (const auto& parameter : route.query)
    out += fmt::format("| `{}` | {}{} |\n", parameter.name, in_cell(parameter.about),
                       parameter.required ? " (must be there)" : "");
  if (!route.accepts.empty()) out += fmt::format("\nTakes `{}`\n", route.accepts);
  if (!route.answers.empty()) out += fmt::format("\nAnswers `{}`\n", route.answers);
}

void print_shapes(std::string& out) {
  out +=
      "\n## Shapes\n`?`: null where nobody said. Money is a decimal text in US dollars, exact; a time is RFC 3339 with "
      "nanoseconds, UTC.\n";
  for (const auto& shape : shapes()) {
    out += fmt::format("\n### {}\n{}\n\n| member | type | |\n| --- | --- | --- |\n", shape.name, shape.about);
    for (const auto& field : shape.fields)
      out += fmt::format("| `{}` | {} | {}{}{} |\n", field.name, in_cell(field.type), in_cell(field.about),
                         field.sometimes && !field.about.empty() ? "; " : "", field.sometimes ? "may be left out" : "");
  }
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  std::vector<const CLI::App*> out;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const auto below = commands_of(*command);
    if (below.empty())
      out.push_back(command);
    else
      out.insert(out.end(), below.begin(), below.end());
  }
  return out;
}

std::string name_of(const CLI::App& command) {
  return command.get_parent() == nullptr ? command.get_name()
                                         : name_of(*command.get_parent()) + " " + command.get_name();
}

bool is_help(const CLI::Option& option) {
  return option.check_lname("help");
}

std::string flag_of(const CLI::Option& option) {
  const auto& names = option.get_lnames();
  if (names.empty()) return option.get_name(true);
  std::string out = "--" + names.front();
  if (option.get_items_expected_max() > 0 && option.get_type_size() > 0) out += " …";
  return out;
}

std::string environment_of(const CLI::Option& option) {
  const auto& names = option.get_lnames();
  return names.empty() || names.front() == "print-config" ? std::string() : environment_name(names.front());
}

void print_command(std::string& out, const CLI::App& command) {
  std::string words;
  for (const auto* option : command.get_options()) {
    if (option->get_lnames().empty())
      words += option->get_required() ? " " + option->get_name(true) : fmt::format(" [{}]", option->get_name(true));
  }
  out += fmt::format("\n## `{}{}`\n{}.\n", name_of(command), words, command.get_description());
  const bool serves = command.get_name() == "serve";
  bool any = false;
  for (const auto* option : command.get_options()) {
    if (is_help(*option) || (!serves && option->check_lname("config"))) continue;
    if (!any) out += "\n| flag | environment | |\n| --- | --- | --- |\n";
    any = true;
    out += fmt::format("| `{}` | {} | {} |\n", flag_of(*option), code(environment_of(*option)),
                       in_cell(option->get_description()));
  }
}

void write_route(JsonWriter& json, const net::Route& route) {
  json.object().field("method", route.method).field("path", route.pattern).field("permission", route.permission);
  json.field("summary", route.summary).key("query").array();
  for (const auto& parameter : route.query) json.value(parameter.name);
  json.end().field("accepts", route.accepts).field("answers", route.answers).end();
}

void write_slice(JsonWriter& json, const Slice& slice) {
  json.object().field("name", slice.name).field("about", slice.about).key("routes").array();
  for (const auto* route : slice.routes) write_route(json, *route);
  json.end().key("grpc").array();
  for (const auto* method : slice.methods)
    json.object().field("path", method->path).field("permission", method->permission).end();
  json.end().key("tables").array();
  for (const auto& table : slice.tables) {
    json.object().field("name", table.name).field("store", table.store).key("columns").array();
    for (const auto& column : table.columns) json.object().field("name", column.name).field("type", column.type).end();
    json.end().end();
  }
  json.end().key("jobs").array();
  for (const auto& job : slice.jobs)
    json.object().field("name", job.name).field("when", job.when).field("about", job.about).end();
  json.end().key("taps").array();
  for (const auto tap : slice.taps) json.value(tap);
  json.end().key("commands").array();
  for (const auto command : slice.commands) json.value(command);
  json.end().end();
}

}  // namespace

std::string described(const std::vector<Slice>& slices) {
  std::string out;
  for (const auto& slice : slices) {
    out += fmt::format("{}{}: {}\n", out.empty() ? "" : "\n", slice.name, slice.about);
    for (const auto* route : slice.routes)
      out += fmt::format("  {:<7}{:<44} {:<8} {}\n", route->method, route->pattern, route->permission, route->summary);
    for (const auto* method : slice.methods)
      out += fmt::format("  gRPC   {:<44} {:<8} {}\n", method->path, method->permission, method->summary);
    for (const auto& table : slice.tables)
      out += fmt::format("  table  {:<44} {:<8} {} columns\n", table.name, table.store, table.columns.size());
    for (const auto& job : slice.jobs) out += fmt::format("  job    {:<44} {}: {}\n", job.name, job.when, job.about);
    for (const auto tap : slice.taps) out += fmt::format("  tap    {}\n", tap);
    for (const auto command : slice.commands) out += fmt::format("  command {}\n", command);
  }
  return out;
}

std::string described_as_json(const std::vector<Slice>& slices, const CLI::App& app) {
  JsonWriter json;
  json.object().field("version", PAWL_VERSION).key("slices").array();
  for (const auto& slice : slices) write_slice(json, slice);
  json.end().key("commands").array();
  for (const auto* command : commands_of(app)) {
    json.object().field("name", name_of(*command)).field("about", command->get_description()).key("flags").array();
    for (const auto* option : command->get_options()) {
      if (is_help(*option)) continue;
      json.object().field("name", flag_of(*option)).field("environment", environment_of(*option));
      json.field("about", option->get_description()).end();
    }
    json.end().end();
  }
  return json.end().end().take();
}

std::string api_page(const std::vector<Slice>& slices) {
  std::string out = fmt::format(fmt::runtime(printed), "api");
  out +=
      "# HTTP API\n\nJSON under `/api/v1`; the same as OpenAPI 3.1 at `/api/v1/openapi.json`. A key: `Authorization: "
      "Bearer "
      "pawl_sk_…`, `x-api-key`, or the password of HTTP Basic. What a call needs is a scope of the key or what a role "
      "holds: `ingest read write admin operate`; for log-ins alone `user` (any role), `self`, `owner`. In local mode "
      "nobody is asked. What belongs to another project is 404.\n\nWithout `from` and `to` the last 24 hours are "
      "meant; a look-up by id ignores ranges. An error is a `Problem` with a fitting status. `429` and `503` say in "
      "`Retry-After` when to come again.\n";
  for (const auto& slice : slices) {
    bool any = false;
    for (const auto* route : slice.routes) {
      if (!is_shown(*route)) continue;
      if (!any) out += fmt::format("\n## {}\n{}.\n", slice.name, slice.about);
      any = true;
      print_route(out, *route);
    }
    for (const auto* method : slice.methods)
      out += fmt::format("\n### gRPC `{}`\n{}. Needs `{}`.\n", method->path, method->summary, method->permission);
  }
  print_shapes(out);
  return out;
}

std::string tables_page(const std::vector<Slice>& slices) {
  std::string out = fmt::format(fmt::runtime(printed), "tables");
  out +=
      "# Tables\n\nWhat is kept where: the warehouse is ClickHouse, the ledger SQLite. Only the slice that owns a "
      "table "
      "writes it. A row of `spans` is never changed: a correction is its copy with `sign` −1 and the new row with "
      "+1.\n";
  for (const auto& slice : slices) {
    for (const auto& table : slice.tables) {
      out += fmt::format("\n## `{}`\nIn the {}, of {}.\n\n| column | type | |\n| --- | --- | --- |\n", table.name,
                         table.store, slice.name);
      for (const auto& column : table.columns)
        out += fmt::format("| `{}` | {} | {} |\n", column.name, in_cell(column.type), in_cell(column.about));
    }
  }
  out += "\n# What runs by itself\n\n| job | of | when | what it does |\n| --- | --- | --- | --- |\n";
  for (const auto& slice : slices)
    for (const auto& job : slice.jobs)
      out += fmt::format("| {} | {} | {} | {} |\n", job.name, slice.name, job.when, job.about);
  return out;
}

std::string cli_page(const CLI::App& app) {
  std::string out = fmt::format(fmt::runtime(printed), "cli");
  out +=
      "# The command line\n\nA flag wins over its environment variable, that over the file of `--config FILE` (TOML; a "
      "key is the flag's name with `_` for `-`), that over the default in brackets. Exit codes: 0 done, 1 the answer "
      "is no, 2 undecided, 3 could not be done, 64 wrong usage.\n";
  for (const auto* command : commands_of(app)) print_command(out, *command);
  return out;
}

}  // namespace pawl::app
