// More like this: sessions (and traces without one) that took a like way through the tools and began with like words.
#include "similar.h"

#include <cmath>
#include <unordered_map>

#include "base/text.h"
#include "inside.h"

namespace pawl::explore {
namespace {

constexpr std::uint32_t most_candidates = 2'000, enough_candidates = 400;
constexpr std::size_t most_similar = 50;
constexpr Nanos looks_back[] = {day, 7 * day, 30 * day};

// Columns of both questions: who it is, the trace, its tools with their times, its first words.
constexpr std::string_view gathered =
    "SELECT if(session = '', lower(leftPad(hex(trace), 32, '0')), session) AS who, any(session) AS session_, "
    "any(trace) AS trace_, arrayMap(x -> x.3, arraySort(groupUniqArrayIf(400)((toUnixTimestamp64Nano(start), span, "
    "multiIf(kind = 'handoff', concat('> ', handoff_to), tool)), kind IN ('tool', 'handoff') AND NOT noise AND NOT "
    "framework_tool))) AS tools, groupUniqArrayIf(8)(preview, preview != '') AS said, groupUniqArray(16)(CAST(agent, "
    "'String')) AS agents FROM spans WHERE project = {project:UInt32} AND sign > 0";

Path path_of(const native::Rows& rows, std::size_t i) {
  Path path;
  path.key = rows.text(0, i), path.session = rows.text(1, i), path.trace = rows.id(2, i);
  for (const auto tool : rows.texts(3, i)) path.tools.emplace_back(tool);
  std::string said;
  for (const auto text : rows.texts(4, i)) said += fmt::format("{} ", text);
  path.words = words_said(said);
  return path;
}

std::string list_of(const std::vector<std::string>& texts) {  // in hex: quotes and escapes stay what they are
  std::string out = "[";
  for (const auto& text : texts) out += fmt::format("{}'{}'", out.size() > 1 ? "," : "", to_hex(text));
  return out + "]";
}

struct Self {
  Path path;
  std::vector<std::string> agents;
};

Result<Self> self_of(warehouse::Warehouse& store, const net::Request& request, ProjectId project, Read& read) {
  const bool session = request.captures.find("session_id").has_value();
  const std::string id(request.capture(session ? "session_id" : "trace_id"));
  const auto answer = TRY(store.read(
      {.sql = fmt::format("{} AND {} GROUP BY who LIMIT 1", gathered,
                          session ? "session = {id:String} AND session != ''" : "trace = {id:UInt128}"),
       .parameters = {{"project", fmt::format("{}", project)}, {"id", session ? id : to_decimal(id_from_text(id))}}}));
  read.rows += answer.rows_read, read.elapsed += answer.elapsed;
  if (answer.rows.size() == 0) return fail(ErrorKind::not_found, "There is nothing of that id in this project.");
  Self out{path_of(answer.rows, 0), {}};
  for (const auto agent : answer.rows.texts(5, 0)) out.agents.emplace_back(agent);
  return out;
}

// The newest runs of the same agents; further back until there are enough.
Result<std::vector<Path>> candidates(warehouse::Warehouse& store, ProjectId project, const Self& self, Nanos now,
                                     Read& read) {
  std::vector<Path> out;
  for (const Nanos back : looks_back) {
    const auto answer = TRY(store.read(
        {.sql = fmt::format("WITH arrayMap(x -> unhex(x), {{agents:Array(String)}}) AS of {} AND minute >= "
                            "{{from:UInt32}} AND has(of, CAST(agent, 'String')) GROUP BY who ORDER BY max(minute) DESC "
                            "LIMIT {}",
                            gathered, most_candidates),
         .parameters = {{"project", fmt::format("{}", project)},
                        {"agents", list_of(self.agents)},
                        {"from", fmt::format("{}", (now - back) / minute)}}}));
    read.rows += answer.rows_read, read.elapsed += answer.elapsed;
    out.clear();
    for (std::size_t i = 0; i < answer.rows.size(); ++i) {
      if (auto path = path_of(answer.rows, i); path.key != self.path.key) out.push_back(std::move(path));
    }
    if (out.size() >= enough_candidates) break;
  }
  return out;
}

// The sessions of the list that these are, by their keys.
Result<std::unordered_map<std::string, std::string>> sessions_of(warehouse::Warehouse& store, ProjectId project,
                                                                 const std::vector<Like>& likes,
                                                                 const std::vector<Path>& all, Read& read) {
  std::unordered_map<std::string, std::string> out;
  for (const auto& like : likes) {
    const Path& path = all[like.of];
    const auto statement = path.session.empty() ? query::compile_trace(project, path.trace)
                                                : query::compile_session(project, path.session);
    auto answer = TRY(run(store, statement, read));
    if (answer.rows.size() == 0) continue;
    ListPage page;
    page.rows.emplace_back(std::make_shared<const native::Rows>(std::move(answer.rows)), 0);
    const auto grain = path.session.empty() ? query::Grain::trace : query::Grain::session;
    for (auto& row : TRY(list_rows(store, project, grain, page))) out[path.key] = std::move(row);
  }
  return out;
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).array();
  for (const auto& text : texts) json.value(text);
  json.end();
}

Result<net::Response> similar(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = projects::access_of(request).project;
  const auto limit = std::min<std::size_t>(TRY(limit_of(request, 10)), most_similar);
  Read read{.project = project};
  const auto self = TRY(self_of(store, request, project, read));
  const auto all = TRY(candidates(store, project, self, inside.clock.now(), read));
  const auto likes = most_like(self.path, all, limit);
  const auto shown = TRY(sessions_of(store, project, likes, all, read));
  JsonWriter json;
  json.object().key("similar").array();
  for (const auto& like : likes) {
    const auto found = shown.find(all[like.of].key);
    if (found == shown.end()) continue;
    json.object().key(all[like.of].session.empty() ? "trace" : "session").raw(found->second);
    json.field("similarity", std::round(like.similarity * 1000) / 1000);
    write_texts(json, "same_tools", like.same_tools);
    write_texts(json, "same_words", like.same_words);
    json.end();
  }
  json.end().field("looked_at", static_cast<std::uint64_t>(all.size()));
  write_stats(json, inside, read);
  return net::Response::json(json.end().take());
}

}  // namespace

void add_similar_routes(net::Router& router, Explore::Inside& inside) {
  add_run_routes(router, inside, "similar", similar,
                 {.summary = "Runs of the same agents in the last 30 days that went a like way: by tools and by words",
                  .query = {{"limit", "1 to 50, default 10"}},
                  .answers = "{similar:[Similar], looked_at, stats:Stats}"});
}

}  // namespace pawl::explore
