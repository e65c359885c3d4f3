// A small made-up world of spans for the tests: its live spans in memory, and its rows with corrections in an engine.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "store/warehouse/warehouse.h"
#include "tree.h"

namespace pawl::query::testing {

struct Span {
  Id128 trace, span, parent;
  Nanos start = 0, duration = 0;
  std::string kind = "llm", name, status = "ok", error_type, session, user, agent, model, tool, task, prompt, outcome;
  std::vector<std::string> tags;
  std::vector<std::pair<std::string, std::string>> attrs;
  bool is_error = false, noise = false, framework_tool = false, counted = true, cost_unknown = false;
  std::optional<std::int64_t> ttft, input, cache_read, cache_write, output, reasoning, cost, cost_reported;
  float weight = 1;
  std::string preview;
  std::int64_t minute = 0;  // clamped
  Nanos received = 0;

  std::int64_t position() const;
  std::optional<std::int64_t> tokens() const;  // of one that counts
  std::optional<std::int64_t> money() const;
  std::int64_t micro() const;                      // weight in millionths
  std::vector<std::string_view> findings() const;  // made up of its id and its time, so that a correction changes them
  std::string_view waste() const;
  bool done() const { return outcome == "done" || outcome == "Success"; }
  std::string session_key() const { return session.empty() ? "t" + to_hex(trace) : "s" + session; }
};

// A row: a span with its sign.
struct Row {
  Span span;
  int sign = 1;
};

inline constexpr Nanos world_start = 1'772'000'000 * second;  // 2026-02-25, not on a whole minute
inline constexpr Nanos world_length = 6 * hour;

// About 60 traces in about 20 sessions; times distinct.
std::vector<Span> make_spans(Random& random);
// The same spans as rows: some with versions that were corrected, some that are gone, in any order.
std::vector<Row> make_rows(const std::vector<Span>& spans, Random& random);

struct Body {
  Id128 trace, span, hash;
  int slot = 0;
  std::string text;
  Nanos at = world_start;
};

// The engine with the warehouse's own tables in it. One a process.
class Engine {
 public:
  static Engine& one();
  void insert(std::uint32_t project, const std::vector<Row>& rows, std::uint64_t batch = 0);
  warehouse::Warehouse& warehouse() { return warehouse_; }
  void insert_bodies(std::uint32_t project, const std::vector<Body>& bodies);
  // One content row: the span uses these bodies.
  void insert_content(std::uint32_t project, const Id128& trace, const Id128& span, const std::vector<Body>& bodies,
                      int sign);
  native::Rows run(const Statement& statement);

 private:
  Engine();
  warehouse::Warehouse& warehouse_;
};

// The facts of a span, for matches().
class Facts final : public SpanFacts {
 public:
  explicit Facts(const Span& span) : span_(span) {}
  std::vector<std::string_view> texts(std::string_view dimension) const override;
  std::optional<std::int64_t> number(std::string_view dimension) const override;
  std::string_view attribute(std::string_view key) const override;
  bool is_error() const override { return span_.is_error; }
  bool noise() const override { return span_.noise; }

 private:
  const Span& span_;
};

using Spans = std::vector<const Span*>;
// While one lives, everything counts as just received (the rows say 1970): a query's `now` is `at`.
struct JustReceived {
  static constexpr Nanos at = minute;
  static inline bool is = false;
  JustReceived() { is = true; }
  ~JustReceived() { is = false; }
};
bool still_runs(const Spans& spans);  // one of its traces has no root yet
// Totals of a trace or session, the long way.
std::string status_of(const Spans& spans);
Nanos extent_of(const Spans& spans);
std::optional<double> total_of(std::string_view dimension, const Spans& spans);
bool item_passes(const Node& node, const Spans& spans);

std::string random_filter(Random& random, int depth = 0);

}  // namespace pawl::query::testing
