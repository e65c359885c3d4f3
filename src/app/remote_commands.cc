// Commands that ask a running server, or where none runs the data directory itself: traces, sessions, query, cost. The
// same filters and measures as everywhere.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "commands.h"
#include "net/client.h"
#include "outcome.h"
#include "remote.h"
#include "serve.h"

namespace pawl::app {
namespace {

namespace sj = simdjson;

// Where a server would be: as its own settings say.
std::string usual_server() {
  const char* listen = std::getenv("PAWL_LISTEN");
  return fmt::format("http://{}", listen == nullptr ? "127.0.0.1:7295" : listen);
}
std::string usual_data() {
  const char* data = std::getenv("PAWL_DATA");
  return data == nullptr ? "pawl-data" : data;
}

struct Said {
  int status = 0;
  std::string body;
};

Result<Said> by_server(const std::string& server, const std::string& method, const std::string& path,
                       const std::string& body) {
  net::Client client;
  net::ClientRequest request{.method = method, .url = server + path, .body = body};
  if (!body.empty()) request.headers.set("content-type", "application/json");
  if (const char* key = std::getenv("PAWL_KEY")) request.headers.set("authorization", fmt::format("Bearer {}", key));
  auto answer = client.send(std::move(request));
  if (!answer) return fail(ErrorKind::unavailable, "{} does not answer ({})", server, answer.error().what);
  return Said{answer->status, std::move(answer->body)};
}

// What a server on this directory would answer: the same code, opened for one question.
Result<Said> by_directory(const std::string& data, const Asked& asked, const std::string& method,
                          const std::string& path, const std::string& body) {
  if (!std::filesystem::exists(data + "/ledger.db"))
    return fail(ErrorKind::not_found, "there is no data of Pawl in {}", data);
  const auto config =
      TRY(Config::load({{"data", data}}, "", [](const char* name) -> const char* { return std::getenv(name); }));
  const Log log(Log::Format::text, Level::error);
  const auto installation = TRY(Installation::open(config, log));
  if (!installation->wait_ready(10 * minute)) return fail(ErrorKind::unavailable, "{} could not be read in time", data);
  auto answer = TRY(installation->ask(method, path, body, asked.project));
  return Said{answer.status, std::move(answer.body)};
}

// A directory that was named is read; else the server is asked; where none runs, the usual directory is read.
Result<Said> reach(const Asked& asked, const std::string& method, const std::string& path, const std::string& body) {
  if (asked.server.empty() && !asked.data.empty()) {
    auto read = by_directory(asked.data, asked, method, path, body);
    if (!read && read.error().kind == ErrorKind::conflict)
      return fail(ErrorKind::conflict, "{}; or ask that server with --server", read.error().what);
    return read;
  }
  auto said = by_server(asked.server.empty() ? usual_server() : asked.server, method, path, body);
  if (said || !asked.server.empty()) {
    if (!said) return fail(said.error().kind, "{}. Is it the right address?", said.error().what);
    return said;
  }
  auto read = by_directory(usual_data(), asked, method, path, body);
  if (read || read.error().kind != ErrorKind::not_found) return read;
  return fail(ErrorKind::unavailable,
              "{}, and {}. Start `pawl serve`, or name another with --server, or a directory with --data.",
              said.error().what, read.error().what);
}

// The filter with its mistake underlined: places are counted in bytes.
std::string underlined(std::string_view filter, std::int64_t position, std::int64_t length) {
  const auto width = [](std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
  };
  const auto from = std::min(static_cast<std::size_t>(std::max<std::int64_t>(0, position)), filter.size());
  const auto part = filter.substr(from, static_cast<std::size_t>(std::max<std::int64_t>(0, length)));
  return fmt::format("\n  {}\n  {}{}", filter, std::string(width(filter.substr(0, from)), ' '),
                     std::string(std::max<std::size_t>(1, width(part)), '^'));
}

// What the server said of its refusal; a filter's mistake is underlined.
Error refused(const Asked& asked, const std::string& body, int status) {
  sj::dom::parser parser;
  sj::dom::element document;
  std::string_view message;
  if (parser.parse(body).get(document) != sj::SUCCESS || document["error"]["message"].get(message) != sj::SUCCESS)
    message = body;
  std::int64_t position = 0, length = 0;
  const bool placed = document["error"]["detail"]["position"].get(position) == sj::SUCCESS &&
                      document["error"]["detail"]["length"].get(length) == sj::SUCCESS;
  return {status == 400 ? ErrorKind::invalid : ErrorKind::denied,
          fmt::format("{}{}", message, placed ? underlined(asked.filter, position, length) : "")};
}

}  // namespace

Result<> follow(const Asked& asked, const std::string& path, const std::function<bool(std::string_view)>& use) {
  const std::string server = asked.server.empty() ? usual_server() : asked.server;
  net::Client client;
  net::ClientRequest request{.url = server + path, .time = 365 * day, .on_data = use};
  if (const char* key = std::getenv("PAWL_KEY")) request.headers.set("authorization", fmt::format("Bearer {}", key));
  const auto answer = client.send(std::move(request));
  if (!answer) return fail(ErrorKind::unavailable, "{} does not answer ({})", server, answer.error().what);
  if (answer->status >= 400) return std::unexpected(refused(asked, answer->body, answer->status));
  return {};
}

Result<std::string> call(const Asked& asked, const std::string& method, const std::string& path,
                         const std::string& body) {
  auto said = TRY(reach(asked, method, path, body));
  if (said.status < 400) return std::move(said.body);
  return std::unexpected(refused(asked, said.body, said.status));
}

std::string text_of(const sj::dom::element& value) {
  std::string_view text;
  if (value.get(text) == sj::SUCCESS) return std::string(text);
  return value.is_null() ? "–" : sj::to_string(value);
}

std::string cell_of(const sj::dom::element& of, std::string_view member) {
  sj::dom::element value;
  return of[member].get(value) == sj::SUCCESS ? text_of(value) : "–";
}

Result<std::vector<std::vector<std::string>>> list_rows(const std::string& answer, std::string_view list,
                                                        const std::vector<std::string_view>& columns) {
  sj::dom::parser parser;
  sj::dom::element document;
  sj::dom::array items;
  if (parser.parse(answer).get(document) != sj::SUCCESS || document[list].get(items) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer has no {}", list);
  std::vector<std::vector<std::string>> rows(1, {columns.begin(), columns.end()});
  for (const auto item : items) {
    auto& row = rows.emplace_back();
    for (const auto column : columns) row.push_back(cell_of(item, column));
  }
  return rows;
}

namespace {

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  std::vector<char> figures;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    widths.resize(std::max(widths.size(), rows[r].size()));
    figures.resize(widths.size(), rows.size() > 1);
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      widths[i] = std::max(widths[i], width_of(rows[r][i]));
      if (r > 0 && rows[r][i] != "–" && !parse_double(rows[r][i])) figures[i] = 0;
    }
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - width_of(row[i]), ' ');
      line += (i > 0 ? "  " : "") + (figures[i] != 0 ? space + row[i] : row[i] + space);
    }
    line.resize(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

Result<std::string> list_table(const std::string& answer, std::string_view list,
                               const std::vector<std::string_view>& columns) {
  return table(TRY(list_rows(answer, list, columns)));
}

std::string query_text(const std::vector<std::pair<std::string_view, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!value.empty()) out += fmt::format("{}{}={}", out.empty() ? '?' : '&', name, percent_encode(value));
  }
  return out;
}

