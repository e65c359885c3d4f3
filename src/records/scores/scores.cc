// Putting scores: checked one by one, committed together.
#include "scores.h"

#include <cmath>

#include "base/rng.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::scores {
namespace {

constexpr std::string_view type_names[] = {"numeric", "boolean", "category", "text", "correction"};
constexpr std::size_t most_name = 200, most_text = 1U << 20, most_id = 500;

// A key in hex, "" where there is no id.
std::string key_of(std::string_view id) {
  return id.empty() ? std::string() : to_hex(id_from_text(id));
}

ledger::Value maybe(const std::optional<double>& value) {
  if (value) return *value;
  return nullptr;
}

// What the definition knows of a value whose type was guessed.
void take_type(Score& score, const Definition& definition) {
  if (score.typed || score.type == definition.type) return;
  score.type = definition.type;
  if (definition.type != Type::category || !score.text.empty()) return;
  for (const auto& [category, number] : definition.categories)
    if (score.value == number) score.text = category;
}

std::string check_range(const Score& score, const Definition& definition) {
  if (definition.type != score.type) {
    return fmt::format("Score {} is {} here; this one is {}.", score.name, name_of(definition.type),
                       name_of(score.type));
  }
  const double value = score.value.value_or(0);
  if (definition.least && value < *definition.least)
    return fmt::format("Score {} is at least {}; this one is {}.", score.name, *definition.least, value);
  if (definition.most && value > *definition.most)
    return fmt::format("Score {} is at most {}; this one is {}.", score.name, *definition.most, value);
  if (definition.categories.empty() || score.type != Type::category) return {};
  for (const auto& [category, number] : definition.categories)
    if (category == score.text) return {};
  return fmt::format("Score {} has no category '{}'.", score.name, score.text);
}

// Why it cannot be kept, "" where it can.
std::string problem_of(Score& score, const std::vector<Definition>& definitions) {
  if (score.name.empty()) return "A score needs a name.";
  if (score.name.size() > most_name) return fmt::format("A score's name has at most {} bytes.", most_name);
  if (score.id.size() > most_id) return fmt::format("A score's id has at most {} bytes.", most_id);
  const std::size_t length = score.text.size() + score.comment.size() + score.metadata.size() + score.correction.size();
  if (length > most_text) return fmt::format("Score {}: its texts have more than {} bytes.", score.name, most_text);
  if (score.trace_id.empty() && score.span_id.empty() && score.session_id.empty() && score.experiment.empty())
    return fmt::format("Score {} is about nothing: give a trace, a session or an experiment.", score.name);
  const bool wants_number = score.type == Type::numeric || score.type == Type::boolean;
  if (wants_number && !score.value && score.correction.empty())
    return fmt::format("Score {} is {} and needs a number.", score.name, name_of(score.type));
  if (score.value && !std::isfinite(*score.value)) return fmt::format("Score {} is no finite number.", score.name);
  if (score.type == Type::boolean && score.value != 0 && score.value != 1)
    return fmt::format("Score {} is boolean: 0 or 1.", score.name);
  for (const auto& definition : definitions) {
    const bool meant = score.config.empty() ? definition.name == score.name : definition.id == score.config;
    if (!meant || definition.archived) continue;
    if (definition.name != score.name)
      return fmt::format("Definition {} is for score {}, not {}.", score.config, definition.name, score.name);
    take_type(score, definition);
    return check_range(score, definition);
  }
  return {};
}

bool same(const Score& a, const Score& b) {
  return a.name == b.name && a.type == b.type && a.value == b.value && a.text == b.text && a.comment == b.comment &&
         a.metadata == b.metadata && a.correction == b.correction && a.trace_id == b.trace_id && a.span_id == b.span_id;
}

// Of one author about one thing the latest word stands.
Result<> settle_words(ledger::Transaction& t, ProjectId project, const Score& score) {
  const std::vector<ledger::Value> about = {
      std::int64_t{project}, key_of(score.trace_id), score.name, key_of(score.span_id),
      score.session_id,      score.experiment,       score.item, score.author};
  TRY(t.run(
      "UPDATE scores SET stands = seq = (SELECT s.seq FROM scores s WHERE s.project = ?1 AND s.trace = ?2 AND "
      "s.name = ?3 AND s.span = ?4 AND s.session = ?5 AND s.experiment = ?6 AND s.item = ?7 AND s.author = ?8 "
      "ORDER BY +s.at DESC, s.changed DESC, s.seq DESC LIMIT 1) "  // +: found by trace, not by age over all of a name
      "WHERE project = ?1 AND trace = ?2 AND name = ?3 AND span = ?4 AND session = ?5 AND experiment = ?6 AND "
      "item = ?7 AND author = ?8",
      about));
  return {};
}

}  // namespace

