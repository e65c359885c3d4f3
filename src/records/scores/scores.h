// Scores: judgements of a session, trace, span or experiment item by a person, a rule, a model, an SDK or an end user.
// Kept in the ledger: the same id replaces, a later word of the same author about the same thing holds, and every
// earlier word stays (data.md "The books": a score has one fate, counted in the change that stores it).
#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/time.h"
#include "store/ledger/ledger.h"
#include "store/warehouse/warehouse.h"

namespace pawl::scores {

using ProjectId = std::uint32_t;

enum class Type : std::uint8_t { numeric, boolean, category, text, correction };
std::string_view name_of(Type type);  // "numeric" "boolean" "category" "text" "correction"
std::optional<Type> type_from(std::string_view name);

struct Score {
  std::string id;  // the client's own; "": made here
  std::string name;
  Type type = Type::numeric;
  bool typed = true;            // false: `type` is a guess, the definition of this name knows better
  std::optional<double> value;  // numeric; boolean as 0 or 1; a category's number where it has one
  std::string text;             // category, text, correction
  // What it is about, in the client's own text; at least one of trace, session, experiment, or a span alone.
  std::string trace_id, span_id, session_id, experiment, item;
  std::string author;                         // whose word: "key pk_…", "user 3", an end user's id
  std::string source;                         // "api" "annotation" "eval" "feedback"
  std::string evaluator;                      // name and version of what judged, "" for people
  std::string comment, correction, metadata;  // correction and metadata: JSON, or ""
  std::string config;                         // id of the definition that the client names
  std::string environment;
  std::optional<double> probability;  // of having been selected
  Nanos at = 0;                       // when it was said; 0: now
  Nanos changed = 0;                  // when its last word came
  bool stands = true;                 // no later word of the same author about the same thing
};

struct Definition {  // what a score of a name may be
  std::string id, name, description;
  Type type = Type::numeric;
  std::optional<double> least, most;
  std::vector<std::pair<std::string, double>> categories;
  bool archived = false;
  Nanos created = 0, changed = 0;
};

struct Outcome {  // of one score that was put
  std::string id;
  std::string refused;  // why, or ""
};

// In records as received; `stored` is what is left.
struct Books {
  std::uint64_t received = 0, refused = 0, duplicate = 0, merged = 0;
};

struct Earlier {  // a word that was replaced
  std::optional<double> value;
  std::string text, comment, author;
  Nanos at = 0, replaced = 0;
};

struct Wanted {  // all that is given must hold
  std::vector<std::string> ids;
  std::string trace_id, span_id, session_id, experiment, name, source, config, environment;
  std::vector<std::string> span_ids;  // any of them
  std::optional<Type> type;
  Nanos from = 0, to = 0;  // of `at`, half open; 0: no bound
  std::string compare;     // "<" ">" "<=" ">=" "=" "!=" with `value`
  double value = 0;
  bool any_word = true;  // false: only those that stand
  std::uint64_t offset = 0, limit = 50;
};
struct Found {
  std::vector<Score> scores;  // newest first
  std::uint64_t total = 0;
};

std::span<const ledger::Migration> migrations();

// A score as Langfuse's clients write it ({traceId, name, value, dataType, …}), and a feedback as LangSmith's do
// ({run_id, key, score, value, …}; the whole of it is kept in `metadata`). `json` is one whole object. Whoever calls
// sets `author` where it is empty.
Result<Score> from_langfuse(std::string_view json);
Result<Score> from_langsmith(std::string_view json);
// Ours: {name, value, kind?, trace_id?, span_id?, session_id?, experiment?, item?, id?, author?, source?, evaluator?,
// comment?, correction?, metadata?, probability?, at?}; what write_score writes reads back.
Result<Score> from_pawl(std::string_view json);

// As the API shows it (api.md `Score`).
void write_score(JsonWriter& json, const Score& score);
void write_value(JsonWriter& json, const Score& score);  // number, true or false, or text

// The warehouse's copy of scores, for filters and measures: what the ledger has written down as news is inserted there
// and then forgotten, so that a crash repeats and never loses. One thread at a time.
// `settle_copy`, once the warehouse is open: a copy that cannot be continued (a back-up was restored) is made anew.
Result<> settle_copy(ledger::Ledger& ledger, warehouse::Warehouse& warehouse);
// Some news, at most 5,000; how many there were.
Result<std::size_t> feed_copy(ledger::Ledger& ledger, warehouse::Warehouse& warehouse);

// Thread-safe; every call blocks on the ledger.
class Scores {
 public:
  Scores(ledger::Ledger& ledger, const Clock& clock) : ledger_(ledger), clock_(clock) {}

  // Hides what the project wants hidden in each text of a score (`is_json`: in a JSON document) before it is kept. Set
  // before the first put().
  using Mask = std::function<Result<>(ProjectId, bool is_json, std::string& text)>;
  void mask_by(Mask mask) { mask_ = std::move(mask); }
  // Durable on return. One bad score is refused alone, with the reason. Calls at the same time share one commit.
  // `refused`: how many more came that could not even be read; they are counted.
  Result<std::vector<Outcome>> put(ProjectId project, std::vector<Score> scores, std::uint64_t refused = 0);
  Result<Found> find(ProjectId project, const Wanted& wanted) const;
  Result<Score> get(ProjectId project, std::string_view id) const;  // not_found
  Result<> remove(ProjectId project, std::string_view id);          // not_found
  Result<> remove_of_trace(ProjectId project, std::string_view trace_id);
  Result<std::vector<Earlier>> history(ProjectId project, std::string_view id) const;
  // Those that stand of a trace, and of its spans where the client named no trace; or of a session.
  Result<std::vector<Score>> of_trace(ProjectId project, const Id128& trace, const std::vector<Id128>& spans) const;
  Result<std::vector<Score>> of_session(ProjectId project, const std::string& session, const std::vector<Id128>& traces,
                                        const std::vector<Id128>& spans) const;

  Result<Definition> define(ProjectId project, Definition definition);  // conflict: the name has another type
  Result<std::vector<Definition>> definitions(ProjectId project) const;
  Result<Books> books(ProjectId project) const;

 private:
  struct Waiting;
  Result<> mask(ProjectId project, std::vector<Score>& scores) const;
  Result<> commit(const std::vector<Waiting*>& all);
  Result<Outcome> put_one(ledger::Transaction& t, ProjectId project, Score& score, Books& books,
                          const std::vector<Definition>& definitions);

  ledger::Ledger& ledger_;
  const Clock& clock_;
  Mask mask_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::vector<Waiting*> waiting_;  // for the next commit
  bool committing_ = false;
};

}  // namespace pawl::scores
