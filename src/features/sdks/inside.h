// What the rooms of sdks share: JSON as sent, routes with their clients' errors, paging.
#pragma once
#include <any>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "base/json.h"
#include "llm/json_scan.h"
#include "net/pool.h"
#include "query/query.h"
#include "sdks.h"

namespace pawl::sdks {

using projects::access_of;
using projects::ProjectId;
namespace json = llm::json;

// One JSON object as sent: whole and checked, members read in place.
class Doc {
 public:
  static Result<Doc> of(std::string text);
  static Result<Doc> of(const net::Request& request);  // its body, uncompressed
  Doc(Doc&& other) noexcept;
  Doc& operator=(Doc&&) = delete;

  const std::string& whole() const { return *text_; }
  bool has(std::string_view name) const { return !json::is_null(raw(name)); }
  std::string_view raw(std::string_view name) const { return members_->member(name); }  // "" where it is not there
  std::string part(std::string_view name) const;                                        // raw, "" for null too
  std::string text(std::string_view name) const;                                        // "" where it is no string
  std::optional<std::string> maybe(std::string_view name) const;
  std::optional<std::int64_t> number(std::string_view name) const;
  Result<std::vector<std::string>> texts(std::string_view name) const;  // a list of texts; absent: none
  Result<Nanos> moment(std::string_view name) const;                    // 0 where it is not there

 private:
  explicit Doc(std::unique_ptr<std::string> text);
  std::unique_ptr<std::string> text_;
  std::unique_ptr<json::Object> members_;
};
// A body that is one whole JSON value of any kind.
Result<std::string> json_body(const net::Request& request);
Result<> check_json(std::string_view text);

std::string iso(Nanos at);  // with microseconds: what clients parse and send back
void write_iso(JsonWriter& json, std::string_view name, Nanos at);                 // null for 0
void write_maybe(JsonWriter& json, std::string_view name, std::string_view text);  // null for ""
void write_raw(JsonWriter& json, std::string_view name, std::string_view raw,      // "" is `otherwise`
               std::string_view otherwise = "null");

// Whose words errors are said in.
enum class Dialect { langfuse, langsmith };
using Work = Result<net::Response> (*)(Sdks::Inside&, const net::Request&);
using Look = Result<net::Response> (*)(Sdks::Inside&, warehouse::Warehouse&, const net::Request&);
struct Spec {
  std::string method, pattern, permission;
  Work work = nullptr;  // on the pool; it may block
  Look look = nullptr;  // the same with the warehouse; one of the two
  bool quick = false;   // on the I/O thread: it must not block
  std::string summary;
  std::vector<net::QueryParameter> query = {};
  std::string accepts = {}, answers = {};
  std::size_t body_bytes = 0;
  // Before the body is read, on the I/O thread: an error refuses it, a number is what it may have at most.
  Result<std::size_t> (*check_head)(const Sdks::Inside&, const net::Request&) = nullptr;
};
void add(Sdks::Inside& inside, Dialect dialect, Spec spec);
// Under /langsmith, /langsmith/api/v1 and, where no page is in the way, at the root.
void add_langsmith(Sdks::Inside& inside, Spec spec);

// page=, limit= of Langfuse; `invalid` on anything but numbers from 1.
struct Paging {
  std::uint64_t page = 1, limit = 50;
  std::uint64_t offset() const { return (page - 1) * limit; }
};
Result<Paging> paging_of(const net::Request& request, std::uint64_t usual = 50, std::uint64_t most = 1000);
void write_meta(JsonWriter& json, const Paging& paging, std::uint64_t total);  // "meta": {…}
// limit=, offset= of LangSmith.
struct Window {
  std::uint64_t offset = 0, limit = 100;
};
Result<Window> window_of(const net::Request& request);
Result<Nanos> moment_of(const net::Request& request, std::string_view name);          // of a query parameter, 0 without
std::vector<std::string> all_of(const net::Request& request, std::string_view name);  // repeated or comma-separated

std::string project_text(ProjectId project);  // the id that clients see

struct Sdks::Inside {
  net::Pool& pool;
  Parts parts;
  const Clock& clock;
  const Log& log;
  Options options;
  Inside(net::Pool& pool_, Parts parts_, const Clock& clock_, const Log& log_, Options options_)
      : pool(pool_), parts(parts_), clock(clock_), log(log_), options(std::move(options_)) {}
  net::Router* router = nullptr;
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
  std::mutex mutex;
  std::condition_variable stop;
  bool stopping = false;  // under `mutex`
  std::thread thread;
  void run(warehouse::Warehouse& store);
  void write_down_seen();
  std::deque<SeenItem> seen;                 // items of experiments, not yet in the ledger
  std::unordered_set<std::string> sessions;  // projects of runs that were seen; of the writer's thread
  std::optional<SeenItem> new_session(const traces::SpanRow& row);
  std::vector<std::pair<std::string, std::string>> cursors;  // of pages that were lately read
};

void add_langfuse_scores(Sdks::Inside& inside);
void add_langfuse_prompts(Sdks::Inside& inside);
void add_langfuse_datasets(Sdks::Inside& inside);
void add_langfuse_experiments(Sdks::Inside& inside);
void add_langfuse_media(Sdks::Inside& inside);
void add_langfuse_reads(Sdks::Inside& inside);
void add_langfuse_rest(Sdks::Inside& inside);
void add_langsmith_feedback(Sdks::Inside& inside);
void add_langsmith_sessions(Sdks::Inside& inside);
void add_langsmith_datasets(Sdks::Inside& inside);
void add_langsmith_runs(Sdks::Inside& inside);
void add_langsmith_rest(Sdks::Inside& inside);

struct PutRunItem {
  datasets::RunItem item;
  std::string run_name;
};
// Makes the run of this name where it is missing; its id is the one that SDK v5 computes.
Result<PutRunItem> put_langfuse_run_item(Sdks::Inside& inside, ProjectId project, const Doc& doc);
void write_langfuse_score(JsonWriter& json, const scores::Score& score, ProjectId project, bool v3);

}  // namespace pawl::sdks
