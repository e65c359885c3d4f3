// Measure, dimension, filter → one SQL statement with bound parameters. Pure: nothing here runs it.
//
// A span is stored as rows with `sign` (records/traces/schema.h): every measure is a sum over rows times sign, and an
// identity whose signs sum to 0 is not there. Every statement names its project in the innermost scan of every table;
// no text of a user is ever in the SQL. Definitions of measures and dimensions: docs/reference/{measures,filters}.md.
#pragma once
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/native.h"

namespace pawl {
class JsonWriter;
namespace warehouse {
struct Query;
}
}  // namespace pawl

namespace pawl::query {

// ---- what is asked of: spans, traces, sessions -----------------------------------------------------------------
enum class Grain : std::uint8_t { span, trace, session };
std::string_view name_of(Grain grain);
std::optional<Grain> grain_from(std::string_view name);  // "span" "trace" "session"

struct Range {  // half open, by the start of spans; nanoseconds since 1970 UTC
  Nanos from = 0, to = 0;
};

// ---- the filter language (docs/reference/filters.md) -------------------------------------------------------------
// Limits: 8 KB of text, 200 terms, nesting 32.
struct FilterError {
  std::size_t position = 0, length = 0;  // bytes of the text as given
  std::string message;                   // "No dimension is called durration. Did you mean duration?"
  std::vector<std::string> expected;     // what may stand there
  std::string nearest;                   // the known word nearest to what stands there, or ""
};

// A text as a value or a phrase of the filter language.
std::string quoted(std::string_view text);

struct Term {        // one leaf of the filter, in the order of the text (the page's pills)
  std::string text;  // as written, with its "-"
  std::size_t start = 0, end = 0;
  std::string kind;       // "dimension" "is" "has" "word" "phrase"
  std::string dimension;  // "model", "attr.tenant"; is: the flag; has: the dimension; "" for words
  std::string op;         // "=" "!=" "~" ">" ">=" "<" "<="; "" for words
  std::vector<std::string> values;
  bool negated = false;  // by its own "-" or one around it
};

struct Node;  // the tree, internal
struct Leaf;

class Filter {
 public:
  Filter() = default;  // lets everything pass
  static std::expected<Filter, FilterError> parse(std::string_view text);
  bool empty() const { return root_ == nullptr; }
  std::string text() const;  // normal form: parses to the same tree
  const std::vector<Term>& terms() const { return terms_; }
  bool searches_bodies() const;  // has a word, a phrase or prompt~: cannot be answered from a span alone
  const Node* root() const { return root_.get(); }
  bool operator==(const Filter& other) const { return text() == other.text(); }

