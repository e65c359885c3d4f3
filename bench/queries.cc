// What people ask, over many stored spans: lists, look-ups, measures, full text.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "bench.h"
#include "net/client.h"
#include "records/traces/traces.h"
#include "store/warehouse/warehouse.h"

namespace pawl::bench {
namespace {

constexpr std::uint64_t spans_a_trace = 10, chunk = 500'000;

// Thirty days of twenty agents: traces of ten spans (an agent, five calls, four tools), four traces a session.
constexpr std::string_view fill_spans = R"sql(
INSERT INTO spans (project, minute, trace, span, parent, start, duration, received, kind, name, status, is_error,
  error_type, session, user, agent, agent_version, team, task, customer, environment, service, provider,
  model_requested, model, finish_reasons, ttft, tool, tool_call_id, response_id, tokens_input, tokens_cache_read,
  tokens_output, cost, price_row, attrs, preview, dialect, counted, not_counted, weight, record, read_kind,
  read_session, read_user, read_agent, sign, batch)
SELECT 1, toUInt32(intDiv(at, 60000000000)), trace_key, toUInt128(cityHash64(number, 3)),
  if(k = 0, 0, toUInt128(cityHash64(tr * 10, 3))), fromUnixTimestamp64Nano(toInt64(at), 'UTC'),
  if(k = 0, 20000000000, 500000000 + rand(5) % 3000000000), fromUnixTimestamp64Milli(intDiv(toInt64(at), 1000000), 'UTC'),
  kind_of, multiIf(k = 0, 'invoke_agent ' || agent_of, k % 2 = 1, 'chat gpt-4.1-mini', 'execute_tool t' || toString(tr % 12)),
  if(tr % 37 = 0 AND k IN (0, 6), 'error', 'ok'), tr % 37 = 0 AND k = 6, if(tr % 37 = 0 AND k IN (0, 6), 'TimeoutError', ''),
  session_of, user_of, agent_of, 'v' || toString(tr % 3), 'team-' || toString(se % 5), if(se % 2 = 0, 'refund', 'support'),
  'customer-' || toString(se % 200), 'production', 'service-' || toString(tr % 5), if(k % 2 = 1, 'openai', ''),
  if(k % 2 = 1, 'gpt-4.1-mini', ''), if(k % 2 = 1, 'gpt-4.1-mini-2025-04-14', ''), if(k % 2 = 1, ['stop'], []),
  if(k % 2 = 1, toNullable(200000000 + rand(9) % 400000000), NULL), if(k > 0 AND k % 2 = 0, 't' || toString(tr % 12), ''),
  if(k > 0 AND k % 2 = 0, 'call_' || hex(cityHash64(number, 9)), ''), if(k % 2 = 1, 'resp_' || hex(cityHash64(number, 8)), ''),
  if(k % 2 = 1, toNullable(400 + rand(11) % 2000), NULL), if(k % 2 = 1, toNullable(rand(12) % 500), NULL),
  if(k % 2 = 1, toNullable(50 + rand(13) % 300), NULL), if(k % 2 = 1, toNullable(160000000 + rand(14) % 900000000), NULL),
  if(k % 2 = 1, 'openai/gpt-4.1-mini', ''), map('resource.service.version', '1.2', 'tenant', 'acme-' || toString(tr % 9)),
  if(k = 0, 'Where is my order number ' || toString(tr) || '?', ''), 'otel_genai', k % 2 = 1,
  if(k % 2 = 1, 'counted', 'no_usage'), 1, toUInt128(cityHash64(number, 5)), kind_of, session_of, user_of, agent_of, 1,
  1 + intDiv(number, 20000)
FROM (SELECT number, intDiv(number, 10) AS tr, number % 10 AS k, cityHash64(intDiv(tr, 4)) AS se,
  bitOr(bitShiftLeft(toUInt128(cityHash64(tr)), 64), toUInt128(cityHash64(tr + 7))) AS trace_key,
  'session-' || toString(intDiv(tr, 4)) AS session_of, 'user-' || toString(se % 20000) AS user_of,
  'agent-' || toString(se % 20) AS agent_of, multiIf(k = 0, 'agent', k % 2 = 1, 'llm', 'tool') AS kind_of,
  toUInt64(({first} + tr * {step}) * 1000000000) + k * 2000000000 AS at FROM numbers({from}, {count})))sql";

// Two bodies a trace of forty common words and one of its own.
constexpr std::string_view fill_bodies = R"sql(
INSERT INTO bodies (project, scope, hash, at, trace, span, slot, text, batch)
SELECT 1, toUInt128(cityHash64('s', intDiv(tr, 4))), toUInt128(cityHash64(number, 77)),
  fromUnixTimestamp64Milli(toInt64(({first} + tr * {step}) * 1000), 'UTC'),
  bitOr(bitShiftLeft(toUInt128(cityHash64(tr)), 64), toUInt128(cityHash64(tr + 7))), toUInt128(cityHash64(tr * 10 + 1, 3)),
  number % 2, arrayStringConcat(arrayMap(i -> ['please', 'refund', 'the', 'order', 'flight', 'card', 'declined', 'customer',
  'policy', 'ticket', 'change', 'seat', 'would', 'like', 'to', 'of', 'and', 'my', 'account', 'status', 'shipping', 'address',
  'item', 'return', 'window', 'thank', 'you', 'help', 'agent', 'price'][1 + cityHash64(number, i) % 30], range(40)), ' ') ||
  ' W' || toString(tr), 1 + intDiv(number, 20000)
FROM (SELECT number, intDiv(number, 2) AS tr FROM numbers({from}, {count})))sql";

