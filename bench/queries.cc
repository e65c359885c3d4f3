// What people ask, over many stored spans: lists, look-ups, measures, full text.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "bench.h"
#include "net/client.h"

namespace pawl::bench {
namespace {

struct Question {
  const char* name;
  const char* goal;
  const char *path, *body = "";
};
constexpr Question questions[] = {
    {"list of traces, newest", "30", "/traces?limit=50&from={30d}&to={newest}"},
    {"list of sessions, newest", "30", "/sessions?limit=50&from={30d}&to={newest}"},
    {"filtered list: agent, one in 20", "30", "/traces?limit=50&filter=agent%3Dagent-3&from={30d}&to={newest}"},
    {"filtered list: failed spans of a tool", "30",
     "/spans?limit=50&filter=is:error%20tool%3Dt3&from={30d}&to={newest}"},
    {"filtered list: sessions, agent and failed", "30",
     "/sessions?limit=50&filter=agent%3Dagent-3%20status%3Derror&from={30d}&to={newest}"},
    {"open a trace", "15", "/traces/{trace}"},
    {"cost by agent a day, 30 days", "50", "/query",
     R"({"measures":["cost"],"dimensions":["agent"],"step":"1d","from":"{30d}"})"},
    {"errors by tool a day, 30 days", "50", "/query",
     R"({"measures":["tool_calls","tool_error_rate"],"dimensions":["tool"],"step":"1d","from":"{30d}"})"},
    {"cost by customer, 30 days", "50", "/query",
     R"({"measures":["cost","tokens"],"dimensions":["customer"],"from":"{30d}"})"},
    {"cost by version of an agent a day, 30 days", "50", "/query",
     R"({"measures":["cost","errors"],"dimensions":["agent_version"],"filter":"agent=agent-3","step":"1d","from":"{30d}"})"},
    {"cost table by agent, 30 days", "50", "/costs?by=agent&from={30d}"},
    {"cost table by team and customer, 30 days", "50", "/costs?by=team,customer&from={30d}"},
    {"distinct traces, 30 days", "50", "/query", R"({"measures":["traces"],"from":"{30d}"})"},
    {"distinct traces by agent a day, 30 days", "50", "/query",
     R"({"measures":["traces"],"dimensions":["agent"],"step":"1d","from":"{30d}"})"},
    {"distinct sessions, 30 days", "50", "/query", R"({"measures":["sessions"],"from":"{30d}"})"},
    {"cost by user, 30 days", "", "/query", R"({"measures":["cost"],"dimensions":["user"],"from":"{30d}"})"},
    {"latency p95 by model an hour, 7 days", "", "/query",
     R"({"measures":["latency.p95"],"dimensions":["model"],"step":"1h","from":"{7d}"})"},
    {"full text, a rare word", "100", "/sessions?limit=50&filter=W77777&from={30d}&to={newest}"},
    {"full text, a common phrase", "100", "/sessions?limit=50&filter=%22refund%20window%22&from={30d}&to={newest}"},
};

// What a dashboard of twelve panels asks for a day, as the page does: panels of one split and filter together, their
// figures and their lines; all in one call.
struct Panels {
  std::string_view measures, split, filter;
};
constexpr Panels panels[] = {{R"("sessions","guardrail_triggers","tokens.input","tokens.output")", "", ""},
                             {R"("cost","error_rate")", R"("agent")", ""},
                             {R"("latency.p95")", R"("agent")", "kind=agent"},
                             {R"("cost")", R"("team")", ""},
                             {R"("cost","ttft.p95","cache_hit_rate")", R"("model")", ""},
                             {R"("tool_calls","tool_error_rate")", R"("tool")", ""},
                             {R"("cost","llm_calls")", R"("customer")", ""}};

std::string question_of(std::size_t number, const std::string& since) {
  const Panels& one = panels[number / 2];
  return fmt::format(R"({{"measures":[{}],"dimensions":[{}],"filter":"{}","from":"{}","limit":10000{}}})", one.measures,
                     one.split, one.filter, since, number % 2 == 0 ? "" : R"(,"step":"1h")");
}

// Milliseconds until the panels are answered; below 0 where one was not.
double open_dashboard(const Server& server, const std::string& since) {
  const SystemClock clock;
  const Nanos began = clock.monotonic();
  std::string queries;
  for (std::size_t i = 0; i < 2 * std::size(panels); ++i)
    queries += (queries.empty() ? "" : ",") + question_of(i, since);
  net::ClientRequest request{
      .method = "POST", .url = server.url + "/api/v1/queries", .body = fmt::format(R"({{"queries":[{}]}})", queries)};
  request.headers.set("content-type", "application/json");
  net::Client client;
  const auto answer = client.send(std::move(request));
  const bool good = answer && answer->status == 200 && answer->body.find("\"error\":") == std::string::npos;
  return good ? static_cast<double>(clock.monotonic() - began) / 1e6 : -1;
}

void bench_dashboard(const Server& server) {
  constexpr int runs = 15;
  const std::string since = format_time(SystemClock().now() - day);
  std::vector<double> times;
  const double before = cpu_seconds(server.process).all();
  for (int i = 0; i < runs; ++i) times.push_back(open_dashboard(server, since));
  std::ranges::sort(times);
  fmt::print("| {}dashboard of 12 panels, a day | {:.0f} | {:.0f} | {:.0f} | 150 |\n", times[0] < 0 ? "FAILED: " : "",
             times[runs / 2], times.back(), (cpu_seconds(server.process).all() - before) * 1000 / runs);
}

// A text member of the newest trace.
std::string of_newest(net::Client& client, const Server& server, const std::string& since, std::string_view name) {
  const auto answer = client.send({.url = server.url + "/api/v1/traces?limit=1&from=" + since});
  const std::string key = fmt::format("\"{}\":\"", name);
  const auto at = answer ? answer->body.find(key) : std::string::npos;
  if (at == std::string::npos) return {};
  const auto from = at + key.size();
  return answer->body.substr(from, answer->body.find('"', from) - from);
}

// Rules learn from what is stored after a start, as roll-ups do; figures are of a server at rest.
void wait_for_rest(const Server& server) {
  for (int tries = 0, still = 0; tries < 180 && still < 3; ++tries) {
    const double before = cpu_seconds(server.process).all();
    std::this_thread::sleep_for(std::chrono::seconds(1));
    still = cpu_seconds(server.process).all() - before < 0.05 ? still + 1 : 0;
  }
}

// Until everything that is stored is in the roll-ups; seconds.
double wait_for_rollups(net::Client& client, const Server& server) {
  const SystemClock clock;
  const Nanos began = clock.monotonic();
  while (clock.monotonic() - began < 10 * minute) {
    const auto answer = client.send({.url = server.url + "/metrics"});
    if (answer && answer->body.find("\npawl_rollups_behind_batches 0\n") != std::string::npos) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  return static_cast<double>(clock.monotonic() - began) / 1e9;
}

}  // namespace

void run_queries(const std::string& program, const std::string& data, std::uint64_t spans) {
  if (!std::filesystem::exists(data + "/warehouse") && !fill_apart(data, spans)) return;
  const SystemClock clock;
  const Nanos began = clock.monotonic();
  const auto server = start(program, data);
  if (!server) {
    fmt::print("queries: the server did not start\n");
    return;
  }
  fmt::print("\n{} spans stored; start to ready for queries: {} ms\n", spans,
             (clock.monotonic() - began) / millisecond);
  net::Client client;
  const double before_rollups = cpu_seconds(server->process).all();
  const double waited = wait_for_rollups(client, *server);
  fmt::print("roll-ups are up to date after {:.1f} s; CPU {:.2f} us a span\n\n", waited,
             (cpu_seconds(server->process).all() - before_rollups) * 1e6 / static_cast<double>(spans));
  wait_for_rest(*server);
  fmt::print("| question | p50 ms | slowest ms | CPU ms | to reach, p50 ms |\n| --- | --- | --- | --- | --- |\n");
  const std::string month = format_time(clock.now() - 30 * day), week = format_time(clock.now() - 7 * day);
  // What is stored may have been filled some time ago: lists go back from its newest.
  const std::string trace = of_newest(client, *server, month, "trace_id"),
                    newest = of_newest(client, *server, month, "start");
  for (const auto& question : questions) {
    const std::vector<std::pair<std::string, std::string>> values = {
        {"{30d}", month}, {"{7d}", week}, {"{trace}", trace}, {"{newest}", newest}};
    std::vector<double> times;
    const double before = cpu_seconds(server->process).all();
    constexpr int runs = 15;
    bool good = true;
    for (int i = 0; i < runs; ++i) {
      net::ClientRequest request{.url = server->url + "/api/v1" + with(question.path, values),
                                 .body = with(question.body, values)};
      if (!request.body.empty()) request.method = "POST", request.headers.set("content-type", "application/json");
      const Nanos sent = clock.monotonic();
      const auto answer = client.send(std::move(request));
      times.push_back(static_cast<double>(clock.monotonic() - sent) / 1e6);
      good = good && answer && answer->status == 200;
    }
    std::ranges::sort(times);
    fmt::print("| {} | {:.0f} | {:.0f} | {:.0f} | {} |\n",
               good ? question.name : "FAILED: " + std::string(question.name), times[runs / 2], times.back(),
               (cpu_seconds(server->process).all() - before) * 1000 / runs, question.goal);
    std::fflush(stdout);
  }
  bench_dashboard(*server);
  bench_search(*server, "&from=" + month + "&to=" + newest, data + "/passages.txt");
  stop(*server);
}

}  // namespace pawl::bench
