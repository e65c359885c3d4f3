// `pawl cost …`: the chargeback export, and what else is asked of the slice of
// costs.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/files.h"
#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "commands.h"
#include "outcome.h"
#include "remote.h"
#include "wire/compress.h"

namespace pawl::app {
namespace {

namespace sj = simdjson;

struct Wanted : Asked {
  std::string format = "focus", period = "day", attributes, out;
  std::string shared, shared_by, split = "cost", prices, name, scope = "project", value, limit_usd, timezone,
                                 span = "month";
  std::vector<std::string> models, files;
  std::string account, projects, source;
  int days = 30;
};

std::vector<std::string> cells_of(const sj::dom::element& row, std::string_view nobody) {
  std::vector<std::string> out;
  std::string key;
  sj::dom::array values;
  if (row["key"].get(values) == sj::SUCCESS) {
    for (const auto value : values) key += (key.empty() ? "" : " · ") + text_of(value);
  }
  out.push_back(key.empty() ? std::string(nobody) : key);
  for (const char* name : {"cost_usd", "shared_usd", "total_usd", "calls", "tokens"}) out.push_back(cell_of(row, name));
  return out;
}

Result<std::string> cost_table(const Wanted& wanted) {
  const std::string path = "/api/v1/costs" + query_text({{"by", wanted.by},
                                                         {"from", wanted.from},
                                                         {"to", wanted.to},
                                                         {"filter", wanted.filter},
                                                         {"limit", fmt::format("{}", wanted.limit)},
                                                         {"shared", wanted.shared},
                                                         {"split", wanted.shared.empty() ? "" : wanted.split}});
  const std::string body = TRY(call(wanted, "GET", path));
  if (wanted.json) return body;
  sj::dom::parser parser;
  sj::dom::element document;
  sj::dom::array items;
  if (parser.parse(body).get(document) != sj::SUCCESS || document["rows"].get(items) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer is no table");
  std::vector<std::vector<std::string>> rows = {
      {wanted.by.empty() ? "agent" : wanted.by, "cost (USD)", "shared (USD)", "total (USD)", "calls", "tokens"}};
  for (const auto item : items) rows.push_back(cells_of(item, "(none)"));
  for (const char* name : {"unattributed", "other", "total"}) {
    sj::dom::element row;
    if (document[name].get(row) == sj::SUCCESS) rows.push_back(cells_of(row, name));
  }
  return table(rows);
}

Result<std::string> what_if(const Wanted& wanted) {
  JsonWriter json;
  json.object().key("models").array();
  for (const auto& model : wanted.models) {
    const auto [from, to] = cut(model, '=');
    if (from.empty() || to.empty())
      return fail(ErrorKind::invalid,
                  "--model {} must be like gpt-4o=gpt-4o-mini, or "
                  "gpt-4o=gpt-4o-mini@azure",
                  model);
    const auto [name, provider] = cut(to, '@');
    json.object().field("from", from).field("to", name).field("provider", provider).end();
  }
  json.end().field("days", wanted.days).field("filter", wanted.filter);
  if (!wanted.from.empty()) json.field("from", wanted.from);
  if (!wanted.to.empty()) json.field("to", wanted.to);
  if (!wanted.prices.empty()) {
    std::ifstream in(wanted.prices);
    std::stringstream text;
    text << in.rdbuf();
    sj::dom::parser parser;
    if (!in || parser.parse(text.str()).error() != sj::SUCCESS)
      return fail(ErrorKind::invalid, "the price file {} cannot be read as JSON", wanted.prices);
    json.key("prices").raw(text.str());
  }
  const std::string body = TRY(call(wanted, "POST", "/api/v1/costs/what-if", json.end().take()));
  if (wanted.json) return body;
  std::string out = TRY(list_table(
      body, "models", {"provider", "model", "to", "calls", "tokens", "actual_usd", "repriced_usd", "kept_because"}));
  sj::dom::parser parser;
  const auto document = parser.parse(body);
  for (const char* name : {"actual_usd", "repriced_usd", "difference_usd"}) {
    sj::dom::element value;
    if (document[name].get(value) == sj::SUCCESS) out += fmt::format("{}: {}\n", name, text_of(value));
  }
  out.pop_back();
  return out;
}

Result<std::string> list_budgets(const Wanted& wanted) {
  const std::string body = TRY(call(wanted, "GET", "/api/v1/budgets"));
  if (wanted.json) return body;
  return list_table(body, "budgets",
                    {"name", "scope", "value", "period", "limit_usd", "spent_usd", "forecast_usd", "runs_out_p10",
                     "runs_out_p50", "runs_out_p90", "state"});
}

Result<std::string> set_budget(const Wanted& wanted) {
  JsonWriter json;
  json.object().field("scope", wanted.scope).field("value", wanted.value).field("period", wanted.span);
  json.field("limit_usd", wanted.limit_usd).field("timezone", wanted.timezone).end();
  return call(wanted, "PUT", "/api/v1/budgets/" + percent_encode(wanted.name), json.take());
}

Result<std::string> delete_budget(const Wanted& wanted) {
  TRY(call(wanted, "DELETE", "/api/v1/budgets/" + percent_encode(wanted.name)));
  return fmt::format("{} is deleted", wanted.name);
}

Result<std::string> export_file(const Wanted& wanted) {
  const std::string path = "/api/v1/costs/export" + query_text({{"from", wanted.from},
                                                                {"to", wanted.to},
                                                                {"by", wanted.period},
                                                                {"attributes", wanted.attributes},
                                                                {"filter", wanted.filter},
                                                                {"shared", wanted.shared},
                                                                {"shared_by", wanted.shared_by},
                                                                {"split", wanted.shared.empty() ? "" : wanted.split},
                                                                {"format", wanted.format}});
  std::string text = TRY(call(wanted, "GET", path));
  if (wanted.format == "parquet" && wanted.out.empty())
    return fail(ErrorKind::invalid, "Parquet goes to a file: name it with --out");
  if (wanted.out.empty()) {
    if (text.ends_with('\n')) text.pop_back();  // finish() adds one
    return text;
  }
  TRY(write_file(wanted.out, text));
  if (wanted.format == "parquet") return fmt::format("{}: {} bytes", wanted.out, text.size());
  return fmt::format("{}: {} rows", wanted.out, std::ranges::count(text, '\n') - 1);
}

// One file of a provider; gzip and zstd are undone here.
Result<std::string> import_file(const Wanted& wanted, const std::string& path) {
  constexpr std::size_t most = 64U << 20;
  SystemFiles files;
  std::string text = TRY(read_all(files, path, most));
  if (text.starts_with("\x1f\x8b")) text = TRY(decompress("gzip", text, most));
  if (text.starts_with("\x28\xb5\x2f\xfd")) text = TRY(decompress("zstd", text, most));
  if (text.empty()) return fail(ErrorKind::invalid, "the file is empty");
  const std::string body = TRY(call(wanted, "POST", "/api/v1/costs/bills", text));
  if (wanted.json) return body + "\n";
  const auto said = TRY(JsonFields::parse(body));
  std::string out = fmt::format("{}: {}, {} records, {} of them new\n", path, said.text("source"),
                                said.number("records").value_or(0), said.number("fresh").value_or(0));
  if (const auto others = said.number("other_services").value_or(0); others > 0)
    out += fmt::format("  {} records of other services are left out\n", others);
  for (const auto& problem : TRY(said.texts("problems"))) out += fmt::format("  left out: {}\n", problem);
  if (said.flag("more").value_or(false)) out += "  the provider has further pages of it: import those too\n";
  return out;
}

// A file that cannot be imported does not keep the others back.
Result<std::string> import_files(const Wanted& wanted) {
  std::string done, wrong;
  for (const auto& path : wanted.files) {
    const auto said = import_file(wanted, path);
    if (said)
      done += *said;
    else
      wrong += fmt::format("{}{}: {}", wrong.empty() ? "" : "\n", path, said.error().what);
  }
  if (!done.empty()) done.pop_back();
  if (wrong.empty()) return done;
  if (!done.empty()) fmt::print("{}\n", done);
  return fail(ErrorKind::invalid, "{}", wrong);
}

Result<std::string> list_bills(const Wanted& wanted) {
  const std::string body = TRY(call(wanted, "GET", "/api/v1/costs/bills"));
  if (wanted.json) return body;
  return list_table(body, "imports", {"source", "from", "to", "records", "billed_usd", "imported"});
}

Result<std::string> remove_bills(const Wanted& wanted) {
  const auto body = TRY(call(wanted, "DELETE", "/api/v1/costs/bills" + query_text({{"source", wanted.source}})));
  return fmt::format("{} records of {} are removed", TRY(JsonFields::parse(body)).number("removed").value_or(0),
                     wanted.source);
}

Result<std::string> reconcile(const Wanted& wanted) {
  const std::string body = TRY(call(wanted, "GET",
                                    "/api/v1/costs/reconcile" + query_text({{"from", wanted.from},
                                                                            {"to", wanted.to},
                                                                            {"filter", wanted.filter},
                                                                            {"account", wanted.account},
                                                                            {"projects", wanted.projects}})));
  if (wanted.json) return body;
  std::string out = TRY(list_table(body, "rows",
                                   {"day", "provider", "model", "type", "billed_usd", "seen_usd", "difference_usd",
                                    "billed_quantity", "seen_quantity", "reason"}));
  const auto said = TRY(JsonFields::parse(body));
  if (const auto total = said.object("total"))
    out += fmt::format("\nbilled {} USD, seen {} USD, difference {} USD; {} of {} rows agree",
                       total->text("billed_usd"), total->text("seen_usd"), total->text("difference_usd"),
                       total->number("agreeing").value_or(0), total->number("rows").value_or(0));
  for (const auto& reason : said.objects("reasons"))
    out += fmt::format("\n{} ({} rows, {} USD): {}", reason.text("name"), reason.number("rows").value_or(0),
                       reason.text("difference_usd"), reason.text("sentence"));
  return out;
}

}  // namespace

void add_bill_commands(CLI::App& cost, const std::shared_ptr<Wanted>& wanted, Commands& commands) {
  const auto add = [&](const char* name, const char* about, Result<std::string> (*work)(const Wanted&)) {
    auto* command = cost.add_subcommand(name, about);
    add_whereabouts(*command, wanted);
    command->add_flag("--json", wanted->json, "The API's own answer");
    command->callback(
        [&commands, work, wanted] { commands.chosen = [work, wanted] { return finish(work(*wanted)); }; });
    return command;
  };
  add("import", "Imports what providers say that was used and billed; a later export replaces", import_files)
      ->add_option("files", wanted->files,
                   "Usage or costs of OpenAI or Anthropic (JSON), Google's billing export (JSON lines, CSV), AWS' Cost "
                   "and Usage Report 2.0 (CSV); also compressed by gzip or zstd")
      ->required();
  add("bills", "What was imported", list_bills);
  add("forget", "Removes what was imported from a source", remove_bills)
      ->add_option("source", wanted->source, "As `pawl cost bills` names it, such as openai.costs")
      ->required();
  auto* both = add("reconcile", "What providers bill beside what Pawl saw, with likely reasons", reconcile);
  both->add_option("filter", wanted->filter, "Of what was seen, only this");
  both->add_option("--from", wanted->from, "Start of a day of UTC [the first of the month]");
  both->add_option("--to", wanted->to, "Its end, exclusive [the end of today]");
  both->add_option("--account", wanted->account, "Of the bills, only these projects or workspaces of the provider");
  both->add_option("--projects", wanted->projects, "Whose calls were seen: this, or all that you may see [this]");
}

void add_cost_commands(CLI::App& cost, Commands& commands) {
  const auto wanted = std::make_shared<Wanted>();
  auto add_to = [&](CLI::App& parent, const char* name, const char* about, Result<std::string> (*work)(const Wanted&)) {
    auto* command = parent.add_subcommand(name, about);
    add_whereabouts(*command, wanted);
    command->callback(
        [&commands, work, wanted] { commands.chosen = [work, wanted] { return finish(work(*wanted)); }; });
    return command;
  };
  auto add = [&](const char* name, const char* about, Result<std::string> (*work)(const Wanted&)) {
    return add_to(cost, name, about, work);
  };
  auto* file = add("export", "Chargeback as a file: FOCUS 1.2 columns, or a plain table", export_file);
  file->add_option("filter", wanted->filter, "The filter language, in quotes");
  file->add_option("--from", wanted->from, "Start of a day (hour) of UTC [the first of the month]");
  file->add_option("--to", wanted->to, "Its end, exclusive [the end of today]");
  file->add_option("--by", wanted->period, "day or hour [day]");
  file->add_option("--attribute", wanted->attributes, "Further dimensions that split rows: user,attr.tenant");
  file->add_option("--format", wanted->format, "focus, parquet or csv [focus]");
  file->add_option("--shared", wanted->shared, "Team or agent whose cost is split over the others; unattributed");
  file->add_option("--shared-by", wanted->shared_by, "Which of both: team or agent [team]");
  file->add_option("--split", wanted->split, "By what: cost, tokens, calls or equal [cost]");
  file->add_option("--out", wanted->out, "File to write [standard output]");
  auto* rows = add("table", "Cost by any dimension, with the unattributed row; adds up to the total", cost_table);
  rows->add_option("filter", wanted->filter, "The filter language, in quotes");
  rows->add_option("--by", wanted->by, "Dimensions, comma-separated, or project [agent]");
  rows->add_option("--from", wanted->from, "RFC 3339 [the first of the month]");
  rows->add_option("--to", wanted->to, "RFC 3339, exclusive [the end of today]");
  rows->add_option("--limit", wanted->limit, "How many rows [50]");
  rows->add_option("--shared", wanted->shared, "Value whose cost is split over the others; unattributed");
  rows->add_option("--split", wanted->split, "By what: cost, tokens, calls or equal [cost]");
  rows->add_flag("--json", wanted->json, "The API's own answer");
  auto* other = add("what-if", "Past calls at the prices of other models, or of another price list", what_if);
  other->add_option("filter", wanted->filter, "The filter language, in quotes");
  other->add_option("--model", wanted->models, "FROM=TO or FROM=TO@PROVIDER, several times");
  other->add_option("--prices", wanted->prices, "A price file that is consulted first");
  other->add_option("--days", wanted->days, "The last so many [30]");
  other->add_option("--from", wanted->from, "Start of an hour");
  other->add_option("--to", wanted->to, "Its end, exclusive");
  other->add_flag("--json", wanted->json, "The API's own answer");
  add_bill_commands(cost, wanted, commands);
  auto* budget = cost.add_subcommand("budget", "Budgets")->require_subcommand(1);
  add_to(*budget, "list", "Lists budgets: spent, forecast, and when they run out", list_budgets)
      ->add_flag("--json", wanted->json, "The API's own answer");
  auto* set = add_to(*budget, "set", "Makes or changes a budget", set_budget);
  set->add_option("name", wanted->name, "Its name")->required();
  set->add_option("--limit", wanted->limit_usd, "US dollars, such as 250")->required();
  set->add_option("--scope", wanted->scope, "organisation, project, team, agent, user, task or customer [project]");
  set->add_option("--value", wanted->value, "Which team, agent …");
  set->add_option("--period", wanted->span, "day, week or month [month]");
  set->add_option("--timezone", wanted->timezone, "Whose days, weeks and months; IANA [UTC]");
  add_to(*budget, "delete", "Deletes a budget", delete_budget)
      ->add_option("name", wanted->name, "Its name")
      ->required();
}

}  // namespace pawl::app
