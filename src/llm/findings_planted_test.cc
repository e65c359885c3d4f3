// Precision and recall of the rules: faults are planted into the demo's recorded runs, and what only looks like one.
#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <map>
#include <set>

#include "base/rng.h"
#include "base/text.h"
#include "llm/findings.h"
#include "llm/json_scan.h"
#include "wire/compress.h"

namespace pawl::llm {
namespace {

using Steps = std::vector<Seen>;  // start holds the pause before it, end its length, until `lay_out`

struct Corpus {
  std::deque<std::string> words;  // what steps point at
  std::vector<Steps> runs;
  std::string_view keep(std::string text) { return words.emplace_back(std::move(text)); }
};

Seen model(std::uint32_t told, std::int64_t tokens_in = 500, std::int64_t tokens_out = 100) {
  Seen one{.kind = Kind::llm, .counted = true, .label = "gpt", .agent = "worker", .told = told, .end = second};
  one.tokens_in = tokens_in, one.tokens_out = tokens_out;
  return one;
}
Seen tool(std::string_view name, std::uint32_t told) {
  return {.kind = Kind::tool, .label = name, .agent = "worker", .told = told, .end = second};
}
Seen failed(Seen one, std::string_view message) {
  one.status = Status::error, one.error_message = message;
  return one;
}
Seen handoff(std::string_view to) {
  return {.kind = Kind::handoff, .label = "handoff", .agent = "worker", .handoff_to = to, .end = millisecond};
}
std::uint32_t hash_of(std::string_view text) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(text) | 1U);
}

Steps steps_of(std::string_view messages, Corpus& corpus) {
  Steps out;
  std::int64_t tokens = 0;
  std::uint32_t asked = 0;  // arguments of the call whose result comes next
  std::string speaker;
  json::Elements all(messages);
  while (all.next()) {
    const std::string role = json::text(json::member(all.value, "role")),
                      said = json::text(json::member(all.value, "text"));
    if (role == "assistant") {
      if (const auto who = json::text(json::member(all.value, "speaker")); who != speaker) {
        if (!speaker.empty()) out.push_back(handoff(corpus.keep(who)));
        speaker = who;
      }
      out.push_back(model(said.size() < 64 ? 0 : hash_of(said), tokens, std::ssize(said) / 4));
      asked = hash_of(json::member(all.value, "arguments"));
    } else if (role == "tool") {
      const auto step = tool(corpus.keep(json::text(json::member(all.value, "tool"))), asked);
      const bool bad = json::member(all.value, "failed") == "true";
      out.push_back(bad ? failed(step, corpus.keep(said.substr(0, 2000))) : step);
    }
    tokens += std::ssize(said) / 4;
  }
  return out;
}

Corpus recorded() {
  Corpus out;
  std::ifstream in(PAWL_SOURCE_DIR "/data/demo/fleet.jsonl.zst", std::ios::binary);
  const auto text = decompress("zstd", std::string((std::istreambuf_iterator<char>(in)), {}), 256U << 20);
  EXPECT_TRUE(text) << text.error().what;
  if (!text) return out;
  for (const auto line : split(*text, '\n'))
    if (const auto messages = json::member(line, "messages"); !messages.empty())
      out.runs.push_back(steps_of(messages, out));
  return out;
}

std::set<Rule> found_in(Steps run, Status root = Status::ok) {
  Nanos now = second;
  for (Seen& one : run) {
    one.start += now;
    now = one.start + one.end;
    one.end = now;
  }
  run.insert(run.begin(), Seen{.root = true, .kind = Kind::agent, .status = root, .label = "root", .end = now});
  std::set<Rule> out;
  for (const auto& finding : find(run)) out.insert(finding.rule);
  return out;
}

// What validators say to a model, as they print it; and failures that are none of its arguments'.
constexpr std::string_view refusals[] = {
    "1 validation error for lookup\npnr\n  Field required [type=missing, input_value={}, input_type=dict]",
    "'pnr' is a required property\n\nFailed validating 'required' in schema",
    "lookup() got an unexpected keyword argument 'booking'",
    "lookup() missing 1 required positional argument: 'pnr'",
    "MCP error -32602: Invalid arguments for tool lookup",
    R"([{"code":"invalid_type","expected":"string","received":"undefined","path":["pnr"],"message":"Required"}])",
    "data must have required property 'pnr'",
    "Invalid JSON input for tool lookup: {pnr",
    "json: cannot unmarshal string into Go struct field Request.amount of type float64",
};
constexpr std::string_view other_failures[] = {
    "Booking QX7R2M not found", "PaymentGatewayTimeout: acquirer did not answer within 30 s",
    "429 Too Many Requests",    "permission denied: the key is not valid for this account",
    "connection reset by peer", "Error: the refund of 412.50 is above the limit"};