std::string with(std::string_view sql, const std::vector<std::pair<std::string, std::string>>& values) {
  std::string out(sql);
  for (const auto& [name, value] : values)
    for (auto at = out.find(name); at != std::string::npos; at = out.find(name, at + value.size()))
      out.replace(at, name.size(), value);
  return out;
}

Result<void> fill(const std::string& data, std::uint64_t spans) {
  const Log log(Log::Format::text, Level::warn);
  std::filesystem::create_directories(data);
  const auto warehouse = TRY(warehouse::open_embedded({.library = warehouse::find_library(),
                                                       .path = data + "/warehouse",
                                                       .backups = data + "/backups",
                                                       .memory = 4ULL << 30U,
                                                       .readers = 1},
                                                      log));
  TRY(traces::create_tables(*warehouse));
  const SystemClock clock;
  const auto traces = spans / spans_a_trace;
  const std::string first = fmt::format("{}", (clock.now() - 30 * day) / second);
  const std::string step = fmt::format("{:.6f}", 30.0 * 86400 / static_cast<double>(traces));
  for (const auto& [sql, rows] : {std::pair{fill_spans, spans}, std::pair{fill_bodies, 2 * traces}}) {
    for (std::uint64_t from = 0; from < rows; from += chunk) {
      fmt::print(stderr, "\rfilling {} of {} rows", from, rows);
      TRY(warehouse->run(with(sql, {{"{first}", first},
                                    {"{step}", step},
                                    {"{from}", fmt::format("{}", from)},
                                    {"{count}", fmt::format("{}", std::min(chunk, rows - from))}})));
    }
  }
  fmt::print(stderr, "\r{:40}\r", "");
  // Parts this large come from merges in a real installation, and merges build the index of words.
  return warehouse->run("ALTER TABLE bodies MATERIALIZE INDEX words SETTINGS mutations_sync = 1");
}

// The engine is one a process: it fills in a child.
bool fill_apart(const std::string& data, std::uint64_t spans) {
  const pid_t child = fork();
  if (child == 0) {
    const auto done = fill(data, spans);
    if (!done) fmt::print(stderr, "{}\n", done.error().what);
    _exit(done ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  return status == 0;
}

struct Question {
  const char* name;
  const char* goal;
  const char *path, *body = "";
};
constexpr Question questions[] = {
    {"list of traces, newest", "30", "/traces?limit=50&from={30d}"},
    {"list of sessions, newest", "30", "/sessions?limit=50&from={30d}"},
    {"filtered list: agent, one in 20", "30", "/traces?limit=50&filter=agent%3Dagent-3&from={30d}"},
    {"filtered list: failed spans of a tool", "30", "/spans?limit=50&filter=is:error%20tool%3Dt3&from={30d}"},
    {"filtered list: sessions, agent and failed", "30",
     "/sessions?limit=50&filter=agent%3Dagent-3%20status%3Derror&from={30d}"},
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
    {"full text, a rare word", "100", "/sessions?limit=50&filter=W77777&from={30d}"},
    {"full text, a common phrase", "100", "/sessions?limit=50&filter=%22refund%20window%22&from={30d}"},
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

std::string first_trace(net::Client& client, const Server& server, const std::string& since) {
  const auto answer = client.send({.url = server.url + "/api/v1/traces?limit=1&from=" + since});
  if (!answer) return {};
  constexpr std::string_view key = "\"trace_id\":\"";
  const auto at = answer->body.find(key);
  return at == std::string::npos ? std::string() : answer->body.substr(at + key.size(), 32);
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
  fmt::print("| question | p50 ms | slowest ms | CPU ms | to reach, p50 ms |\n| --- | --- | --- | --- | --- |\n");
  const std::string month = format_time(clock.now() - 30 * day), week = format_time(clock.now() - 7 * day);
  const std::string trace = first_trace(client, *server, month);
  for (const auto& question : questions) {
    const std::vector<std::pair<std::string, std::string>> values = {
        {"{30d}", month}, {"{7d}", week}, {"{trace}", trace}};
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
  stop(*server);
}

}  // namespace pawl::bench
