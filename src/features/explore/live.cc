// The live view: committed spans to whoever listens, and when something last came.
#include "inside.h"
#include "row_facts.h"

namespace pawl::explore {
namespace {

Result<net::Response> subscribe(Explore::Inside& inside, const net::Request& request) {
  auto filter = filter_of(request, request.query.get("filter"));
  if (!filter) return std::move(filter.error());
  auto channel = std::make_shared<net::Channel>();
  channel->push(net::sse_event("hello", "{}"));
  const std::lock_guard lock(inside.mutex);
  std::erase_if(inside.subscribers, [](const Subscriber& s) { return s.channel->closed(); });
  const auto& access = projects::access_of(request);
  auto holds = inside.options.watch ? inside.options.watch(access) : std::make_shared<const std::atomic<bool>>(true);
  inside.subscribers.push_back({access.project, std::move(*filter), channel, std::move(holds)});
  return net::Response::events(std::move(channel));
}

}  // namespace

void publish(Explore::Inside& inside, const traces::Batch& batch) {
  const std::lock_guard lock(inside.mutex);
  for (const auto& row : batch.spans) {
    inside.received[row.project] = true;
    auto& newest = inside.newest[row.project];
    newest = std::max(newest, row.received);
  }
  for (const auto& row : batch.logs) inside.logs[row.project] = true;
  std::erase_if(inside.subscribers, [](const Subscriber& s) { return s.channel->closed(); });
  if (inside.subscribers.empty()) return;
  for (const auto& row : batch.spans) {
    if (row.sign < 0) continue;
    const RowFacts facts(row);
    std::string event;  // made once, for the first who wants it
    for (const auto& subscriber : inside.subscribers) {
      if (row.project != subscriber.project || !*subscriber.holds || !query::matches(subscriber.filter, facts))
        continue;
      if (event.empty()) {
        JsonWriter json;
        write_span_row(json, row);
        event = net::sse_event("span", json.take());
      }
      subscriber.channel->push(event);
    }
  }
}

void end_views(Explore::Inside& inside) {
  const std::lock_guard lock(inside.mutex);
  for (const auto& subscriber : inside.subscribers) {
    if (!*subscriber.holds) subscriber.channel->close();
  }
  std::erase_if(inside.subscribers, [](const Subscriber& s) { return s.channel->closed(); });
}

void add_live_routes(net::Router& router, Explore::Inside& inside) {
  router.add({.method = "GET",
              .pattern = "/api/v1/live",
              .permission = "read",
              .handler = [&inside](net::Request& request) -> Task<Result<net::Response>> {
                co_return subscribe(inside, request);
              },
              .summary = "Server-sent events: spans as they are stored",
              .query = {{"filter", "only spans that pass"}},
              .answers = "event: span, data: a Span without bodies"});
}

}  // namespace pawl::explore
