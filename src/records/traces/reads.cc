// Small looks into stored traces.
#include <fmt/format.h>

#include "store.h"

namespace pawl::traces {

Result<BodyPart> read_body(Warehouse& warehouse, ProjectId project, const PieceRef& piece, std::uint64_t from,
                           std::uint64_t bytes) {
  const auto answer = TRY(warehouse.read(
      {.sql = "SELECT substring(body, {from:UInt64} + 1, {bytes:UInt64}), length(body) FROM (SELECT if(empty(bytes), "
              "text, bytes) AS body FROM bodies WHERE project = {project:UInt32} AND scope = {scope:UInt128} AND hash "
              "= {hash:UInt128} LIMIT 1)",
       .parameters = {{"project", fmt::format("{}", project)},
                      {"scope", to_decimal(piece.scope)},
                      {"hash", to_decimal(piece.hash)},
                      {"from", fmt::format("{}", from)},
                      {"bytes", fmt::format("{}", bytes)}}}));
  if (answer.rows.size() == 0) return fail(ErrorKind::not_found, "These bytes are no longer kept.");
  return BodyPart{std::string(answer.rows.text(0, 0)), static_cast<std::uint64_t>(answer.rows.integer(1, 0))};
}

Result<std::vector<Id128>> traces_of_session(Warehouse& warehouse, ProjectId project, const std::string& session) {
  const auto answer =
      TRY(warehouse.read({.sql = "SELECT trace, min(start) AS first FROM spans WHERE project = {project:UInt32} AND "
                                 "session = {session:String} "
                                 "GROUP BY trace HAVING sum(sign) > 0 ORDER BY first LIMIT 10000",
                          .parameters = {{"project", fmt::format("{}", project)}, {"session", session}}}));
  std::vector<Id128> traces;
  for (std::size_t i = 0; i < answer.rows.size(); ++i) traces.push_back(answer.rows.id(0, i));
  return traces;
}

}  // namespace pawl::traces
