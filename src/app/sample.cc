// The sample session: a refund in four steps, as an OpenTelemetry SDK would send it.
#include "sample.h"

#include "base/json.h"
#include "records/projects/projects.h"
#include "records/traces/traces.h"

namespace pawl::app {
namespace {

constexpr std::string_view session = "sample-session";

struct Step {
  const char *id, *parent, *name;
  int start_ms, end_ms;
  std::vector<std::pair<const char*, std::string>> attributes;
  bool failed = false;
};

std::vector<Step> steps() {
  const std::string question =
      R"([{"role":"user","parts":[{"type":"text","content":"My order A-1001 arrived broken. Can I have my money back?"}]}])";
  const std::string call =
      R"([{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"lookup_order","arguments":{"order_id":"A-1001"}}],"finish_reason":"tool_call"}])";
  const std::string answer =
      R"([{"role":"assistant","parts":[{"type":"text","content":"I am sorry about that. 42.50 USD are on their way back to your card."}],"finish_reason":"stop"}])";
  const std::string system =
      R"([{"type":"text","content":"You help customers with their orders. Refund only what was delivered."}])";
  const std::string more =
      question.substr(0, question.size() - 1) + "," + call.substr(1, call.size() - 2) +
      R"(,{"role":"tool","parts":[{"type":"tool_call_response","id":"call_1","response":"delivered, 42.50 USD"}]}])";
  return {{"5a3f000000000002",
           "5a3f000000000001",
           "chat gpt-4.1-mini",
           20,
           820,
           {{"gen_ai.operation.name", "chat"},
            {"gen_ai.provider.name", "openai"},
            {"gen_ai.request.model", "gpt-4.1-mini"},
            {"gen_ai.response.model", "gpt-4.1-mini-2025-04-14"},
            {"gen_ai.system_instructions", system},
            {"gen_ai.input.messages", question},
            {"gen_ai.output.messages", call},
            {"#gen_ai.usage.input_tokens", "412"},
            {"#gen_ai.usage.output_tokens", "24"}}},
          {"5a3f000000000003",
           "5a3f000000000001",
           "execute_tool lookup_order",
           830,
           1040,
           {{"gen_ai.operation.name", "execute_tool"},
            {"gen_ai.tool.name", "lookup_order"},
            {"gen_ai.tool.call.id", "call_1"},
            {"gen_ai.tool.call.arguments", R"({"order_id":"A-1001"})"},
            {"gen_ai.tool.call.result", R"({"status":"delivered","total":42.5,"currency":"USD"})"}}},
          {"5a3f000000000004",
           "5a3f000000000001",
           "chat gpt-4.1-mini",
           1050,
           2300,
           {{"gen_ai.operation.name", "chat"},
            {"gen_ai.provider.name", "openai"},
            {"gen_ai.request.model", "gpt-4.1-mini"},
            {"gen_ai.response.model", "gpt-4.1-mini-2025-04-14"},
            {"gen_ai.system_instructions", system},
            {"gen_ai.input.messages", more},
            {"gen_ai.output.messages", answer},
            {"#gen_ai.usage.input_tokens", "498"},
            {"#gen_ai.usage.cache_read.input_tokens", "384"},
            {"#gen_ai.usage.output_tokens", "31"}}},
          {"5a3f000000000001",
           "",
           "invoke_agent refunds",
           0,
           2320,
           {{"gen_ai.operation.name", "invoke_agent"}, {"gen_ai.agent.name", "refunds"}}}};
}

std::string body(Nanos now) {
  const std::string trace = fmt::format("5a3f{:028x}", static_cast<std::uint64_t>(now));
  const Nanos start = now - 3 * second;
  JsonWriter json;
  auto attribute = [&](std::string_view key, std::string_view value) {
    const bool number = key.starts_with('#');
    json.object().field("key", number ? key.substr(1) : key).key("value").object();
    json.field(number ? "intValue" : "stringValue", value).end().end();
  };
  json.object().key("resourceSpans").array().object().key("resource").object().key("attributes").array();
  attribute("service.name", "sample");
  json.end()
      .end()
      .key("scopeSpans")
      .array()
      .object()
      .key("scope")
      .object()
      .field("name", "opentelemetry.util.genai.handler")
      .end();
  json.key("spans").array();
  for (const auto& step : steps()) {
    json.object()
        .field("traceId", trace)
        .field("spanId", step.id)
        .field("parentSpanId", step.parent)
        .field("name", step.name)
        .field("kind", 3);
    json.field("startTimeUnixNano", fmt::format("{}", start + step.start_ms * millisecond));
    json.field("endTimeUnixNano", fmt::format("{}", start + step.end_ms * millisecond)).key("attributes").array();
    for (const auto& [key, value] : step.attributes) attribute(key, value);
    attribute("session.id", session);
    attribute("user.id", "sample-user");
    json.end().end();
  }
  return json.end().end().end().end().end().end().take();
}

Result<net::Response> remove(warehouse::Warehouse& store, ingest::Ingest& ingest, projects::ProjectId project) {
  const auto found = TRY(traces::traces_of_session(store, project, std::string(session)));
  ingest.revise(project, found, [](traces::SpanRow& row) {
    row.sign = 0;
    return true;
  });
  JsonWriter json;
  return net::Response::json(json.object().field("removed", static_cast<std::uint64_t>(found.size())).end().take());
}

}  // namespace

void add_sample_routes(net::Router& router, net::Pool& pool, ingest::Ingest& ingest, const Clock& clock,
                       std::function<warehouse::Warehouse*()> store) {
  router.add({.method = "POST",
              .pattern = "/api/v1/sample",
              .permission = "write",
              .handler = [&](net::Request& request) -> Task<Result<net::Response>> {
                co_return co_await net::on_pool(pool, request.cancel, [&]() -> Result<net::Response> {
                  TRY(ingest.put(projects::access_of(request).project, otlp::Signal::traces, otlp::Encoding::json,
                                 body(clock.now())));
                  return net::Response::json(fmt::format("{{\"session_id\":\"{}\"}}", session), 201);
                });
              },
              .body_bytes = 4096,
              .summary = "Adds one sample session",
              .answers = "{session_id}"});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/sample",
              .permission = "write",
              .handler = [&, store](net::Request& request) -> Task<Result<net::Response>> {
                co_return co_await net::on_pool(pool, request.cancel, [&]() -> Result<net::Response> {
                  auto* warehouse = store();
                  if (warehouse == nullptr) return fail(ErrorKind::unavailable, "The warehouse is not open yet.");
                  return remove(*warehouse, ingest, projects::access_of(request).project);
                });
              },
              .summary = "Removes the sample session",
              .answers = "{removed}: traces"});
}

}  // namespace pawl::app
