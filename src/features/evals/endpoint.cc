// Agents that are asked over HTTP: our own request, or chat completions as OpenAI's API has them.
#include "agent.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "llm/json_scan.h"
#include "llm/prices.h"
#include "net/client.h"

namespace pawl::evals {
namespace {

namespace json = llm::json;

bool is_infrastructure(int status) {  // 401 to 404: the call is set up wrongly, the agent has not spoken
  return status == 408 || status == 429 || status >= 500 || (status >= 401 && status <= 404);
}

// {role, content} of a message whose content may be parts.
void write_message(JsonWriter& out, std::string_view message) {
  out.object().field("role", json::text(json::member(message, "role"))).key("content");
  const auto content = json::member(message, "content");
  out.raw(content.empty() ? "\"\"" : content).end();
}

std::optional<double> price_of(const AgentOptions& options, double input, double cached, double output) {
  if (options.input_price >= 0 && options.output_price >= 0)
    return (input * options.input_price + output * options.output_price) / 1e6;
  static const auto list = llm::built_in_prices();
  if (!list) return std::nullopt;
  llm::Usage usage;
  usage.add("input_tokens", static_cast<std::int64_t>(input));
  if (cached > 0) usage.add("cache_read_tokens", static_cast<std::int64_t>(cached));
  usage.add("output_tokens", static_cast<std::int64_t>(output));
  llm::Pricer pricer(*list);
  const auto priced = pricer.price(
      {.provider = "", .model = options.model, .at = SystemClock().now(), .api_url = options.openai}, usage);
  if (!priced) return std::nullopt;
  return static_cast<double>(priced->total.pico) / static_cast<double>(pico_per_dollar);
}

void read_usage(std::string_view usage, const AgentOptions& options, Outcome& outcome) {
  const auto input = json::number(json::member(usage, "prompt_tokens"));
  const auto output = json::number(json::member(usage, "completion_tokens"));
  if (!input || !output) return;
  const double cached = json::number(json::at(usage, {"prompt_tokens_details", "cached_tokens"})).value_or(0);
  outcome.tokens = *input + *output;
  outcome.cost_usd = price_of(options, *input, cached, *output);
}

}  // namespace

std::string completion_request(const AgentOptions& options, const datasets::Item& item) {
  JsonWriter out;
  out.object().field("model", options.model).key("messages").array();
  if (const auto messages = json::member(item.input, "messages"); json::is_array(messages)) {
    for (json::Elements list(messages); list.next();) write_message(out, list.value);
  } else {
    out.object().field("role", "user");
    out.field("content", json::is_string(item.input) ? json::text(item.input) : item.input).end();
  }
  return out.end().end().take();
}

Result<Outcome> read_completion(const std::string& answer, const AgentOptions& options) {
  const auto raw = json::trimmed(answer);
  const auto message = json::member(json::first(json::member(raw, "choices")), "message");
  if (!json::is_valid(raw) || !json::is_object(message))
    return fail(ErrorKind::corrupt, "the answer has no choices[0].message: {}", utf8_prefix(repair_utf8(answer), 200));
  Outcome outcome;
  const auto content = json::member(message, "content"), refusal = json::member(message, "refusal");
  outcome.output =
      json::is_null(content) ? (json::is_null(refusal) ? "\"\"" : std::string(refusal)) : std::string(content);
  JsonWriter calls;
  calls.array();
  for (json::Elements list(json::member(message, "tool_calls")); list.next();) {
    const auto function = json::member(list.value, "function");
    const std::string arguments = json::text(json::member(function, "arguments"));
    const bool sound = json::is_valid(json::trimmed(arguments));
    calls.object().field("name", json::text(json::member(function, "name"))).key("arguments");
    calls.raw(sound ? arguments : json_quote(arguments)).end();
  }
  outcome.trajectory = calls.end().take();
  read_usage(json::member(raw, "usage"), options, outcome);
  return outcome;
}

struct Agent::Endpoint {
  net::Client client;
  Endpoint() : client({.connect_time = 10 * second, .idle_time = 86'400 * second, .body_bytes = most_output}) {}

  Result<net::ClientResponse> post(const AgentOptions& options, const Asked& asked) {
    std::string base = options.openai;
    while (base.ends_with('/')) base.pop_back();
    const bool own = !options.url.empty();
    net::ClientRequest request{.method = "POST",
                               .url = own ? options.url : base + "/chat/completions",
                               .body = own ? asked.request : completion_request(options, asked.item),
                               .time = static_cast<Nanos>(asked.timeout_s * 1e9)};
    request.headers.set("content-type", "application/json");
    request.headers.set("x-pawl-trial-id", asked.trial_id);
    if (!asked.parent.empty()) request.headers.set("traceparent", asked.parent);
    if (!options.key.empty()) request.headers.set("authorization", "Bearer " + options.key);
    for (const auto& [name, value] : options.headers) request.headers.set(name, value);
    return client.send(std::move(request));
  }
};

Agent::Agent(const AgentOptions& options) : options_(options) {
  if (options.command.empty()) endpoint_ = std::make_unique<Endpoint>();
}
Agent::~Agent() = default;

Tried Agent::ask(const Asked& asked) {
  if (!endpoint_) return run_command(options_.command, asked);
  const SystemClock clock;
  const Nanos began = clock.monotonic();
  const auto answer = endpoint_->post(options_, asked);
  const double seconds = static_cast<double>(clock.monotonic() - began) / 1e9;
  Tried tried;
  Outcome& outcome = tried.outcome;
  if (!answer && seconds >= asked.timeout_s) {
    outcome.failed = true, outcome.comment = fmt::format("out of time after {:.6g} s", asked.timeout_s);
  } else if (!answer && answer.error().kind == ErrorKind::exhausted) {
    outcome.failed = true, outcome.comment = fmt::format("more than {} MB of output", most_output >> 20U);
  } else if (!answer) {
    tried.infra_error = true, outcome.comment = answer.error().what;
  } else if (answer->status >= 300) {
    outcome.comment = fmt::format("it answered {}: {}", answer->status, utf8_prefix(repair_utf8(answer->body), 300));
    (is_infrastructure(answer->status) ? tried.infra_error : outcome.failed) = true;
  } else if (!options_.url.empty()) {
    read_answer(answer->body, outcome);
  } else if (auto read = read_completion(answer->body, options_)) {
    outcome = std::move(*read);
  } else {
    outcome.failed = true, outcome.comment = read.error().what;
  }
  outcome.latency_ms = seconds * 1e3;
  return tried;
}

}  // namespace pawl::evals