 private:
  std::shared_ptr<const Node> root_;
  std::vector<Term> terms_;
};

// The filter with this value of a dimension in place of what its terms (of all that must hold) say of it.
std::string with_value(const Filter& filter, std::string_view dimension, std::string_view value);

// What the live view knows of one span; "" and nullopt = not there. Times and durations in ns, money in pico-dollars.
class SpanFacts {
 public:
  virtual ~SpanFacts() = default;
  // Of a text or enumeration dimension, by its name in the catalogue ("tag" has many, others one or none; an id as the
  // client wrote it). Also "is:FLAG" for flags other than error, noise, blocked, running, unfinished, and "has:parent",
  // "has:links", "has:events": any text = yes.
  virtual std::vector<std::string_view> texts(std::string_view dimension) const = 0;
  virtual std::optional<std::int64_t> number(std::string_view dimension) const = 0;
  virtual std::string_view attribute(std::string_view key) const = 0;
  virtual bool is_error() const = 0;  // the deepest span that failed
  virtual bool noise() const = 0;
};
// Whether a span passes, by the same rules as the compiled filter at span grain. Words and prompt~ never hold.
bool matches(const Filter& filter, const SpanFacts& span);

// ---- the catalogue -----------------------------------------------------------------------------------------------
enum class Type : std::uint8_t { text, number, duration, money, time, enumeration };
std::string_view name_of(Type type);
struct DimensionInfo {
  std::string_view name;        // "agent"; "attr.NAME" stands for every attribute
  std::string_view definition;  // shown to users
  Type type;
  std::vector<std::string_view> operators;
  std::vector<std::string_view> values;  // of an enumeration
  bool groups = false;                   // may stand in `dimensions` of a measure query
  bool completes = false;                // compile_values knows it
};
struct MeasureInfo {
  std::string_view name;  // "latency.p95"
  std::string_view unit;  // "spans" "traces" "sessions" "calls" "errors" "ratio" "ms" "tokens" "USD" …
  std::string_view definition;
  Type type;
  std::vector<std::string_view> splits;  // what it may be split by: names of dimensions
  // The sum over two times or two groups that share nothing is that of both together: counts, tokens, cost. Ratios,
  // quantiles and distinct counts do not add up.
  bool adds_up = false;
  std::vector<std::string_view> rollups;  // which of rollups() serve it; none: it is read from rows
};
const std::vector<DimensionInfo>& dimensions();
const std::vector<MeasureInfo>& measures();
std::vector<std::string_view> flags();  // X of is:X
struct FactInfo {                       // a term without a value: "is:error", "has:parent"
  std::string_view name, definition;
};
std::vector<FactInfo> flag_infos();  // names are X of is:X

// A metric that was sent (OTLP): asked for as the measure `metric.NAME`, of metric points alone; points are never added
// to what spans say.
//   counter    metric.NAME = .sum: by how much it grew
//   histogram  metric.NAME = .mean of what was recorded; .sum, .count
//   gauge      metric.NAME = .mean of its points; .min, .max (also sums that go up and down)
struct MetricInfo {
  enum class Kind : std::uint8_t { counter, histogram, gauge };
  std::string name, unit;  // as sent, without "metric."
  Kind kind = Kind::gauge;
};
// "metric.NAME" and its other figures, for people.
struct MetricFigure {
  std::string name, unit, definition;
};
std::vector<MetricFigure> figures_of(const MetricInfo& metric);
// A score's name as measures: score.NAME is the mean of its values; .pass_rate, .count, .sum, .min, .max: over the same
// filter, time and splits as spans, and beside measures of these. score.pass_rate and score.count are of all
// scores with a value from 0 to 1, whatever they are called: those of .5 and more pass.
std::vector<MetricFigure> figures_of_score(std::string_view name);
// Names of the dimensions that points have; attr.NAME too.
std::vector<std::string_view> point_dimensions();

// ---- compiled statements -----------------------------------------------------------------------------------------
// Bound as {name:type}. Types: String, UInt32, UInt128, Int64, Float64. Values are plain bytes: whoever binds a String
// for libchdb escapes backslash, tab and newline.
struct Parameter {
  std::string name;  // "project", "p1", …
  std::string_view type;
  std::string value;
};

// What a column of the answer holds, and its exact ClickHouse type:
//   text     String
//   number   Nullable(Float64)
//   duration Nullable(Float64), milliseconds
//   money    Nullable(Int128), pico-dollars
//   time     Int64, nanoseconds since 1970 UTC (start of the step, in the caller's time zone)
struct Column {
  std::string name;
  Type type = Type::text;
  std::string_view unit;  // "" for dimensions
};

struct Statement {
  std::string sql;
  std::vector<Parameter> parameters;
  std::vector<Column> columns;  // of a measure query and of values; empty where an enum below names the columns
};
// Of an answer: a cell as a number, money in dollars (nullopt: nothing is known) or as JSON, money as a decimal text,
// times as RFC 3339; "columns": [{name, type, unit}] and NAME: [[…]] of an object that is open.
std::optional<double> number_at(const native::Rows& rows, std::size_t column, std::size_t row, Type type);
void write_cell(JsonWriter& json, const native::Rows& rows, std::size_t column, std::size_t row, Type type);
void write_columns(JsonWriter& json, const std::vector<Column>& columns);
void write_rows(JsonWriter& json, std::string_view name, const Statement& statement, const native::Rows& rows);
// What the warehouse is asked: `deadline` and `cancelled` are the caller's.
warehouse::Query question(const Statement& statement);

// ---- (a) measures --------------------------------------------------------------------------------------------------
struct MeasureQuery {
  std::vector<std::string> measures;    // 1 to 20
  std::vector<std::string> dimensions;  // at most 5; "attr.x" too
  Filter filter;
  Range range;
  std::string step;  // "" or "1m" "5m" "6h" "1d" "1w" "1mo": then the first column is `time`
  // Instead of `step`: steps of this width counted from `phase` since 1970, for who has a grid of their own; of spans
  // only.
  Nanos grid = 0, phase = 0;
  bool wide = false;  // `dimensions` may be 12 and `limit` a million: for data sources, which cut for themselves
  std::string timezone = "UTC";     // IANA name
  std::string order;                // a column, "-column"; default: time, else the first measure descending
  std::uint32_t limit = 1000;       // at most 10,000
  Grain grain = Grain::span;        // what the filter selects, and what latency, error_rate … are of
  std::vector<MetricInfo> metrics;  // what is known, where a measure is metric.NAME; outlives the statement
  Nanos now = 0;                    // for what still runs; 0: nothing does
  // Of each of rollups(), the batches that it holds while the statement runs: all up to this one; 0 or left out: none.
  std::vector<std::uint64_t> rolled_up = {};
};
// Columns: [time,] dimensions, measures, in the order asked for. Rows only where there are spans (no filled gaps);
// without dimensions and step exactly one row.
Result<Statement> compile(std::uint32_t project, const MeasureQuery& query);
// Several of them in fewer statements, for planning one is most of what a small query costs: those of the same filter
// that read the same tables share one. Of those that stand in no Shared each is compiled alone.
struct Shared {
  struct Answer {           // of one query, among the statement's rows
    std::size_t query = 0;  // of those given
    std::vector<Column> columns;
    std::vector<std::size_t> from;  // which column of the statement each is
    std::size_t keys = 0, set = 0;  // its first ones, [time,] dimensions; rows with this in the statement's first one
    std::optional<std::pair<std::size_t, std::size_t>> part;  // and this in that one
  };
  Statement statement;
  std::vector<Answer> answers;
};
Result<std::vector<Shared>> share(std::uint32_t project, std::span<const MeasureQuery> queries);
// Which rows are the query's, in its order. nullopt: they do not say, and it must be asked alone.
std::optional<std::vector<std::size_t>> rows_of(const Shared::Answer& of, const MeasureQuery&, const native::Rows&);
void write_rows(JsonWriter&, std::string_view, const Shared::Answer&, const native::Rows&,
                std::span<const std::size_t>);
// How often times fell into which bucket of the fixed histogram, of spans: `of` is "latency" or "ttft"; `measures` are
// left out. Columns: [time,] dimensions, bucket Int64, count Nullable(Float64).
Result<Statement> compile_histogram(std::uint32_t project, const MeasureQuery& query, std::string_view of);
double bucket_end_seconds(std::int64_t bucket);  // the greatest time in it
// Tables that add up `spans` by hour and some dimensions (docs/reference/measures.md "Roll-ups"). A measure query reads
// the smallest that fits, and of `spans` the ends of its range that are no whole hours and the batches above.
struct RollupInfo {
  std::string name, ddl;  // "CREATE TABLE IF NOT EXISTS name (…) ENGINE = …"
  std::string insert,
      group;  // "INSERT INTO name (…) SELECT … FROM spans WHERE ", " GROUP BY …"; between: which batches
  std::vector<std::string_view> dimensions;  // by which it can be split and filtered
  bool quantiles = false;                    // also serves latency and ttft quantiles
};
const std::vector<RollupInfo>& rollups();

// What metrics there are; columns for metric_of: name, unit, type String, monotonic UInt8.
Statement compile_metrics(std::uint32_t project);
Statement compile_score_names(std::uint32_t project);  // a row a name of a score: String
MetricInfo metric_of(std::string_view name, std::string_view unit, std::string_view type, bool monotonic);

// (b) lists: an item is listed when a span of it starts in the range and its spans in the range pass the filter; the
// numbers of a row are of the whole item, also outside of the range.
struct ListQuery {
  Grain grain = Grain::trace;
  Filter filter;
  Range range;
  std::string order = "-start";  // [-]start cost duration tokens errors name
  std::string cursor;            // of the page before, or ""
  std::uint32_t limit = 50;      // 1 to 1000
  // For what still runs (0: nothing does); of a range that ends later the first window reaches back from here.
  Nanos now = 0;
};

// Drives a page: statement after statement over growing windows of time until the page is full; small ones, for of a
// large one the engine's planning alone costs more than reading a page. The newest items that pass a filter are looked
// for among candidates, and the last word is said here (fold.h).
//   auto pager = TRY(Pager::create(project, query));
//   while (auto statement = pager.next()) {
//     auto [rows, mine] = pager.read(run(*statement));
//     for (std::size_t row : mine) page.push_back(rows, row);
//   }
//   next_cursor = pager.cursor();   // "" where there is no more
struct PageKeys {  // of one window, best first; as the engine prints them
  std::vector<std::string> items, values, sessions, found;
};
struct PageRows {  // the page's rows are those in `mine`, in that order; they have the columns below
  std::shared_ptr<const native::Rows> rows;
  std::vector<std::size_t> mine;
  std::vector<std::string> values;  // of the order, one for each of `mine`
};
// An item that may pass a filter: the newest minute of a span that meets what must hold.
struct PageCandidate {
  std::string item, session, trace;            // key, trace in decimal
  std::vector<std::vector<std::string>> hits;  // traces in which full text found something: of each word, or of all
  std::int64_t minute = 0;
};
class Pager {
 public:
  static Result<Pager> create(std::uint32_t project, ListQuery query);
  std::optional<Statement> next();
  PageRows read(native::Rows rows);  // the answer of the statement that `next` gave
  std::string cursor() const;
  // It has taken long enough: stops where it has looked back to, with a cursor that goes on from there. Of the newest
  // first only; what is running is read first.
  void hurry() { hurried_ = by_ == "start" && descending_; }
  std::optional<Nanos> searched_to() const { return searched_to_; }  // where it stopped so

