// Commands that ask a running server: traces, sessions, query, cost. The same filters and measures as everywhere.
#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>

#include "base/json.h"
#include "base/text.h"
#include "commands.h"
#include "net/client.h"
#include "outcome.h"

namespace pawl::app {
namespace {

namespace sj = simdjson;

struct Asked {
  std::string server = "http://127.0.0.1:7295", filter, from, to, order, step, measures = "sessions,cost", by, grain;
  int limit = 50;
  bool json = false;
};

Result<std::string> call(const Asked& asked, std::string method, const std::string& path, std::string body = {}) {
  net::Client client;
  net::ClientRequest request{.method = std::move(method), .url = asked.server + path, .body = std::move(body)};
  if (!request.body.empty()) request.headers.set("content-type", "application/json");
  if (const char* key = std::getenv("PAWL_KEY")) request.headers.set("authorization", fmt::format("Bearer {}", key));
  auto answer = client.send(std::move(request));
  if (!answer)
    return fail(ErrorKind::unavailable, "{} does not answer ({}). Start `pawl serve`, or name another with --server.",
                asked.server, answer.error().what);
  if (answer->status < 400) return std::move(answer->body);
  sj::dom::parser parser;
  sj::dom::element document;
  std::string_view message;
  if (parser.parse(answer->body).get(document) != sj::SUCCESS ||
      document["error"]["message"].get(message) != sj::SUCCESS)
    message = answer->body;
  return fail(answer->status == 400 ? ErrorKind::invalid : ErrorKind::denied, "{}", message);
}

std::string text_of(const sj::dom::element& value) {
  std::string_view text;
  if (value.get(text) == sj::SUCCESS) return std::string(text);
  return value.is_null() ? "–" : sj::to_string(value);
}

// Columns as wide as their widest cell; numbers are right-aligned by the caller's order.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      out += fmt::format("{:<{}}{}", row[i], i + 1 == row.size() ? 0 : widths[i], i + 1 == row.size() ? "\n" : "  ");
  }
  return out;
}

std::string list_path(const Asked& asked, std::string_view what) {
  std::string path = fmt::format("/api/v1/{}?limit={}", what, asked.limit);
  for (const auto& [name, value] :
       {std::pair{"filter", &asked.filter}, {"from", &asked.from}, {"to", &asked.to}, {"order", &asked.order}}) {
    if (!value->empty()) path += fmt::format("&{}={}", name, percent_encode(*value));
  }
  return path;
}

Result<std::string> show_list(const Asked& asked, std::string_view what, const std::vector<std::string_view>& columns) {
  const std::string body = TRY(call(asked, "GET", list_path(asked, what)));
  if (asked.json) return body + "\n";
  sj::dom::parser parser;
  sj::dom::element document;
  sj::dom::array items;
  if (parser.parse(body).get(document) != sj::SUCCESS || document[what].get(items) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer is no list");
  std::vector<std::vector<std::string>> rows;
  rows.emplace_back(columns.begin(), columns.end());
  for (const auto item : items) {
    auto& row = rows.emplace_back();
    for (const auto column : columns) {
      sj::dom::element value;
      std::string text = item[column].get(value) == sj::SUCCESS ? text_of(value) : "–";
      row.push_back(column == "start" ? text.substr(0, 19) : std::string(utf8_prefix(text, 60)));
    }
  }
  return table(rows);
}

Result<std::string> show_query(const Asked& asked) {
  JsonWriter json;
  json.object();
  for (const auto& [name, list] : {std::pair{"measures", &asked.measures}, {"dimensions", &asked.by}}) {
    json.key(name).array();
    for (const auto word : split(*list, ',')) {
      if (!trim(word).empty()) json.value(trim(word));
    }
    json.end();
  }
  for (const auto& [name, value] : {std::pair{"filter", &asked.filter},
                                    {"from", &asked.from},
                                    {"to", &asked.to},
                                    {"order", &asked.order},
                                    {"step", &asked.step},
                                    {"grain", &asked.grain}}) {
    if (!value->empty()) json.field(name, *value);
  }
  const std::string body = TRY(call(asked, "POST", "/api/v1/query", json.field("limit", asked.limit).end().take()));
  if (asked.json) return body + "\n";
  sj::dom::parser parser;
  sj::dom::element document;
  if (parser.parse(body).get(document) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer is no JSON");
  std::vector<std::vector<std::string>> rows(1);
  for (const auto column : document["columns"].get_array().value()) {
    const auto unit = text_of(column["unit"].value());
    rows[0].push_back(text_of(column["name"].value()) + (unit.empty() ? "" : " (" + unit + ")"));
  }
  for (const auto cells : document["rows"].get_array().value()) {
    auto& row = rows.emplace_back();
    for (const auto cell : cells.get_array().value()) row.push_back(text_of(cell));
  }
  return table(rows);
}

}  // namespace

void add_remote_commands(CLI::App& app, Commands& commands) {
  const auto asked = std::make_shared<Asked>();
  if (const char* server = std::getenv("PAWL_SERVER")) asked->server = server;
  auto add = [&](const char* name, const char* about, std::function<Result<std::string>()> work) {
    auto* command = app.add_subcommand(name, about);
    command->add_option("filter", asked->filter, "The filter language, in quotes");
    command->add_option("--server", asked->server, "Address of the server; the key comes from PAWL_KEY");
    command->add_option("--from", asked->from, "RFC 3339; default 24 h ago");
    command->add_option("--to", asked->to, "RFC 3339, exclusive");
    command->add_option("--limit", asked->limit, "How many [50]");
    command->add_option("--order", asked->order, "Such as -cost");
    command->add_flag("--json", asked->json, "The API's own answer");
    command->callback([&commands, work] { commands.chosen = [work] { return finish(work()); }; });
    return command;
  };
  add("traces", "Lists traces", [asked] {
    return show_list(*asked, "traces",
                     {"start", "trace_id", "agent", "status", "duration_ms", "tokens", "cost_usd", "name"});
  });
  add("sessions", "Lists sessions", [asked] {
    return show_list(*asked, "sessions",
                     {"start", "session_id", "agent", "status", "error_count", "tokens", "cost_usd", "title"});
  });
  auto* query = add("query", "Measures by dimensions", [asked] { return show_query(*asked); });
  query->add_option("--measures", asked->measures, "Names, comma-separated [sessions,cost]");
  query->add_option("--by", asked->by, "Dimensions, comma-separated");
  query->add_option("--step", asked->step, "Time step, such as 1d");
  query->add_option("--grain", asked->grain, "span, trace or session");
  auto* cost = add("cost", "Cost and tokens by agent", [asked] {
    Asked mine = *asked;
    mine.measures = "cost,tokens.input,tokens.cache_read,tokens.output,llm_calls";
    if (mine.by.empty()) mine.by = "agent";
    return show_query(mine);
  });
  cost->add_option("--by", asked->by, "Dimensions, comma-separated [agent]");
  cost->add_option("--step", asked->step, "Time step, such as 1d");
}

}  // namespace pawl::app
