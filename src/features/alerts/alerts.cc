// The door: two threads and the routes.
#include "alerts.h"

#include <pthread.h>

#include "inside.h"

namespace pawl::alerts {

bool Inside::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex);
  return !ends.wait_for(lock, time, [&] { return stopping; });
}

Alerts::Alerts(net::Pool& pool, ledger::Ledger& ledger, const projects::Projects& projects, Random& random,
               const Clock& clock, const Log& log, Options options)
    : inside_(new Inside{.pool = pool,
                         .ledger = ledger,
                         .projects = projects,
                         .random = random,
                         .clock = clock,
                         .log = log,
                         .options = std::move(options)}) {}

Alerts::~Alerts() {
  close();
}

std::function<void(std::string, std::string, std::string, Work, std::string, std::string, std::string)> adder(
    net::Router& router, Inside& inside) {
  return [&](std::string method, std::string pattern, std::string permission, Work work, std::string summary,
             std::string accepts, std::string answers) {
    router.add({.method = std::move(method),
                .pattern = std::move(pattern),
                .permission = std::move(permission),
                .handler = [&inside, work](net::Request& request) -> Task<Result<net::Response>> {
                  co_return co_await net::on_pool(inside.pool, request.cancel, [&] { return work(inside, request); });
                },
                .body_bytes = 64 << 10,
                .summary = std::move(summary),
                .accepts = std::move(accepts),
                .answers = std::move(answers)});
  };
}

void Alerts::add_routes(net::Router& router) {
  add_rule_routes(router, *inside_);
  add_firing_routes(router, *inside_);
  add_channel_routes(router, *inside_);
  add_silence_routes(router, *inside_);
}

void Alerts::open(warehouse::Warehouse& warehouse) {
  inside_->warehouse = &warehouse;
  if (inside_->judging.joinable()) return;
  inside_->judging = std::thread([in = inside_.get()] {
    ::pthread_setname_np(::pthread_self(), "pawl-alerts");
    while (in->wait(std::chrono::milliseconds(2000))) {
      if (auto* const store = in->warehouse.load()) judge_all(*in, *store);
    }
  });
  inside_->delivering = std::thread([in = inside_.get()] {
    ::pthread_setname_np(::pthread_self(), "pawl-outbox");
    while (in->wait(std::chrono::milliseconds(1000))) deliver_all(*in);
  });
}

void Alerts::close() {
  {
    const std::lock_guard lock(inside_->mutex);
    inside_->stopping = true;
  }
  inside_->ends.notify_all();
  if (inside_->judging.joinable()) inside_->judging.join();
  if (inside_->delivering.joinable()) inside_->delivering.join();
  inside_->warehouse = nullptr;
}

}  // namespace pawl::alerts
