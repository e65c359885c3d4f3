// From the ledger to the warehouse's copy of scores.
#include <unordered_map>

#include "inside.h"

namespace pawl::scores {
namespace {

constexpr std::int64_t most_news = 5000;

struct News {
  std::int64_t seq = 0;
  ProjectId project = 0;
  std::string id, name;
  std::optional<Score> score;  // empty: it is removed, has another name now, or no longer stands
};

native::Block block_of(const std::vector<News>& news) {
  native::Block block;
  auto& project = block.add("project", "UInt32");
  auto& name = block.add("name", "String");
  auto& id = block.add("id", "String");
  auto& version = block.add("version", "UInt64");
  auto& gone = block.add("gone", "UInt8");
  auto& trace = block.add("trace", "UInt128");
  auto& span = block.add("span", "UInt128");
  native::Column* texts[] = {&block.add("session", "String"), &block.add("experiment", "String"),
                             &block.add("item", "String"),    &block.add("type", "String"),
                             &block.add("text", "String"),    &block.add("author", "String"),
                             &block.add("source", "String"),  &block.add("evaluator", "String")};
  auto& value = block.add("value", "Float64");
  auto& has_value = block.add("has_value", "UInt8");
  auto& probability = block.add("probability", "Float64");
  auto& at = block.add("at", "DateTime64(9, 'UTC')");
  for (const auto& one : news) {
    const Score score = one.score.value_or(Score{});
    project.fixed(one.project);
    name.text(one.name), id.text(one.id);
    version.fixed(static_cast<std::uint64_t>(one.seq));
    gone.fixed(static_cast<std::uint8_t>(one.score ? 0 : 1));
    trace.id(score.trace_id.empty() ? Id128{} : id_from_text(score.trace_id));
    span.id(score.span_id.empty() ? Id128{} : id_from_text(score.span_id));
    const std::string type(name_of(score.type));
    const std::string* said[] = {&score.session_id, &score.experiment, &score.item,   &type,
                                 &score.text,       &score.author,     &score.source, &score.evaluator};
    for (std::size_t i = 0; i < std::size(texts); ++i) texts[i]->text(*said[i]);
    value.fixed(score.value.value_or(0));
    has_value.fixed(static_cast<std::uint8_t>(score.value ? 1 : 0));
    probability.fixed(score.probability.value_or(0));
    at.fixed(score.at);
  }
  return block;
}

}  // namespace

Result<> settle_copy(ledger::Ledger& ledger, warehouse::Warehouse& warehouse) {
  const auto answer = TRY(warehouse.read({.sql = "SELECT max(version) FROM scores", .parameters = {}}));
  const std::int64_t copied = answer.rows.size() == 1 ? answer.rows.integer(0, 0) : 0;
  const auto rows =
      TRY(ledger.read("SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'score_news'), (SELECT min(seq) FROM "
                      "score_news)"));
  const std::int64_t given = rows.integer(0, 0), first = rows.is_null(0, 1) ? given + 1 : rows.integer(0, 1);
  if (copied >= first - 1 && copied <= given) return {};
  TRY(warehouse.run("TRUNCATE TABLE scores"));
  return ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM score_news"));
    TRY(t.run("INSERT INTO score_news (project, id, name) SELECT project, id, name FROM scores ORDER BY seq"));
    return {};
  });
}

Result<std::size_t> feed_copy(ledger::Ledger& ledger, warehouse::Warehouse& warehouse) {
  const auto rows = TRY(ledger.read("SELECT seq, project, id, name FROM score_news ORDER BY seq LIMIT ?", {most_news}));
  if (rows.size() == 0) return std::size_t{0};
  std::vector<News> news;
  std::unordered_map<std::string, std::size_t> places;  // of one score the last news is enough
  for (std::size_t i = 0; i < rows.size(); ++i) {
    News one{.seq = rows.integer(i, 0),
             .project = static_cast<ProjectId>(rows.integer(i, 1)),
             .id = rows.text(i, 2),
             .name = rows.text(i, 3),
             .score = {}};
    const auto [place, fresh] = places.emplace(fmt::format("{}\n{}\n{}", one.project, one.id, one.name), news.size());
    if (!fresh) {
      news[place->second].seq = one.seq;
      continue;
    }
    const auto found = TRY(ledger.read(select_scores("project = ? AND id = ? AND name = ? AND stands = 1"),
                                       {std::int64_t{one.project}, one.id, one.name}));
    if (found.size() > 0) one.score = score_of(found, 0);
    news.push_back(std::move(one));
  }
  TRY(warehouse.insert("scores", block_of(news)));
  const std::int64_t last = rows.integer(rows.size() - 1, 0);
  TRY(ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("DELETE FROM score_news WHERE seq <= ?", {last}));
    return {};
  }));
  return rows.size();
}

}  // namespace pawl::scores