 private:
  void stop_at(Nanos time);
  // What the last statement was. keys_known, large: what the next one is.
  enum class Phase : std::uint8_t { fresh, probe, keys, keys_known, page, large, scan, chosen, counts };
  void settle();  // what the running statement showed
  void next_window();
  Nanos looked_at(const Range& window) const;
  Nanos wider(Nanos looked, std::size_t found, std::size_t wanted) const;
  bool beyond() const;
  bool probe_due() const;
  void choose(const native::Rows& rows);
  void narrow();
  // False: the row belongs to another window or a further page.
  bool take(std::string_view order_key, std::string_view key, bool mine);
  Statement probe(const std::vector<const Leaf*>& musts);
  void read_keys(const native::Rows& rows);
  PageRows fold_keys(const native::Rows& rows);
  PageRows pick_spans(native::Rows rows);
  // Of the way by candidates:
  std::optional<Statement> next_candidates();
  bool counts_due() const;
  void read_counts(const native::Rows& rows);
  void read_scan(const native::Rows& rows);
  PageRows fold_candidates(const native::Rows& rows);
  void leave_candidates();

  std::uint32_t project_ = 0;
  ListQuery query_;
  std::string by_;  // order without its sign
  bool descending_ = true, done_ = false, more_ = false, probed_ = false;
  bool hurried_ = false;
  std::optional<Nanos> searched_to_;
  Phase phase_ = Phase::fresh;
  std::size_t best_ = 0;                                      // of the necessary conditions
  int looks_ = 0;                                             // windows that the probe chose
  int windows_ = 0;                                           // that were used up
  Range window_;                                              // of the running or the next statement
  Nanos width_ = 0;                                           // of the window after it
  PageKeys keys_;                                             // of the running window
  std::vector<std::pair<std::int64_t, std::int64_t>> hours_;  // of the probe, newest first: hour since 1970, items
  std::string after_value_, after_key_;                       // keyset: rows beyond these; "" for none
  std::string last_value_, last_key_;                         // of the last row taken
  std::uint32_t taken_ = 0, seen_ = 0, asked_ = 0;            // rows: on the page, of the running statement, its limit

