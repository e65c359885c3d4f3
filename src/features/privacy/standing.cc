// Which traces are there, and which words stand in them: for what goes with the last trace that holds it.
#include <algorithm>

#include "base/text.h"
#include "inside.h"

namespace pawl::privacy {
namespace {

constexpr std::size_t most_words = 200;  // of one look; multiSearchAny takes 255

std::string list_of(const std::vector<Id128>& traces) {
  std::vector<std::string> texts;
  for (const auto& trace : traces) texts.push_back(to_decimal(trace));
  return "[" + join(texts, ",") + "]";
}

// Of a span all fields that hold what somebody sent. Of traces that were taken back nothing counts, nor does a body
// that none but those refer to. A trace that only log records tell of is there.
std::string elsewhere_sql() {
  constexpr std::string_view stays =
      "project = {project:UInt32} AND trace NOT IN {except:Array(UInt128)} AND trace NOT IN (SELECT trace FROM spans "
      "WHERE project = {project:UInt32} AND trace IN (SELECT trace FROM spans WHERE project = {project:UInt32} AND "
      "sign < 0) GROUP BY trace HAVING sum(sign) <= 0)";
  constexpr std::string_view held =
      "arrayJoin(arrayFilter(w -> position(body_, w) > 0, {words:Array(String)})) AS word FROM (SELECT ";
  constexpr std::string_view which = ") WHERE multiSearchAny(body_, {words:Array(String)})";
  std::string sql =
      "SELECT DISTINCT word FROM (SELECT word FROM (SELECT arrayJoin(hashes) AS hash FROM span_content WHERE ";
  sql += stays;
  sql += ") AS used INNER JOIN (SELECT hash, ";
  sql += held;
  sql += "hash, if(empty(bytes), text, bytes) AS body_ FROM bodies WHERE project = {project:UInt32}";
  sql += which;
  sql += ") AS found USING (hash) UNION ALL SELECT ";
  sql += held;
  sql +=
      "concat(arrayStringConcat(mapValues(attrs), ' '), ' ', arrayStringConcat(tags, ' '), ' ', name, ' ', error_type, "
      "' ', error_message, ' ', session, ' ', user, ' ', agent, ' ', task, ' ', customer, ' ', preview, ' ', events, "
      "' ', links, ' ', tool) AS body_ FROM spans WHERE sign > 0 AND ";
  sql += stays;
  sql += which;
  sql += " UNION ALL SELECT ";
  sql += held;
  sql += "concat(body, ' ', arrayStringConcat(mapValues(attrs), ' ')) AS body_ FROM logs WHERE ";
  sql += stays;
  sql += which;
  return sql + ")";
}

}  // namespace

Result<std::vector<Id128>> traces_standing(warehouse::Warehouse& warehouse, ProjectId project,
                                           const std::vector<Id128>& traces) {
  const auto answer = TRY(warehouse.read(
      {.sql = "SELECT trace FROM spans WHERE project = {project:UInt32} AND trace IN {traces:Array(UInt128)} GROUP BY "
              "trace HAVING sum(sign) > 0",
       .parameters = {{"project", fmt::format("{}", project)}, {"traces", list_of(traces)}}}));
  std::vector<Id128> out;
  for (std::size_t i = 0; i < answer.rows.size(); ++i) out.push_back(answer.rows.id(0, i));
  return out;
}

Result<std::set<std::string>> words_elsewhere(warehouse::Warehouse& warehouse, ProjectId project,
                                              const std::vector<Id128>& except, const std::vector<std::string>& words) {
  std::set<std::string> out;
  for (std::size_t from = 0; from < words.size(); from += most_words) {
    std::string list = "[";
    for (std::size_t i = from; i < std::min(words.size(), from + most_words); ++i)
      list += fmt::format("{}'{}'", i > from ? "," : "", words[i]);
    const auto answer = TRY(warehouse.read(
        {.sql = elsewhere_sql(),
         .parameters = {{"project", fmt::format("{}", project)}, {"except", list_of(except)}, {"words", list + "]"}},
         .deadline = 10 * minute}));
    for (std::size_t i = 0; i < answer.rows.size(); ++i) out.emplace(answer.rows.text(0, i));
  }
  return out;
}

}  // namespace pawl::privacy
