// What the rooms of quality share.
#pragma once
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/json.h"
#include "base/rate.h"
#include "quality.h"

namespace pawl::quality {

using projects::access_of;
using projects::actor_of;
using projects::ProjectId;

struct Quality::Inside {
  net::Pool& pool;
  Parts parts;
  const Clock& clock;
  const Log& log;
  Options options;
  Inside(net::Pool& pool_, Parts parts_, const Clock& clock_, const Log& log_, Options options_)
      : pool(pool_), parts(parts_), clock(clock_), log(log_), options(std::move(options_)) {}
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
  Rate by_key{20, 100}, by_address{1, 20};  // of feedback
  std::mutex mutex;
  std::condition_variable stop;
  bool stopping = false;  // under `mutex`
  // What follows from an experiment's trials, as of its `changed`; under `mutex`.
  std::map<std::pair<ProjectId, std::string>, std::pair<Nanos, std::string>> measured;
  std::thread thread;
  void carry(warehouse::Warehouse& store);
};

using Work = Result<net::Response> (*)(Quality::Inside&, const net::Request&);
void add(net::Router& router, Quality::Inside& inside, net::Route route, Work work);
inline constexpr std::size_t most_body = 64U << 20;

Result<std::string> body_of(const net::Request& request);  // uncompressed
// limit= (1 to `most`) and offset=; `invalid` on anything else.
struct Window {
  std::uint64_t offset = 0, limit = 50;
};
Result<Window> window_of(const net::Request& request, std::uint64_t usual = 50, std::uint64_t most = 10'000);

void add_score_routes(net::Router& router, Quality::Inside& inside);
void add_definition_routes(net::Router& router, Quality::Inside& inside);
void add_feedback_routes(net::Router& router, Quality::Inside& inside);
void add_dataset_routes(net::Router& router, Quality::Inside& inside);
void add_experiment_routes(net::Router& router, Quality::Inside& inside);
void add_comparison_routes(net::Router& router, Quality::Inside& inside);
void add_evaluator_routes(net::Router& router, Quality::Inside& inside);
void add_from_trace_route(net::Router& router, Quality::Inside& inside);

}  // namespace pawl::quality
