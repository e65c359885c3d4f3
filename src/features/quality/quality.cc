// Quality's routes together, and the thread that carries scores to the warehouse.
#include "base/text.h"
#include "inside.h"
#include "wire/compress.h"

namespace pawl::quality {
namespace {

constexpr std::chrono::milliseconds pause(250), pause_after_trouble(5000);

constexpr ledger::Migration steps[] = {{"quality", 1, R"sql(
CREATE TABLE feedback_keys (key TEXT PRIMARY KEY, -- public: it stands in web pages
  project INTEGER NOT NULL REFERENCES projects (id), names TEXT NOT NULL, -- scores that it may give, a line each
  created INTEGER NOT NULL, author TEXT NOT NULL, revoked INTEGER NOT NULL) STRICT;
)sql"}};

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

void add(net::Router& router, Quality::Inside& inside, net::Route route, Work work) {
  route.handler = [&inside, work](net::Request& request) -> Task<Result<net::Response>> {
    co_return co_await net::on_pool(inside.pool, request.cancel,
                                    [&inside, work, &request] { return work(inside, request); });
  };
  router.add(std::move(route));
}

Result<std::string> body_of(const net::Request& request) {
  if (request.content_encoding.empty() || request.content_encoding == "identity") return request.body;
  return decompress(request.content_encoding, request.body, most_body);
}

Result<Window> window_of(const net::Request& request, std::uint64_t usual, std::uint64_t most) {
  Window window{0, usual};
  for (const auto& [name, into] : {std::pair{"limit", &window.limit}, {"offset", &window.offset}}) {
    const auto given = request.query.find(name);
    if (!given) continue;
    const auto number = parse_int(*given);
    if (!number || *number < 0) return fail(ErrorKind::invalid, "{}={} must be a whole number from 0.", name, *given);
    *into = static_cast<std::uint64_t>(*number);
  }
  if (window.limit == 0 || window.limit > most) return fail(ErrorKind::invalid, "limit must be 1 to {}.", most);
  return window;
}

// A crash repeats what was under way; the greatest version of a score holds.
void Quality::Inside::carry(warehouse::Warehouse& store) {
  bool settled = false;
  for (std::unique_lock lock(mutex); !stopping;) {
    lock.unlock();
    Result<> done;
    std::size_t carried = 0;
    if (!settled) done = scores::settle_copy(parts.ledger, store);
    settled |= done.has_value();
    if (done) {
      if (const auto fed = scores::feed_copy(parts.ledger, store)) {
        carried = *fed;
      } else {
        done = std::unexpected(fed.error());
      }
    }
    if (!done) log.warn("scores wait for the warehouse", {{"why", done.error().what}});
    lock.lock();
    const std::chrono::milliseconds wait = done ? pause : pause_after_trouble;
    if (carried == 0 || !done) stop.wait_for(lock, wait, [&] { return stopping; });
  }
}

Quality::Quality(net::Pool& pool, Parts parts, const Clock& clock, const Log& log, Options options)
    : inside_(std::make_unique<Inside>(pool, parts, clock, log, std::move(options))) {}

Quality::~Quality() {
  close();
}

void Quality::add_routes(net::Router& router) {
  add_score_routes(router, *inside_);
  add_definition_routes(router, *inside_);
  add_feedback_routes(router, *inside_);
  add_dataset_routes(router, *inside_);
  add_experiment_routes(router, *inside_);
  add_comparison_routes(router, *inside_);
  add_evaluator_routes(router, *inside_);
  add_from_trace_route(router, *inside_);
}

void Quality::open(warehouse::Warehouse& warehouse) {
  inside_->warehouse = &warehouse;
  if (!inside_->thread.joinable())
    inside_->thread = std::thread([inside = inside_.get(), &warehouse] { inside->carry(warehouse); });
}

void Quality::close() {
  inside_->warehouse = nullptr;
  {
    const std::lock_guard lock(inside_->mutex);
    inside_->stopping = true;
  }
  inside_->stop.notify_all();
  if (inside_->thread.joinable()) inside_->thread.join();
}

}  // namespace pawl::quality