namespace {

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
  auto rows = TRY(list_rows(body, what, columns));
  for (auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      row[i] = columns[i] == "start" ? row[i].substr(0, 19) : std::string(utf8_prefix(row[i], 60));
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

// {"slo": {"name": …}}: an objective.
Result<std::string> apply_slo(const Asked& asked, const std::string& path, sj::dom::object slo) {
  std::string_view name;
  if (slo["name"].get(name) != sj::SUCCESS || name.empty())
    return fail(ErrorKind::invalid, "{} needs a \"name\" in \"slo\", such as refunds-fast", path);
  const auto saved = call(asked, "PUT", "/api/v1/slos/" + percent_encode(name), sj::minify(slo));
  if (!saved) return fail(saved.error().kind, "{}: {}", path, saved.error().what);
  return fmt::format("objective {} is saved\n", name);
}

// One dashboard, alert rule (it has a "measure") or objective (all of it in "slo") of a file; answers which version it
// is now.
Result<std::string> apply_file(const Asked& asked, const std::string& path) {
  SystemFiles files;
  const auto text = TRY(read_all(files, path, 64U << 10));
  sj::dom::parser parser;
  sj::dom::element document, measure;
  std::string_view name;
  if (parser.parse(text).get(document) != sj::SUCCESS) return fail(ErrorKind::invalid, "{} is no JSON", path);
  if (sj::dom::object slo; document["slo"].get(slo) == sj::SUCCESS) return apply_slo(asked, path, slo);
  if (document["name"].get(name) != sj::SUCCESS || name.empty())
    return fail(ErrorKind::invalid, "{} needs a \"name\": that of the dashboard or rule, such as on-call", path);
  const bool rule = document["measure"].get(measure) == sj::SUCCESS;
  auto saved = call(asked, "PUT",
                    fmt::format("/api/v1/{}/{}", rule ? "alerts/rules" : "dashboards", percent_encode(name)), text);
  if (!saved) return fail(saved.error().kind, "{}: {}", path, saved.error().what);
  std::int64_t version = 0;
  if (parser.parse(*saved).get(document) != sj::SUCCESS || document["version"].get(version) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "{}: the server's answer is neither dashboard nor rule", path);
  return fmt::format("{} {} is version {}\n", rule ? "rule" : "dashboard", document["name"].get_string().value(),
                     version);
}

// A file that cannot be applied does not keep the others back.
Result<std::string> apply_files(const Asked& asked, const std::vector<std::string>& paths) {
  std::string done, wrong;
  for (const auto& path : paths) {
    const auto said = apply_file(asked, path);
    said ? done += * said : wrong += (wrong.empty() ? "" : "\n") + said.error().what;
  }
  if (wrong.empty()) return done;
  fmt::print("{}", done);
  return fail(ErrorKind::invalid, "{}", wrong);
}

void add_apply_command(CLI::App& app, Commands& commands) {
  const auto asked = std::make_shared<Asked>();
  const auto paths = std::make_shared<std::vector<std::string>>();
  auto* command = app.add_subcommand(
      "apply", "Saves dashboards, alert rules and objectives from JSON files; what is the same stays as it is");
  command->add_option("-f,--file", *paths, "A file; can be given several times")->required();
  command->add_option("--server", asked->server,
                      "Address of the server; the key comes from PAWL_KEY [http://127.0.0.1:7295]");
  command->add_option("--data", asked->data, "A data directory that no server holds");
  command->add_option("--project", asked->project, "Of a data directory; a key belongs to one [default]");
  command->callback(
      [&commands, asked, paths] { commands.chosen = [asked, paths] { return finish(apply_files(*asked, *paths)); }; });
}

}  // namespace

void add_whereabouts(CLI::App& command, const std::shared_ptr<Asked>& asked) {
  command.add_option("--server", asked->server,
                     "Address of the server; the key comes from PAWL_KEY [http://127.0.0.1:7295]");
  command.add_option("--data", asked->data,
                     "Reads this data directory itself, which no server may hold; [pawl-data] where no server answers");
  command.add_option("--project", asked->project, "Of a data directory; a key belongs to one [default]");
}

void add_export_command(CLI::App& list, Commands& commands);    // look_commands.cc
void add_cost_commands(CLI::App& cost, Commands& commands);     // cost_commands.cc
void add_report_commands(CLI::App& app, Commands& commands);    // report_commands.cc
void add_slo_commands(CLI::App& app, Commands& commands);       // slo_commands.cc
void add_incident_commands(CLI::App& app, Commands& commands);  // incident_commands.cc

void add_remote_commands(CLI::App& app, Commands& commands) {
  add_apply_command(app, commands);
  add_slo_commands(app, commands);
  add_incident_commands(app, commands);
  add_report_commands(app, commands);
  const auto asked = std::make_shared<Asked>();
  auto add = [&](const char* name, const char* about, std::function<Result<std::string>()> work) {
    auto* command = app.add_subcommand(name, about);
    command->add_option("filter", asked->filter, "The filter language, in quotes");
    add_whereabouts(*command, asked);
    command->add_option("--from", asked->from, "RFC 3339, or a length such as 7d for as long ago; default 24h");
    command->add_option("--to", asked->to, "RFC 3339, exclusive");
    command->add_option("--limit", asked->limit, "How many [50]");
    command->add_option("--order", asked->order, "Such as -cost");
    command->add_flag("--json", asked->json, "The API's own answer");
    command->callback([&commands, work, command] {
      if (command->get_subcommands().empty()) commands.chosen = [work] { return finish(work()); };
    });
    return command;
  };
  auto* traces = add("traces", "Lists traces", [asked] {
    return show_list(*asked, "traces",
                     {"start", "trace_id", "agent", "status", "duration_ms", "tokens", "cost_usd", "name"});
  });
  auto* sessions = add("sessions", "Lists sessions", [asked] {
    return show_list(*asked, "sessions",
                     {"start", "session_id", "agent", "status", "error_count", "tokens", "cost_usd", "title"});
  });
  for (auto* list : {traces, sessions}) add_export_command(*list, commands);
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
  add_cost_commands(*cost, commands);
}

}  // namespace pawl::app
