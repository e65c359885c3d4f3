// What the rooms of alerts share.
#pragma once
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "alerts.h"
#include "base/json.h"
#include "channel.h"
#include "definition.h"
#include "silences.h"
#include "stats/mix.h"

namespace pawl::alerts {

// One value of a rule's measure: of the bucket that begins at `at`.
struct Bucket {
  std::string split;
  std::int64_t at = 0;  // seconds
  double value = stats::nothing, count = 0;
  std::string category;  // of a distribution: its value; such a step has several
};

struct Stream {  // one instance: a rule × values of its split
  stats::Judge judge;
  stats::Instance instance;
  std::string acknowledged;  // by whom
  std::string event;         // the newest firing
  double value = stats::nothing;
  std::int64_t seen = 0;          // newest step in which there was something, seconds
  std::optional<stats::Mix> mix;  // of a distribution, instead of the judge
  struct Judged {
    double value = stats::nothing, count = 0;
  };
  std::map<std::int64_t, Judged> recent;  // the last steps, as they were judged
  std::int64_t counted_at = 0;            // of a distribution: the newest step, and its values as they were counted
  std::map<std::string, double, std::less<>> counted;
  double late_sum = 0, late_count = 0;  // what came late for them, and counts in the next step
  bool came_late = false;               // something of the last minutes is bad by what has come since
  bool changed = true;                  // against what the ledger says
};

struct Point {  // of an instance, for who draws it
  std::int64_t at = 0;
  double value = stats::nothing, expected = stats::nothing, low = stats::nothing, high = stats::nothing;
};

struct Live {  // a rule that is being judged
  std::int64_t version = 0;
  Definition definition;
  std::map<std::string, Stream, std::less<>> streams;
  std::int64_t began = 0;                                      // from here on it was judged by this process
  std::map<std::string, std::vector<Point>>* drawn = nullptr;  // what these instances were is written here too
};

struct StoredRule {
  ProjectId project = 0;
  std::string id, name, json;
  std::int64_t version = 0, evaluated = 0;  // evaluated: seconds
  bool enabled = true, starter = false;
  std::string trouble;
};

// The way through buckets of one question, of some measures at once; a piece is as long as its answer stays small
// and comes soon.
// Times in seconds, multiples of the step.
struct Pieces {
  std::int64_t at = 0, to = 0, step = 1, length = 0;

  Pieces(const Definition& definition, std::int64_t from, std::int64_t to);
  bool done() const { return at >= to; }
  // Of each measure, in the order of time, up to where `at` stands then. `exhausted`: a single step has too many.
  Result<std::vector<std::vector<Bucket>>> next(warehouse::Warehouse& store, traces::Rollups* rollups,
                                                ProjectId project, const Definition& definition,
                                                const std::vector<std::string>& measures, Nanos now);
};

struct Pupil {  // a rule that learns from what is stored, before it is judged
  std::string id;
  bool begun = false;  // there was something
  Live live;
};
struct Lesson {  // rules of a project that ask the same rows of the same time
  ProjectId project = 0;
  std::string question;
  Pieces pieces;
  std::vector<Pupil> pupils;
  bool begun = false;  // nobody can join any more
  std::set<std::string> measures() const;
};

struct Told {  // a notice that a bucket brought about
  std::string split;
  std::string notice;      // name_of(stats::Notice), or "acknowledged"
  std::int64_t at = 0;     // end of the bucket, seconds
  std::int64_t since = 0;  // when it began to be bad
  double value = stats::nothing, expected = stats::nothing, low = stats::nothing, high = stats::nothing;
  bool learning = false;
  bool passed = false;   // too long ago to be told
  std::string reason;    // "gone": nothing is heard of the instance any more
  std::string evidence;  // JSON, "" where there is none
};

inline constexpr std::int64_t delay = 60;             // seconds behind now: spans come late
inline constexpr std::int64_t too_old = 600;          // what is older is written down and not told
inline constexpr std::int64_t late = 300;             // so far back a threshold is judged again for late spans
inline constexpr std::size_t most_instances = 1000;   // of a rule
inline constexpr std::int64_t history = 30 * 86'400;  // what a back-test looks at, and a judge at most begins with

struct Alerts::Inside {
  net::Pool& pool;
  ledger::Ledger& ledger;
  const projects::Projects& projects;
  Random& random;
  const Clock& clock;
  const Log& log;
  Options options;
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
  std::mutex mutex;
  std::condition_variable ends;
  bool stopping = false;
  std::thread judging, delivering;
  std::map<std::pair<ProjectId, std::string>, Live> live;  // the judging thread's own
  std::vector<Lesson> lessons;                             // of rules that are not live yet; the first one goes on
  // Rules that could not learn: the version, and until when they are left alone (monotonic).
  std::map<std::pair<ProjectId, std::string>, std::pair<std::int64_t, Nanos>> resting;
  std::map<std::string, std::vector<Bucket>> asked;  // answers of this round, by question
  std::int64_t fed = 0;                              // when Alertmanagers were last told what fires, seconds

