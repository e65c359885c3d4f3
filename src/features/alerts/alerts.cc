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

void Alerts::add_routes(net::Router& router) {
  add_rule_routes(router, *inside_);
  add_channel_routes(router, *inside_);
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