constexpr std::string_view limits[] = {"length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length"};
constexpr std::string_view other_ends[] = {"stop", "end_turn", "tool_calls", "STOP", "content_filter", "COMPLETE"};

template <std::size_t N>
std::string_view one_of(const std::string_view (&all)[N], Random& random) {
  return all[random.next() % N];
}

// Steps with a fault of a rule, or with what only looks like one.
Steps planted(Rule rule, bool fault, Random& random) {
  const auto fresh = [&] { return static_cast<std::uint32_t>(random.next() | 1U); };
  const std::uint32_t same = fresh(), second_tool = fresh();
  Steps out;
  const auto call = [&](Seen step) { out.push_back(model(0)), out.push_back(step); };
  const int rounds = fault ? 3 + static_cast<int>(random.next() % 3) : 2;
  switch (rule) {
    case Rule::retry_storm:
      for (int i = 0; i < 4; ++i) {
        out.push_back(failed(model(0), "503"));
        if (!fault) out.back().start = 5 * minute;
      }
      break;
    case Rule::loop:
      for (int i = 0; i < rounds; ++i) call(tool("planted_a", same)), call(tool("planted_b", second_tool));
      break;
    case Rule::repeated_call:
      for (int i = 0; i < rounds; ++i) call(tool("planted_a", same)), call(tool("planted_b", fresh()));
      break;
    case Rule::failure_streak:
      for (int i = 0; i < 4; ++i) {
        const auto step = tool("planted_a", fresh());
        call(!fault && i % 2 == 1 ? step : failed(step, one_of(other_failures, random)));
      }
      break;
    case Rule::ping_pong:
      for (int i = 0; i < 8; ++i) {  // what follows the last one is the run's own
        out.push_back(handoff(i % 2 == 0 ? "planted_left" : "planted_right"));
        out.push_back(model(0, 500, 20));
        if (!fault) call(tool("planted_a", fresh()));
      }
      break;
    case Rule::invalid_arguments:
      call(failed(tool("planted_a", same), fault ? one_of(refusals, random) : one_of(other_failures, random)));
      break;
    case Rule::truncated:
      out.push_back(model(0));
      out.back().truncated = is_truncated(fault ? one_of(limits, random) : one_of(other_ends, random));
      break;
    case Rule::context_growth:
      for (int i = 1; i <= 6; ++i) out.push_back(model(0, fault ? i * i * 400 : 4000 + i * 2000));
      break;
    case Rule::abandoned:
      break;  // the root alone says it
  }
  for (Seen& one : out) one.agent = "planted";  // its calls are none of the run's own agents'
  return out;
}

TEST(FindingsPlanted, PrecisionAndRecallOverRecordedRuns) {
  const Corpus corpus = recorded();
  ASSERT_GT(corpus.runs.size(), 100U);
  SeededRandom random(8);
  std::map<Rule, int> planted_runs, right, wrong, unlabelled;
  int clean = 0;
  for (const Steps& run : corpus.runs) {
    const auto before = found_in(run);
    for (const Rule rule : before) ++unlabelled[rule];
    if (!before.empty()) continue;  // nobody labelled those
    ++clean;
    for (std::size_t i = 0; i < rule_count; ++i) {
      const auto rule = static_cast<Rule>(i);
      for (const bool fault : {true, false}) {
        Steps mixed = run;
        const auto steps = planted(rule, fault, random);
        const auto at = static_cast<std::ptrdiff_t>(random.next() % (mixed.size() + 1));
        mixed.insert(mixed.begin() + at, steps.begin(), steps.end());
        const bool open = rule == Rule::abandoned;
        const auto found = found_in(mixed, !open ? Status::ok : fault ? Status::unfinished : Status::running);
        planted_runs[rule] += fault;
        for (const Rule said : found) ++(fault && said == rule ? right : wrong)[said];
      }
    }
  }
  fmt::print("findings: faults planted into {} recorded runs in which no rule speaks\n", clean);
  for (std::size_t i = 0; i < rule_count; ++i) {
    const auto rule = static_cast<Rule>(i);
    const double said = right[rule] + wrong[rule], recall = 1.0 * right[rule] / planted_runs[rule];
    const double precision = said == 0 ? 0 : right[rule] / said;
    fmt::print(
        "  {:18} precision {:.3f} ({} of {:.0f}), recall {:.3f} ({} of {}); speaks in {} recorded runs (no labels)\n",
        name_of(rule), precision, right[rule], said, recall, right[rule], planted_runs[rule], unlabelled[rule]);
    EXPECT_GE(precision, 0.98) << name_of(rule);
    EXPECT_GE(recall, 0.98) << name_of(rule);
  }
}

}  // namespace
}  // namespace pawl::llm
