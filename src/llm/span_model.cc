// The model of a span, its tokens, cost, first token and parameters.
#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "llm/json_scan.h"
#include "llm/span_steps.h"
#include "llm/usage.h"

namespace pawl::llm {

using enum Field;

void read_model(const Found& found, bool failed, Reading& out) {
  assign_unquoted(out.model_requested, found[model_requested]);
  assign_unquoted(out.model_served, found[model_served]);
  if (const std::string_view parameters = found.text(invocation_parameters);
      out.model_requested.empty() && json::is_object(parameters)) {
    for (const std::string_view key : {"model", "model_name", "model_id"}) {
      const std::string_view model = json::member(parameters, key);
      if (out.model_requested.empty() && json::is_string(model)) out.model_requested = json::text(model);
    }
  }
  std::string& named = failed ? out.model_requested : out.model_served;
  if (named.empty()) assign_unquoted(named, found[model_named]);
  std::string_view from_served, from_requested;
  // The pieces are views into the string itself: copy first.
  if (const std::string bare(bare_model(out.model_served, from_served)); bare.size() != out.model_served.size()) {
    from_served = vendor_of(from_served, {});
    out.model_served = bare;
  }
  if (const std::string bare(bare_model(out.model_requested, from_requested));
      bare.size() != out.model_requested.size()) {
    from_requested = vendor_of(from_requested, {});
    out.model_requested = bare;
  }
  std::string word;
  assign_unquoted(word, found[provider]);
  const std::string_view model = out.model_served.empty() ? out.model_requested : out.model_served;
  std::string_view vendor = vendor_of(word, model);
  if (vendor.empty() || word.empty())
    vendor = !from_served.empty() ? from_served : !from_requested.empty() ? from_requested : vendor;
  out.provider = vendor;
  assign_unquoted(out.response_id, found[response_id]);
  assign(out.service_tier, found[service_tier]);
  add_list(found[finish_reasons], out.finish_reasons);
}

void take_served(std::string model, Reading& out) {
  std::string_view vendor;
  const std::string bare(bare_model(model, vendor));
  if (out.provider.empty()) out.provider = vendor_of(vendor_of(vendor, {}), bare);
  out.model_served = bare;
}

namespace {
Cached habit_of(const Dialect& dialect, std::string_view scope, const Found& found) {
  // Anthropic's and Bedrock's numbers as they are on the wire: cached tokens stand beside the input.
  constexpr std::string_view as_on_the_wire[] = {
      "@traceloop/instrumentation-anthropic", "@traceloop/instrumentation-bedrock",
      "opentelemetry.instrumentation.bedrock", "opentelemetry.instrumentation.botocore"};
  if (std::ranges::any_of(as_on_the_wire, [&](std::string_view name) { return scope.starts_with(name); })) {
    return Cached::outside;
  }
  // A habit of a usage object is none of the attributes that stand beside it.
  const bool of_object = dialect.cached == Cached::outside_unless_total && found.has(input_tokens);
  return of_object ? Cached::inside : dialect.cached;
}

}  // namespace

void read_usage(const Reader& reader) {
  const Found& found = reader.found;
  RawUsage raw;
  raw.input = count_of(found[input_tokens]);
  raw.output = count_of(found[output_tokens]);
  raw.total = count_of(found[total_tokens]);
  raw.cache_read = count_of(found[cache_read]);
  raw.cache_write = count_of(found[cache_write]);
  raw.reasoning = count_of(found[reasoning]);
  raw.audio_input = count_of(found[audio_input]);
  raw.audio_output = count_of(found[audio_output]);
  raw.image_input = count_of(found[image_input]);
  if (found.has(usage_json)) read_usage_json(found.text(usage_json), raw);
  const bool model = reader.out.kind == Kind::llm || reader.out.kind == Kind::embedding;
  if (&reader.dialect == &genkit && model) {
    const std::string_view answer = found.text(output);
    read_usage_json(json::member(answer, "usage"), raw);
    for (const std::string_view key : {"usage", "usageMetadata"}) read_usage_json(json::at(answer, {"raw", key}), raw);
  }
  read_answer(reader, raw);
  // Gemini: what the total holds besides input and answer are thoughts.
  const std::int64_t told = raw.input.value_or(0) + raw.output.value_or(0);
  if (reader.out.provider == "google" && raw.output && !raw.reasoning && raw.total.value_or(0) > told) {
    raw.reasoning = *raw.total - told;
  }
  const bool failed = reader.out.status == Status::error;
  if (failed && raw.input.value_or(0) == 0 && raw.output.value_or(0) == 0) return;  // placeholders
  reader.out.tokens = resolve(raw, habit_of(reader.dialect, reader.scope.name, found));
  if (reader.out.kind == Kind::agent && reader.out.tokens.any()) reader.out.wrapper_usage = true;
}

void read_cost(const Found& found, Reading& out) {
  if (const auto dollars = real_of(found[cost])) out.cost_reported = money_from_double(*dollars);
  if (const std::string_view text = found.text(cost_json); !text.empty() && !out.cost_reported) {
    std::string_view total = json::is_object(text) ? json::member(text, "total") : text;
    if (total.empty()) total = json::member(text, "total_cost");
    if (const auto dollars = json::number(total)) out.cost_reported = money_from_double(*dollars);
  }
  const bool failed = out.status == Status::error;
  if (failed && out.cost_reported && out.cost_reported->pico == 0) out.cost_reported.reset();
}

void read_first_token(const Found& found, const otlp::Span& span, Reading& out) {
  constexpr double limit_s = 1e6;
  if (const otlp::Value* value = found[first_token_s]) {
    const auto seconds = real_of(value);
    const bool milliseconds = value->type == otlp::Value::Type::integer;  // Strands
    if (seconds && *seconds > 0 && *seconds < limit_s * 1000) {
      out.ttft = static_cast<Nanos>(*seconds * (milliseconds ? 1e6 : 1e9));
    }
  } else if (const auto ms = real_of(found[first_token_ms]); ms && *ms > 0 && *ms < limit_s * 1000) {
    out.ttft = static_cast<Nanos>(*ms * 1e6);
  } else if (found.has(first_token_time)) {
    const auto time = parse_time(json::text(found.text(first_token_time)));
    const auto start = static_cast<Nanos>(span.start_ns);
    if (time && *time > start) out.ttft = *time - start;
  }
  if (out.ttft) return;
  for (const otlp::Event& event : span.events) {
    if (event.name != "First Token Stream Event" && event.name != "new_token" && event.name != "first_token_received") {
      continue;
    }
    if (event.time_ns > span.start_ns) out.ttft = static_cast<Nanos>(event.time_ns - span.start_ns);
    break;
  }
}

namespace {

bool is_placeholder(std::string_view name, std::string_view value) {
  return value.empty() || value == "null" || value == "\"\"" || value == "\"Infinity\"" || value == "Infinity" ||
         value == "None" || (name == "seed" && value == "0") || (name == "max_tokens" && value == "-1");
}

bool is_parameter(std::string_view name) {
  constexpr std::string_view names[] = {"temperature",
                                        "top_p",
                                        "top_k",
                                        "max_tokens",
                                        "max_completion_tokens",
                                        "max_output_tokens",
                                        "frequency_penalty",
                                        "presence_penalty",
                                        "seed",
                                        "stop",
                                        "stop_sequences",
                                        "reasoning_effort",
                                        "n",
                                        "tool_choice",
                                        "response_format"};
  return std::ranges::find(names, name) != std::end(names);
}

}  // namespace

void read_parameters(Reader& reader) {
  Reading& out = reader.out;
  for (const Candidate& candidate : reader.found.content) {
    if (candidate.field != parameter) continue;
    const std::string_view key = candidate.kv->key;
    const std::string_view name = key.substr(key.rfind('.') + 1);
    std::string_view value = candidate.kv->value.text;
    if (candidate.kv->value.type != otlp::Value::Type::string)
      value = reader.arena.keep(otlp::to_text(candidate.kv->value));
    if (!is_placeholder(name, value)) out.parameters.emplace_back(name, value);
  }
  if (!out.parameters.empty() || !reader.found.has(invocation_parameters)) return;
  json::Members members(reader.found.text(invocation_parameters));
  while (members.next()) {
    if (is_parameter(members.key) && !is_placeholder(members.key, members.value)) {
      out.parameters.emplace_back(members.key, members.value);
    }
  }
}

}  // namespace pawl::llm
