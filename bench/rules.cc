// What a thousand alert rules cost: processor time a minute beside a load of ten million spans a day, with and without.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

#include "base/time.h"
#include "bench.h"
#include "net/client.h"

namespace pawl::bench {
namespace {

constexpr int rules = 1000, traces_a_second = 12, spans_a_trace = 10;  // 120 spans a second: 10.4 M a day

std::string span_json(std::uint64_t trace, int number, Nanos at, std::string_view more) {
  return fmt::format(
      R"({{"traceId":"{:032x}","spanId":"{:016x}","parentSpanId":"{}","name":"step","startTimeUnixNano":"{}",)"
      R"("endTimeUnixNano":"{}","attributes":[{{"key":"gen_ai.agent.name","value":{{"stringValue":"agent-{}"}}}}{}]}})",
      trace, number, number == 1 ? "" : fmt::format("{:016x}", 1), at, at + second, trace % 20, more);
}

std::string text_attribute(std::string_view key, std::string_view value) {
  return fmt::format(R"(,{{"key":"{}","value":{{"stringValue":"{}"}}}})", key, value);
}

std::string number_attribute(std::string_view key, int value) {
  return fmt::format(R"(,{{"key":"{}","value":{{"intValue":"{}"}}}})", key, value);
}

// An agent, five calls, four tools.
std::string traces_json(std::uint64_t first, Nanos at) {
  std::string spans;
  for (std::uint64_t t = first; t < first + traces_a_second; ++t) {
    for (int k = 1; k <= spans_a_trace; ++k) {
      const std::string more = k == 1       ? text_attribute("gen_ai.operation.name", "invoke_agent")
                               : k % 2 == 0 ? text_attribute("gen_ai.operation.name", "chat") +
                                                  text_attribute("gen_ai.request.model", "gpt-4.1-mini") +
                                                  number_attribute("gen_ai.usage.input_tokens", 1000 + k) +
                                                  number_attribute("gen_ai.usage.output_tokens", 100)
                                            : text_attribute("gen_ai.operation.name", "execute_tool") +
                                                  text_attribute("gen_ai.tool.name", fmt::format("tool-{}", k));
      spans += (spans.empty() ? "" : ",") + span_json(t, k, at, more);
    }
  }
  return fmt::format(R"({{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}})", spans);
}

bool post(net::Client& client, const Server& server, std::string_view path, std::string body) {
  net::ClientRequest request{.method = "POST", .url = server.url + std::string(path), .body = std::move(body)};
  request.headers.set("content-type", "application/json");
  const auto answer = client.send(std::move(request));
  return answer && answer->status / 100 == 2;
}

// Seconds of processor time a minute while the load goes on, for so many seconds or until something has happened.
double loaded(net::Client& client, const Server& server, int seconds, std::uint64_t& trace,
              const std::function<bool()>& until = {}) {
  const SystemClock clock;
  const double before = cpu_seconds(server.process).all();
  const Nanos began = clock.monotonic();
  for (int s = 0; s < seconds && !(until && until()); ++s, trace += traces_a_second) {
    (void)post(client, server, "/v1/traces", traces_json(trace, clock.now() - 2 * second));
    const Nanos early = began + (s + 1) * second - clock.monotonic();
    if (early > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(early));
  }
  return (cpu_seconds(server.process).all() - before) * 60e9 / static_cast<double>(clock.monotonic() - began);
}

std::string rule_json(int i) {
  constexpr std::array<std::string_view, 10> measures = {
      "cost",       "error_rate",      "latency.mean",       "traces",     "tokens", "llm_calls",
      "tool_calls", "tool_error_rate", "guardrail_triggers", "latency.p95"};
  constexpr std::array<std::string_view, 3> kinds = {R"("anomaly")", R"("threshold","above":1e12)", R"("change")"};
  const std::string where =
      i % 2 == 0 ? std::string(R"("split":["agent"])") : fmt::format(R"("filter":"agent=agent-{}")", i / 30 % 20);
  return fmt::format(R"({{"name":"rule {}","measure":"{}","kind":{},"step":"1m",{}}})", i,
                     measures[static_cast<std::size_t>(i) % 10], kinds[static_cast<std::size_t>(i) / 10 % 3], where);
}

// Whether every rule has learned, and was judged.
bool all_judged(net::Client& client, const Server& server) {
  const auto answer = client.send({.url = server.url + "/api/v1/alerts/rules"});
  return answer && answer->status == 200 && answer->body.find("\"evaluated\":null") == std::string::npos;
}

}  // namespace

void run_rules(const std::string& program, const std::string& given) {
  const std::string own = std::filesystem::temp_directory_path() / fmt::format("pawl-bench-rules-{}", getpid());
  const std::string data = given.empty() ? own : given;
  const auto server = start(program, data);
  if (!server) return fmt::print("rules: the server did not start\n");
  net::Client client;
  std::uint64_t trace = 1;
  (void)loaded(client, *server, 60, trace);
  const double without = loaded(client, *server, 120, trace);
  int made = 0;
  const SystemClock clock;
  const Nanos began = clock.monotonic();
  const double before = cpu_seconds(server->process).all();
  for (int i = 0; i < rules; ++i) made += post(client, *server, "/api/v1/alerts/rules", rule_json(i)) ? 1 : 0;
  (void)loaded(client, *server, 1800, trace, [&] { return all_judged(client, *server); });
  const double learned = static_cast<double>(clock.monotonic() - began) / 1e9;
  fmt::print("\n{} rules made and taught from what is stored: {:.1f} s, {:.1f} s of processor time, {} MB resident\n",
             made, learned, cpu_seconds(server->process).all() - before - without * learned / 60,
             resident_mb(server->process));
  (void)loaded(client, *server, 60, trace);
  const double with = loaded(client, *server, 180, trace);
  fmt::print(
      "\n{} rules of a minute's step (half of them split by 20 agents) beside {} spans a second: {:.2f} s of processor "
      "time a minute, {:.2f} without them; the rules {:.2f} s, {:.1f} % of a core (goal 5 %)\n",
      made, traces_a_second * spans_a_trace, with, without, with - without, (with - without) / 60 * 100);
  std::fflush(stdout);
  stop(*server);
  std::filesystem::remove_all(own);
}

}  // namespace pawl::bench