std::string_view name_of(Type type) {
  return type_names[static_cast<std::size_t>(type)];
}

std::optional<Type> type_from(std::string_view name) {
  for (std::size_t i = 0; i < std::size(type_names); ++i)
    if (equals_ignoring_case(type_names[i], name)) return static_cast<Type>(i);
  if (equals_ignoring_case(name, "categorical")) return Type::category;
  return std::nullopt;
}

struct Scores::Waiting {
  ProjectId project = 0;
  std::vector<Score> scores;
  std::uint64_t refused = 0;
  std::vector<Outcome> outcomes;
  Result<> result;
  bool done = false;
};

Result<Outcome> Scores::put_one(ledger::Transaction& t, ProjectId project, Score& score, Books& books,
                                const std::vector<Definition>& definitions) {
  ++books.received;
  if (auto problem = problem_of(score, definitions); !problem.empty()) {
    ++books.refused;
    return Outcome{score.id, std::move(problem)};
  }
  if (score.id.empty()) score.id = random_uuid();
  const Nanos now = clock_.now();
  score.changed = now;
  if (score.at == 0) score.at = now;
  const auto there = TRY(t.run(select_scores("project = ? AND id = ?"), {std::int64_t{project}, score.id}));
  if (there.size() > 0) {
    const Score old = score_of(there, 0);
    if (same(old, score)) {
      ++books.duplicate;
      return Outcome{score.id, {}};
    }
    ++books.merged;
    TRY(
        t.run("INSERT INTO score_history (project, id, value, text, comment, author, at, replaced) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
              {std::int64_t{project}, old.id, maybe(old.value), old.text, old.comment, old.author, old.at, now}));
    // What a score is about, and when it was first said, is never overwritten.
    if (!old.trace_id.empty()) score.trace_id = old.trace_id;
    score.at = old.at;
    if (score.span_id.empty()) score.span_id = old.span_id;
    if (score.session_id.empty()) score.session_id = old.session_id;
    if (score.experiment.empty()) score.experiment = old.experiment;
    TRY(t.run("DELETE FROM scores WHERE project = ? AND id = ?", {std::int64_t{project}, score.id}));
  }
  TRY(
      t.run("INSERT INTO scores (project, id, name, type, value, text, trace, span, trace_id, span_id, session, "
            "experiment, item, author, source, evaluator, comment, correction, metadata, config, environment, "
            "probability, at, changed, stands) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1)",
            {std::int64_t{project},
             score.id,
             score.name,
             std::string(name_of(score.type)),
             maybe(score.value),
             score.text,
             key_of(score.trace_id),
             key_of(score.span_id),
             score.trace_id,
             score.span_id,
             score.session_id,
             score.experiment,
             score.item,
             score.author,
             score.source,
             score.evaluator,
             score.comment,
             score.correction,
             score.metadata,
             score.config,
             score.environment,
             maybe(score.probability),
             score.at,
             score.changed}));
  TRY(settle_words(t, project, score));
  return Outcome{score.id, {}};
}

Result<> Scores::commit(const std::vector<Waiting*>& all) {
  std::unordered_map<ProjectId, std::vector<Definition>> known;
  for (const auto* one : all)
    if (!known.contains(one->project)) known[one->project] = TRY(definitions(one->project));
  return ledger_.change([&](ledger::Transaction& t) -> Result<> {
    std::unordered_map<ProjectId, Books> counts;
    for (auto* one : all) {
      one->outcomes.clear();
      counts[one->project].received += one->refused, counts[one->project].refused += one->refused;
      for (auto& score : one->scores)
        one->outcomes.push_back(TRY(put_one(t, one->project, score, counts[one->project], known[one->project])));
    }
    for (const auto& [project, books] : counts) {
      TRY(t.run(
          "INSERT INTO score_books VALUES (?, ?, ?, ?, ?) ON CONFLICT (project) DO UPDATE SET "
          "received = received + excluded.received, refused = refused + excluded.refused, "
          "duplicate = duplicate + excluded.duplicate, merged = merged + excluded.merged",
          {std::int64_t{project}, static_cast<std::int64_t>(books.received), static_cast<std::int64_t>(books.refused),
           static_cast<std::int64_t>(books.duplicate), static_cast<std::int64_t>(books.merged)}));
    }
    return {};
  });
}

