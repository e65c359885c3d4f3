// The live view: committed spans to whoever listens, and when something last came.
#include "inside.h"

namespace pawl::explore {
namespace {

// A row as the filter sees it.
class RowFacts final : public query::SpanFacts {
 public:
  explicit RowFacts(const traces::SpanRow& row) : row_(row) {}

  std::vector<std::string_view> texts(std::string_view dimension) const override {
    if (dimension == "tag") return {row_.tags.begin(), row_.tags.end()};
    const std::pair<std::string_view, std::string_view> known[] = {{"agent", row_.agent},
                                                                   {"agent_version", row_.agent_version},
                                                                   {"team", row_.team},
                                                                   {"environment", row_.environment},
                                                                   {"task", row_.task},
                                                                   {"outcome", row_.outcome},
                                                                   {"customer", row_.customer},
                                                                   {"model", row_.model},
                                                                   {"provider", row_.provider},
                                                                   {"tool", row_.tool},
                                                                   {"kind", llm::name_of(row_.kind)},
                                                                   {"status", llm::name_of(row_.status)},
                                                                   {"error_type", row_.error_type},
                                                                   {"name", row_.name},
                                                                   {"service", row_.service},
                                                                   {"user", row_.user},
                                                                   {"session", row_.session},
                                                                   {"prompt", row_.prompt},
                                                                   {"prompt_version", row_.prompt_version},
                                                                   {"dialect", row_.dialect}};
    for (const auto& [name, value] : known) {
      if (name == dimension && !value.empty()) return {value};
    }
    return {};
  }
  std::optional<std::int64_t> number(std::string_view dimension) const override {
    if (dimension == "duration") return row_.duration;
    if (dimension == "cost") return row_.counted ? row_.cost_or_reported() : std::nullopt;
    if (dimension == "tokens") return row_.counted ? std::optional(row_.tokens()) : std::nullopt;
    if (dimension == "ttft") return row_.ttft;
    return std::nullopt;
  }
  std::string_view attribute(std::string_view key) const override {
    for (const auto& [name, value] : row_.attributes) {
      if (name == key) return value;
    }
    return {};
  }
  bool is_error() const override { return row_.is_error; }
  bool noise() const override { return row_.noise; }

 private:
  const traces::SpanRow& row_;
};

Result<net::Response> subscribe(Explore::Inside& inside, const net::Request& request) {
  auto filter = filter_of(request, request.query.get("filter"));
  if (!filter) return std::move(filter.error());
  auto channel = std::make_shared<net::Channel>();
  channel->push(net::sse_event("hello", "{}"));
  const std::lock_guard lock(inside.mutex);
  std::erase_if(inside.subscribers, [](const Subscriber& s) { return s.channel->closed(); });
  inside.subscribers.push_back({projects::access_of(request).project, std::move(*filter), channel});
  return net::Response::events(std::move(channel));
}

}  // namespace

void publish(Explore::Inside& inside, const traces::Batch& batch) {
  const std::lock_guard lock(inside.mutex);
  for (const auto& row : batch.spans) {
    inside.received[row.project] = true;
    if (row.received > inside.newest) inside.newest = row.received;
  }
  std::erase_if(inside.subscribers, [](const Subscriber& s) { return s.channel->closed(); });
  for (const auto& subscriber : inside.subscribers) {
    for (const auto& row : batch.spans) {
      if (row.project != subscriber.project || row.sign < 0 || !query::matches(subscriber.filter, RowFacts(row)))
        continue;
      JsonWriter json;
      json.object();
      write_span_head(json, row);
      json.key("tool");
      if (row.tool.empty())
        json.null();
      else
        json.object().field("name", row.tool).field("call_id", row.tool_call_id).end();
      subscriber.channel->push(net::sse_event("span", json.end().take()));
    }
  }
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
