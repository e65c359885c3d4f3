// Ten million spans and what they said, made in the engine: thirty days of twenty agents.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "base/time.h"
#include "bench.h"
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

// Five bodies a trace, a call each: 20 to 620 words in sentences of eight, and one word of its own. Of 200,000
// sentences, and of 30,000 words in them, the r-th stands in r times fewer places than the first (Zipf's law).
constexpr std::string_view fill_bodies = R"sql(
INSERT INTO bodies (project, scope, hash, at, trace, span, slot, text, batch)
WITH (SELECT arrayConcat(['the', 'refund', 'order', 'to', 'please', 'of', 'and', 'flight', 'card', 'declined', 'customer',
  'policy', 'ticket', 'change', 'seat', 'would', 'like', 'my', 'account', 'status', 'shipping', 'address', 'item', 'return',
  'window', 'thank', 'you', 'help', 'agent', 'price'], arrayMap(r -> concat(['ba', 'ce', 'di', 'fo', 'gu', 'ka', 'le', 'mi',
  'no', 'pu'][1 + r % 10], ['ra', 'se', 'ti', 'vo', 'zu', 'lan', 'men', 'nis', 'ron', 'tur'][1 + intDiv(r, 10) % 10],
  ['da', 'fe', 'gi', 'ho', 'ju', 'kal', 'len', 'mil', 'nor', 'pus'][1 + intDiv(r, 100) % 10],
  ['', 'be', 'ci', 'do', 'fu', 'ga', 'he', 'ki', 'lo', 'mu'][1 + intDiv(r, 1000) % 10], ['', 'na', 'pe'][1 + intDiv(r, 10000)]),
  range(29970)))) AS vocabulary
SELECT 1, toUInt128(cityHash64('s', intDiv(tr, 4))), toUInt128(cityHash64(number, 77)),
  fromUnixTimestamp64Milli(toInt64(({first} + tr * {step}) * 1000), 'UTC'),
  bitOr(bitShiftLeft(toUInt128(cityHash64(tr)), 64), toUInt128(cityHash64(tr + 7))),
  toUInt128(cityHash64(tr * 10 + 1 + 2 * (number % 5), 3)), 0, arrayStringConcat(arrayMap(i -> vocabulary[
  toUInt32(exp(cityHash64(toUInt32(exp(cityHash64(number, intDiv(i, 8)) % 1000000 / 1000000 * log(200000))), i % 8) % 1000000
  / 1000000 * log(30000)))], range(20 + cityHash64(number) % 600)), ' ') ||
  ' W' || toString(tr), 1 + intDiv(number, 10000)
FROM (SELECT number, intDiv(number, 5) AS tr FROM numbers({from}, {count})))sql";

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
  for (const auto& [sql, rows] : {std::pair{fill_spans, spans}, std::pair{fill_bodies, 5 * traces}}) {
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
  TRY(warehouse->run("ALTER TABLE bodies MATERIALIZE INDEX words SETTINGS mutations_sync = 1"));
  const auto some =
      TRY(warehouse->read({.sql = "SELECT arrayStringConcat(arraySlice(splitByChar(' ', text), 6, 12), ' ') "
                                  "FROM bodies WHERE hash % 1009 = 0 LIMIT 1000",
                           .deadline = 10 * minute,
                           .format = "TSV"}));
  std::ofstream(data + "/passages.txt") << some.raw;
  return {};
}

}  // namespace

std::string with(std::string_view sql, const std::vector<std::pair<std::string, std::string>>& values) {
  std::string out(sql);
  for (const auto& [name, value] : values)
    for (auto at = out.find(name); at != std::string::npos; at = out.find(name, at + value.size()))
      out.replace(at, name.size(), value);
  return out;
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

}  // namespace pawl::bench