Result<> Scores::mask(ProjectId project, std::vector<Score>& scores) const {
  if (!mask_) return {};
  for (Score& score : scores) {
    for (std::string* text : {&score.text, &score.comment})
      if (!text->empty()) TRY(mask_(project, false, *text));
    for (std::string* json : {&score.correction, &score.metadata})
      if (!json->empty()) TRY(mask_(project, true, *json));
  }
  return {};
}

Result<std::vector<Outcome>> Scores::put(ProjectId project, std::vector<Score> scores, std::uint64_t refused) {
  TRY(mask(project, scores));
  Waiting mine{
      .project = project, .scores = std::move(scores), .refused = refused, .outcomes = {}, .result = {}, .done = false};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&mine);
  while (!mine.done) {
    if (committing_) {
      done_.wait(lock);
      continue;
    }
    const auto batch = std::exchange(waiting_, {});  // the first that comes commits for all that wait
    committing_ = true;
    lock.unlock();
    const auto result = commit(batch);
    lock.lock();
    committing_ = false;
    for (auto* one : batch) one->result = result, one->done = true;
    done_.notify_all();
  }
  if (!mine.result) return std::unexpected(mine.result.error());
  return std::move(mine.outcomes);
}

Result<> Scores::remove(ProjectId project, std::string_view id) {
  return ledger_.change([&](ledger::Transaction& t) -> Result<> {
    const auto rows = TRY(t.run(select_scores("project = ? AND id = ?"), {std::int64_t{project}, std::string(id)}));
    if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no score {} in this project.", id);
    TRY(t.run("DELETE FROM scores WHERE project = ? AND id = ?", {std::int64_t{project}, std::string(id)}));
    TRY(t.run("DELETE FROM score_history WHERE project = ? AND id = ?", {std::int64_t{project}, std::string(id)}));
    return settle_words(t, project, score_of(rows, 0));
  });
}

Result<> Scores::remove_of_trace(ProjectId project, std::string_view trace_id) {
  return ledger_.change([&](ledger::Transaction& t) -> Result<> {
    const std::vector<ledger::Value> which = {std::int64_t{project}, key_of(trace_id)};
    TRY(
        t.run("DELETE FROM score_history WHERE project = ?1 AND id IN (SELECT id FROM scores WHERE project = ?1 AND "
              "trace = ?2)",
              which));
    TRY(t.run("DELETE FROM scores WHERE project = ?1 AND trace = ?2", which));
    return {};
  });
}

Result<Definition> Scores::define(ProjectId project, Definition definition) {
  if (definition.name.empty()) return fail(ErrorKind::invalid, "A score's definition needs a name.");
  if (definition.id.empty()) definition.id = random_uuid();
  definition.created = definition.changed = clock_.now();
  std::string categories;
  for (const auto& [name, number] : definition.categories) categories += fmt::format("{}\t{}\n", name, number);
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    const auto there = TRY(t.run("SELECT id, type, created FROM score_definitions WHERE project = ? AND name = ?",
                                 {std::int64_t{project}, definition.name}));
    if (there.size() > 0) {
      if (there.text(0, 1) != name_of(definition.type))
        return fail(ErrorKind::conflict, "Score {} is defined as {}.", definition.name, there.text(0, 1));
      definition.id = there.text(0, 0), definition.created = there.integer(0, 2);
    }
    TRY(t.run("INSERT OR REPLACE INTO score_definitions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
              {std::int64_t{project}, definition.id, definition.name, std::string(name_of(definition.type)),
               definition.description, maybe(definition.least), maybe(definition.most), categories,
               std::int64_t{definition.archived ? 1 : 0}, definition.created, definition.changed}));
    return {};
  }));
  return definition;
}

}  // namespace pawl::scores
