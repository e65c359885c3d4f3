// The catalogue of what a filter can name and a measure can be split by.
#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "records/traces/traces.h"
#include "tree.h"

namespace pawl::query {

namespace {

std::vector<Dimension> words() {
  return {
      {.name = "agent", .definition = "The named actor that did the step.", .sql = "agent", .groups = true},
      {.name = "agent_version",
       .definition = "The version of the agent: its manifest, else what the SDK names.",
       .sql = "agent_version",
       .groups = true,
       .also = "version"},
      {.name = "team", .definition = "The team that owns the agent.", .sql = "team", .groups = true},
      {.name = "environment",
       .definition = "Where it ran: production, staging …",
       .sql = "environment",
       .groups = true,
       .also = "env"},
      {.name = "task", .definition = "What the user wanted done.", .sql = "task", .groups = true},
      {.name = "outcome", .definition = "Whether the task was done.", .sql = "outcome", .groups = true},
      {.name = "customer", .definition = "The customer on whose behalf it ran.", .sql = "customer", .groups = true},
      {.name = "model",
       .definition = "The model that answered, else the one asked for.",
       .sql = "model",
       .groups = true},
      {.name = "model_requested", .definition = "The model asked for.", .sql = "model_requested", .groups = true},
      {.name = "provider", .definition = "Who serves the model.", .sql = "provider", .groups = true},
      {.name = "tool", .definition = "The tool that was called.", .sql = "tool", .groups = true},
      {.name = "kind",
       .definition = "What kind of step a span is.",
       .type = Type::enumeration,
       .sql = "kind",
       .groups = true,
       .values = {"agent", "llm", "tool", "retriever", "embedding", "reranker", "guardrail", "evaluator", "handoff",
                  "workflow", "other"}},
      {.name = "status",
       .definition =
           "How it ended. Of a trace or session: running if a root runs or is awaited (5 minutes after a span), else "
           "error, blocked or unfinished if a root is, else ok; without a root, the status of the first span.",
       .type = Type::enumeration,
       .sql = "status",
       .holds = Holds::total,
       .total = "_status",
       .groups = true,
       .values = {"ok", "error", "blocked", "unfinished", "running"}},
      {.name = "error_type", .definition = "The type of the error.", .sql = "error_type", .groups = true},
      {.name = "error_message", .definition = "The message of the error.", .sql = "error_message", .groups = true},
      {.name = "name", .definition = "The name of the step.", .sql = "name", .groups = true},
      {.name = "service", .definition = "The service that sent the span.", .sql = "service", .groups = true},
      {.name = "user", .definition = "The end user.", .sql = "user", .groups = true, .also = "user_id"},
      {.name = "session",
       .definition = "The conversation or job, as the client named it.",
       .sql = "session",
       .groups = true,
       .also = "session_id"},
  };
}

std::vector<Dimension> contents() {
  return {
      {.name = "prompt",
       .definition = "The name of the prompt. prompt~ searches the text of system prompts.",
       .sql = "prompt",
       .groups = true,
       .also = "prompt_name"},
      {.name = "prompt_version", .definition = "The version of the prompt.", .sql = "prompt_version", .groups = true},
      {.name = "tag", .definition = "Any of the tags.", .sql = "tags", .list = true, .groups = true, .also = "tags"},
      {.name = "finish_reason",
       .definition = "Why the model stopped.",
       .sql = "finish_reasons",
       .list = true,
       .groups = true},
      {.name = "finding",
       .definition = "What a rule found that begins at this span: loop, retry_storm, …",
       .sql = "findings",
       .list = true,
       .groups = true},
      {.name = "waste",
       .definition = "Of a model call whose money was wasted: the rule that says so.",
       .sql = "waste",
       .groups = true},
      {.name = "handoff", .definition = "The agent that a handoff goes to.", .sql = "handoff_to", .groups = true},
      {.name = "handoff_from", .definition = "The agent that hands off.", .sql = "handoff_from", .groups = true},
      {.name = "dialect", .definition = "The SDK's way of speaking.", .sql = "dialect", .groups = true},
      {.name = "trace", .definition = "One trace by its id.", .sql = "trace", .id = true, .also = "trace_id"},
      {.name = "span", .definition = "One span by its id.", .sql = "span", .id = true, .also = "span_id"},
  };
}

std::vector<Dimension> numbers() {
  return {
      {.name = "start",
       .definition = "When it began; of a trace or session, when its first span in the range did.",
       .type = Type::time,
       .sql = "toUnixTimestamp64Nano(start)",
       .holds = Holds::total,
       .total = "_first"},
      {.name = "duration",
       .definition = "How long it took; of a trace or session, from the first start to the last end.",
       .type = Type::duration,
       .sql = "duration",
       .holds = Holds::total,
       .total = "_extent"},
      {.name = "ttft", .definition = "The time to the first token.", .type = Type::duration, .sql = "ttft"},
      {.name = "cost",
       .definition = "What it cost in US dollars: priced, else as reported; spans that do not count cost nothing.",
       .type = Type::money,
       .sql = "if(counted = 1, coalesce(cost, cost_reported), NULL)",
       .holds = Holds::total,
       .total = "_cost"},
      {.name = "tokens",
       .definition = "Tokens of all five kinds, of spans that count.",
       .type = Type::number,
       .sql = "if(counted = 1 AND coalesce(tokens_input, tokens_cache_read, tokens_cache_write, tokens_output, "
              "tokens_reasoning) IS NOT NULL, ifNull(tokens_input, 0) + ifNull(tokens_cache_read, 0) + "
              "ifNull(tokens_cache_write, 0) + ifNull(tokens_output, 0) + ifNull(tokens_reasoning, 0), NULL)",
       .holds = Holds::total,
       .total = "_tokens"},
  };
}

std::vector<Dimension> counts() {
  return {
      {.name = "tokens.input",
       .definition = "Input tokens that came from no cache.",
       .type = Type::number,
       .sql = "if(counted = 1, tokens_input, NULL)",
       .holds = Holds::total,
       .total = "_tokens_input"},
      {.name = "tokens.cache_read",
       .definition = "Input tokens read from the provider's cache.",
       .type = Type::number,
       .sql = "if(counted = 1, tokens_cache_read, NULL)",
       .holds = Holds::total,
       .total = "_tokens_cache_read"},
      {.name = "tokens.cache_write",
       .definition = "Input tokens written to the provider's cache.",
       .type = Type::number,
       .sql = "if(counted = 1, tokens_cache_write, NULL)",
       .holds = Holds::total,
       .total = "_tokens_cache_write"},
      {.name = "tokens.output",
       .definition = "Output tokens without reasoning.",
       .type = Type::number,
       .sql = "if(counted = 1, tokens_output, NULL)",
       .holds = Holds::total,
       .total = "_tokens_output"},
      {.name = "tokens.reasoning",
       .definition = "Reasoning tokens.",
       .type = Type::number,
       .sql = "if(counted = 1, tokens_reasoning, NULL)",
       .holds = Holds::total,
       .total = "_tokens_reasoning"},
      {.name = "errors",
       .definition = "How many of its steps failed themselves; what only passes a failure on is none.",
       .type = Type::number,
       .sql = "toInt64(is_error AND NOT noise)",
       .holds = Holds::total,
       .total = "_errors"},
      {.name = "spans",
       .definition = "How many spans it has, plumbing too.",
       .type = Type::number,
       .sql = "toInt64(1)",
       .holds = Holds::total,
       .total = "_n"},
      {.name = "llm_calls",
       .definition = "How many model calls it has.",
       .type = Type::number,
       .sql = "toInt64(kind = 'llm' AND NOT noise)",
       .holds = Holds::total,
       .total = "_llm_calls"},
      {.name = "tool_calls",
       .definition = "How many tool calls it has; a framework's own tools are none.",
       .type = Type::number,
       .sql = "toInt64(kind = 'tool' AND NOT noise AND NOT framework_tool)",
       .holds = Holds::total,
       .total = "_tool_calls"},
  };
}

}  // namespace

const std::vector<Dimension>& dimension_table() {
  static const std::vector<Dimension> table = [] {
    auto all = words();
    for (const auto& more : {contents(), numbers(), counts()}) std::ranges::copy(more, std::back_inserter(all));
    return all;
  }();
  return table;
}

const Dimension attribute_dimension = {
    .name = "attr.NAME",
    .definition = "Any attribute by its name. > and < compare it as a number.",
    .sql = "attrs",
    .groups = true,
};

const Dimension state_dimension = {
    .name = "state.NAME",
    .definition = "What a step set a member of the session's state to: a text, number or boolean.",
    .sql = "attrs",
    .groups = true,
};

std::optional<std::string> attribute_of(std::string_view name) {
  if (equals_ignoring_case(name.substr(0, 5), "attr.") && name.size() > 5) return std::string(name.substr(5));
  if (equals_ignoring_case(name.substr(0, 6), "state.") && name.size() > 6)
    return std::string(traces::state_attribute) + std::string(name.substr(6));
  return std::nullopt;
}

const std::vector<Flag>& flag_table() {
  static const std::vector<Flag> table = {
      {"error", "the step failed itself", "is_error = 1"},
      {"blocked", "stopped by a guardrail", "status = 'blocked'"},
      {"running", "still runs", "status = 'running'"},
      {"unfinished", "never ended", "status = 'unfinished'"},
      {"root", "has no parent", "parent = 0"},
      {"noise", "plumbing, in no count of steps", "noise = 1"},
      {"counted", "its tokens and cost count", "counted = 1"},
      {"wrapper", "repeats the usage of a span below it", "not_counted = 'wrapper'"},
      {"duplicate", "repeats another report of the same call", "not_counted = 'duplicate'"},
      {"unpriced", "has usage, and no price is known", "cost_unknown = 1"},
      {"framework_tool", "a framework's own tool", "framework_tool = 1"},
      {"clock", "its clock was far off", "clock = 1"},
      {"repeated_call", "one tool was called three times with the same arguments", "has(findings, 'repeated_call')"},
      {"loop", "the same tool calls or answers came three times over", "hasAny(findings, ['loop', 'repeated_call'])"},
      {"ping_pong", "two agents handed over to each other three times for nothing", "has(findings, 'ping_pong')"},
      {"failure_streak", "one tool failed three times and did not succeed in between",
       "has(findings, 'failure_streak')"},
      {"retry_storm", "a model call failed three times in a row", "has(findings, 'retry_storm')"},
      {"context_growth", "the input of an agent's calls grew eightfold", "has(findings, 'context_growth')"},
      {"abandoned", "the run never ended", "has(findings, 'abandoned')"},
      {"truncated", "an answer ended at the limit of tokens", "has(findings, 'truncated')"},
      {"invalid_arguments", "a tool refused the arguments it was given", "has(findings, 'invalid_arguments')"},
      {"wasted", "a model call that was paid for nothing", "waste != ''"},
  };
  return table;
}

const std::vector<Presence>& presence_table() {
  static const std::vector<Presence> table = {
      {"error", "error_type != '' OR error_message != ''"},
      {"parent", "parent != 0"},
      {"links", "links != ''"},
      {"events", "events != ''"},
  };
  return table;
}

const Dimension* find_dimension(std::string_view name) {
  for (const Dimension& dimension : dimension_table())
    if (dimension.name == name || (!dimension.also.empty() && dimension.also == name)) return &dimension;
  return nullptr;
}

bool allows(const Dimension& dimension, Op op) {
  const bool order = op == Op::gt || op == Op::ge || op == Op::lt || op == Op::le;
  if (&dimension == &attribute_dimension || &dimension == &score_dimension || &dimension == &state_dimension)
    return true;
  switch (dimension.type) {
    case Type::text:
      return !order && !(dimension.id && op == Op::contains);
    case Type::enumeration:
      return op == Op::eq || op == Op::ne;
    case Type::number:
      return op != Op::contains;
    case Type::duration:
    case Type::money:
    case Type::time:
      return order;
  }
  return false;
}

std::vector<std::string_view> operators_of(const Dimension& dimension) {
  std::vector<std::string_view> out;
  for (const Op op : {Op::eq, Op::ne, Op::contains, Op::gt, Op::ge, Op::lt, Op::le})
    if (allows(dimension, op)) out.push_back(text_of(op));
  return out;
}

std::string_view text_of(Op op) {
  switch (op) {
    case Op::eq:
      return "=";
    case Op::ne:
      return "!=";
    case Op::contains:
      return "~";
    case Op::gt:
      return ">";
    case Op::ge:
      return ">=";
    case Op::lt:
      return "<";
    case Op::le:
      return "<=";
  }
  return "";
}

std::string_view name_of(Type type) {
  switch (type) {
    case Type::text:
      return "text";
    case Type::number:
      return "number";
    case Type::duration:
      return "duration";
    case Type::money:
      return "money";
    case Type::time:
      return "time";
    case Type::enumeration:
      return "enumeration";
  }
  return "";
}

std::string_view name_of(Grain grain) {
  switch (grain) {
    case Grain::span:
      return "span";
    case Grain::trace:
      return "trace";
    case Grain::session:
      return "session";
  }
  return "";
}

std::optional<Grain> grain_from(std::string_view name) {
  for (const Grain grain : {Grain::span, Grain::trace, Grain::session})
    if (name_of(grain) == name) return grain;
  return std::nullopt;
}

const std::vector<DimensionInfo>& dimensions() {
  static const std::vector<DimensionInfo> infos = [] {
    std::vector<DimensionInfo> out;
    const auto add = [&](const Dimension& from) {
      out.push_back({.name = from.name,
                     .definition = from.definition,
                     .type = from.type,
                     .operators = operators_of(from),
                     .values = from.values,
                     .groups = from.groups,
                     .completes = from.groups});
    };
    for (const Dimension& dimension : dimension_table()) add(dimension);
    add(attribute_dimension);
    add(state_dimension);
    add(score_dimension);
    return out;
  }();
  return infos;
}

std::vector<FactInfo> flag_infos() {
  std::vector<FactInfo> out;
  for (const Flag& flag : flag_table()) out.push_back({flag.name, flag.definition});
  return out;
}

std::vector<std::string_view> flags() {
  std::vector<std::string_view> out;
  for (const Flag& flag : flag_table()) out.push_back(flag.name);
  return out;
}

}  // namespace pawl::query