  bool wait(std::chrono::milliseconds time);  // false: it ends
};

using Inside = Alerts::Inside;

// Buckets of the rule's measure in [from, to), seconds, multiples of its step. `exhausted` beyond most_instances.
Result<std::vector<Bucket>> buckets(warehouse::Warehouse& store, traces::Rollups* rollups, ProjectId project,
                                    const Definition& definition, std::int64_t from, std::int64_t to, Nanos now);
// The same with all of [from, to) as a single step.
Result<std::vector<Bucket>> whole(warehouse::Warehouse& store, traces::Rollups* rollups, ProjectId project,
                                  const Definition& definition, std::int64_t from, std::int64_t to, Nanos now);
// The same, once in a round for all rules that ask it; holds until the next round.
Result<const std::vector<Bucket>*> shared(Inside& inside, warehouse::Warehouse& store, ProjectId project,
                                          const Definition& definition, std::int64_t from, std::int64_t to);
// Which rows a rule asks: rules with the same text differ by the measure alone.
std::string question_text(ProjectId project, const Definition& definition, std::int64_t from, std::int64_t to);
inline constexpr std::size_t measures_at_once = 12;                        // of a statement
bool asks_alone(const Definition& definition);                             // its measure cannot be asked with others
std::int64_t asked_from(const Definition& definition, std::int64_t from);  // five minutes before: what came late
// What is due of several measures of the same spans, by one statement; found again by `shared`.
void ask_together(Inside& inside, warehouse::Warehouse& store, const std::vector<StoredRule>& rules);
// Feeds buckets of [from, to) to the streams, and makes new ones as values appear. Without `advance` they only learn.
Result<std::vector<Told>> feed(Live& live, const std::vector<Bucket>& buckets, std::int64_t from, std::int64_t to,
                               bool advance);
Result<Stream> new_stream(const Definition& definition);
// Looks once more at the steps of [from, to), of the last five minutes. An instance of a threshold of which one is bad
// by what has come since is bad at the next step; of other kinds what has come since counts in the next step, where it
// is a sum, a ratio or a mean; of a distribution what has come since for the newest step does.
Result<> hear_late(Live& live, const std::vector<Bucket>& buckets, std::int64_t from, std::int64_t to);
// Instances of a quantile for whose steps of [from, to) something has come since, and the first such step; it is
// remembered as heard.
std::map<std::string, std::int64_t> late_quantiles(Live& live, const std::vector<Bucket>& buckets, std::int64_t from,
                                                   std::int64_t to);
// What is long over by `now` is not told; what fires still is, however late.
void mark_passed(std::vector<Told>& told, std::int64_t now);
// How far back a rule of this kind looks before it can be judged, seconds: a multiple of an hour.
std::int64_t look_back(const Definition& definition);
// Rules that are enabled and not live learn from what is stored: those that ask the same rows by one statement a piece,
// for two seconds a round, the shortest lessons first. Those that are done become live.
void learn(Inside& inside, warehouse::Warehouse& store, const std::vector<StoredRule>& rules);
// Shown with the rule, once; its instances stay as they are.
void write_trouble(Inside& inside, const StoredRule& rule, const std::string& why);
// Rules that were judged up to a time that has not come (the clock was ahead, and was set back), or more than a month
// ago, are judged from now on: they learn anew, and their instances stand as they stood.
void begin_again(Inside& inside, std::vector<StoredRule>& rules);
// Messages that wait since a time that has not come go out after the pause that they were to wait.
Result<> pull_forward(Inside& inside, std::int64_t now);
void judge_all(Inside& inside, warehouse::Warehouse& store);  // every rule of every project, up to now − delay
void deliver_all(Inside& inside);                             // what is due
Result<std::vector<StoredRule>> rules_of(Inside& inside, std::optional<ProjectId> project);

// The event of a notice, and what the outbox has to send of it; the same event is written once.
Result<> write_told(ledger::Transaction& change, Inside& inside, const StoredRule& rule, const Definition& definition,
                    const Told& told);
std::string event_id(const StoredRule& rule, const Told& told);
// What incidents hear of a firing.
incidents::Heard heard_of(const StoredRule& rule, const Definition& definition, const Told& told);
// What explains a firing, as JSON: docs/reference/alerts.md "Evidence".
Result<std::string> evidence_of(Inside& inside, warehouse::Warehouse& store, const StoredRule& rule,
                                const Definition& definition, const Told& told);
// Rules that every project has from its first day; those that were removed stay away.
Result<> give_starters(Inside& inside);

Result<std::vector<Silence>> silences_of(Inside& inside, std::int64_t project);  // the newest first, ended ones too
Result<std::vector<Notice>> firing_now(Inside& inside, std::int64_t project);
std::string time_text(std::int64_t seconds);
std::vector<std::pair<std::string, std::string>> split_pairs(std::string_view json);  // {"agent": "x"}
std::int64_t project_of(const net::Request& request);

using Work = Result<net::Response> (*)(Inside&, const net::Request&);
// Adds routes whose work runs on the pool: method, pattern, permission, work, summary, what is accepted, what answered.
std::function<void(std::string, std::string, std::string, Work, std::string, std::string, std::string)> adder(
    net::Router& router, Inside& inside);
void add_rule_routes(net::Router& router, Inside& inside);
void add_firing_routes(net::Router& router, Inside& inside);
void add_channel_routes(net::Router& router, Inside& inside);
void add_silence_routes(net::Router& router, Inside& inside);

}  // namespace pawl::alerts
