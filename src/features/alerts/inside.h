// What the rooms of alerts share.
#pragma once
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "alerts.h"
#include "base/json.h"
#include "definition.h"

namespace pawl::alerts {

// One value of a rule's measure: of the bucket that begins at `at`.
struct Bucket {
  std::string split;
  std::int64_t at = 0;  // seconds
  double value = stats::nothing, count = 0;
};

struct Stream {  // one instance: a rule × values of its split
  stats::Judge judge;
  stats::Instance instance;
  std::string acknowledged;
  double value = stats::nothing;
};

struct Live {  // a rule that is being judged
  std::int64_t version = 0;
  Definition definition;
  std::map<std::string, Stream> streams;
};

struct StoredRule {
  ProjectId project = 0;
  std::string id, name, json;
  std::int64_t version = 0, evaluated = 0;  // evaluated: seconds
  bool enabled = true;
  std::string trouble;
};

struct Told {  // a notice that a bucket brought about
  std::string split;
  stats::Notice notice = stats::Notice::firing;
  std::int64_t at = 0;  // end of the bucket, seconds
  double value = stats::nothing;
};

inline constexpr std::int64_t delay = 60;             // seconds behind now: spans come late
inline constexpr std::int64_t too_old = 600;          // what is older is written down and not told
inline constexpr std::size_t most_instances = 1000;   // of a rule
inline constexpr std::int64_t history = 30 * 86'400;  // what a judge begins with, and a back-test looks at

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
  std::map<std::string, std::vector<Bucket>> asked;        // answers of this round, by question

  bool wait(std::chrono::milliseconds time);  // false: it ends
};

using Inside = Alerts::Inside;

// Buckets of the rule's measure in [from, to), seconds, multiples of its step. `exhausted` beyond most_instances.
Result<std::vector<Bucket>> buckets(warehouse::Warehouse& store, traces::Rollups* rollups, ProjectId project,
                                    const Definition& definition, std::int64_t from, std::int64_t to, Nanos now);
// Feeds buckets of [from, to) to the streams, and makes new ones as values appear. Without `advance` they only learn.
Result<std::vector<Told>> feed(Live& live, const std::vector<Bucket>& buckets, std::int64_t from, std::int64_t to,
                               bool advance);
void judge_all(Inside& inside, warehouse::Warehouse& store);  // every rule of every project, up to now − delay
void deliver_all(Inside& inside);                             // what is due
Result<> judge_rule(Inside& inside, warehouse::Warehouse& store, const StoredRule& rule);
Result<std::vector<StoredRule>> rules_of(Inside& inside, std::optional<ProjectId> project);

// Standard Webhooks: "v1,BASE64(HMAC-SHA256(key, id.timestamp.body))"; "" where the secret is none.
std::string signature(std::string_view secret, std::string_view id, std::int64_t timestamp, std::string_view body);
// One attempt. The answer's status, or why there was none.
Result<int> deliver(Inside& inside, std::string_view url, std::string_view secret, std::string_view id,
                    std::string_view body, std::int64_t& retry_after);
std::string time_text(std::int64_t seconds);

using Work = Result<net::Response> (*)(Inside&, const net::Request&);
// Adds routes whose work runs on the pool: method, pattern, permission, work, summary, what is accepted, what answered.
std::function<void(std::string, std::string, std::string, Work, std::string, std::string, std::string)> adder(
    net::Router& router, Inside& inside);
void add_rule_routes(net::Router& router, Inside& inside);
void add_channel_routes(net::Router& router, Inside& inside);

}  // namespace pawl::alerts
