// `pawl quarantine list|retry`: records that the warehouse refused, through the running server.
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

struct Words {
  std::string server = "http://127.0.0.1:7295";
  std::vector<std::string> ids;
  int limit = 100;
  bool all = false, json = false;
};

Result<std::string> call(const Words& words, std::string method, const std::string& path, std::string body = {}) {
  net::Client client;
  net::ClientRequest request{.method = std::move(method), .url = words.server + path, .body = std::move(body)};
  if (!request.body.empty()) request.headers.set("content-type", "application/json");
  if (const char* key = std::getenv("PAWL_KEY")) request.headers.set("authorization", fmt::format("Bearer {}", key));
  auto answer = client.send(std::move(request));
  if (!answer)
    return fail(ErrorKind::unavailable, "{} does not answer ({}). Start `pawl serve`, or name another with --server.",
                words.server, answer.error().what);
  if (answer->status < 400) return std::move(answer->body);
  sj::dom::parser parser;
  sj::dom::element document;
  std::string_view message = answer->body;
  if (parser.parse(answer->body).get(document) == sj::SUCCESS) (void)document["error"]["message"].get(message);
  return fail(answer->status == 400 ? ErrorKind::invalid : ErrorKind::unavailable, "{}", message);
}

std::string text_of(const sj::dom::element& record, std::string_view name) {
  std::string_view text;
  sj::dom::element value;
  if (record[name].get(value) != sj::SUCCESS || value.is_null()) return "-";
  return value.get(text) == sj::SUCCESS ? std::string(text) : sj::to_string(value);
}

Result<std::string> list(const Words& words) {
  const std::string body = TRY(call(words, "GET", fmt::format("/api/v1/quarantine?limit={}", words.limit)));
  if (words.json) return body;
  sj::dom::parser parser;
  sj::dom::element document;
  sj::dom::array records;
  std::int64_t count = 0;
  if (parser.parse(body).get(document) != sj::SUCCESS || document["records"].get(records) != sj::SUCCESS ||
      document["count"].get(count) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer is no list");
  if (count == 0) return std::string("Nothing is quarantined.\n");
  std::string out;
  std::int64_t shown = 0;
  for (const auto record : records) {
    out += fmt::format("{:>6}  {:.19}  {:6}  {}  {}  {}\n        {}\n", text_of(record, "id"), text_of(record, "at"),
                       text_of(record, "signal"), text_of(record, "trace_id"), text_of(record, "span_id"),
                       utf8_prefix(text_of(record, "name"), 60), utf8_prefix(text_of(record, "reason"), 300));
    ++shown;
  }
  return out + fmt::format("{} of {} quarantined records. `pawl quarantine retry ID…` or `--all` sends them again.\n",
                           shown, count);
}

Result<std::string> retry(const Words& words) {
  if (words.ids.empty() != words.all)
    return fail(ErrorKind::invalid, "Name the ids that `pawl quarantine list` shows, or give --all.");
  JsonWriter json;
  json.object();
  if (words.all) json.field("all", true);
  if (!words.all) {
    json.key("ids").array();
    for (const auto& id : words.ids) json.value(id);
    json.end();
  }
  const std::string body = TRY(call(words, "POST", "/api/v1/quarantine/retry", json.end().take()));
  if (words.json) return body;
  sj::dom::parser parser;
  sj::dom::element document;
  if (parser.parse(body).get(document) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer is no JSON");
  return fmt::format("{} records were sent again; {} are still held. What is refused once more is listed again.\n",
                     text_of(document, "sent"), text_of(document, "held"));
}

}  // namespace

void add_quarantine_commands(CLI::App& app, Commands& commands) {
  const auto words = std::make_shared<Words>();
  if (const char* server = std::getenv("PAWL_SERVER")) words->server = server;
  auto* group = app.add_subcommand("quarantine", "Records that the warehouse refused")->require_subcommand(1);
  auto add = [&](const char* name, const char* about, Result<std::string> (*work)(const Words&)) {
    auto* command = group->add_subcommand(name, about);
    command->add_option("--server", words->server, "Address of the server; the key comes from PAWL_KEY");
    command->add_flag("--json", words->json, "The API's own answer");
    command->callback([&commands, words, work] { commands.chosen = [words, work] { return finish(work(*words)); }; });
    return command;
  };
  add("list", "Lists them, the newest first", list)->add_option("--limit", words->limit, "How many [100]");
  auto* again = add("retry", "Sends them again; needs a key with the scope admin", retry);
  again->add_option("ids", words->ids, "Ids that `pawl quarantine list` shows");
  again->add_flag("--all", words->all, "All that are held");
}

}  // namespace pawl::app