  bool by_candidates_ = false, counted_ = false;
  Nanos scanned_ = 0, settled_ = 0;      // looked through back to; every item that begins from there on is decided
  std::vector<PageCandidate> pool_;      // not decided yet, newest first
  std::vector<PageCandidate> asked_of_;  // whose rows are being read
  std::set<std::string> decided_;        // keys of items
  std::size_t portion_ = 0;              // candidates read at once
  double growth_ = 16;                   // how much wider than the last a look may be
  std::size_t scans_ = 0;
  std::optional<std::size_t> rarest_;  // of several words of a session: the one that alone finds the candidates
};

// The same rows by id, ranges ignored.
Statement compile_traces_of(std::uint32_t project, std::string_view session, std::uint32_t limit);  // by start
Statement compile_trace(std::uint32_t project, const Id128& trace);          // one row of TraceColumn, or none
Statement compile_session(std::uint32_t project, std::string_view session);  // one row of SessionColumn, or none

// ---- (c) what a filter can be completed to -----------------------------------------------------------------------
struct ValuesQuery {
  std::string dimension;  // "tool", "attr.tenant"; "attr." = names of attributes
  std::string prefix;     // case does not matter; contained anywhere, those that begin with it first
  Filter filter;
  Range range;
  Grain grain = Grain::span;  // what the filter selects
  std::uint32_t limit = 20;   // at most 1000
  Nanos now = 0;              // likewise
};
// Columns: value String, count Nullable(Float64) (spans, traces or sessions, by the grain), most frequent first.
// Enumerations and dimensions without values (cost …): an error that says so.
Result<Statement> compile_values(std::uint32_t project, const ValuesQuery& query);

// ---- (d) any id pasted anywhere ----------------------------------------------------------------------------------
// Columns: kind String ("session" "trace" "span"), id String (client's text), trace UInt128, span UInt128 (0 where
// none), trace_id String, label String (name), at Int64 ns. Ranges ignored; at most 10 rows.
Statement compile_find(std::uint32_t project, std::string_view id);

struct SpanKey {
  Id128 trace, span;
};
// Those of these spans that are there, of those that start in the range. Columns: trace UInt128, span UInt128. May name
// a span of one of the traces under another of them.
Statement compile_held(std::uint32_t project, const std::vector<SpanKey>& spans, const Range& range);

}  // namespace pawl::query

#include "charges.h"  // the rest of the door
#include "row_columns.h"
