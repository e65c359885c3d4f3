// The steps of reading a span (span.cc), each in a file of its own: values, who and what, model and usage, how it
// ended.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "llm/dialects.h"
#include "llm/usage.h"

namespace pawl::llm {

// span_values.cc: attribute values as what they are meant to be.
void assign(std::string& out, const otlp::Value* value);
void assign_unquoted(std::string& out, const otlp::Value* value);  // also where it stands in JSON quotes
std::optional<std::int64_t> count_of(const otlp::Value* value);
std::optional<double> real_of(const otlp::Value* value);
void add_list(const otlp::Value* value, std::vector<std::string>& out);  // array, JSON list, or words with commas

// span_kind.cc: kind, and the names of tools and agents.
void read_kind(const Found& found, Reading& out);
void read_tool(const Found& found, std::string_view span_name, Reading& out);
void read_agent(const Found& found, std::string_view span_name, Reading& out);

// span_model.cc: model, usage, cost, first token, parameters.
void read_model(const Found& found, bool failed, Reading& out);
void read_usage(const Reader& reader);
void take_served(std::string model, Reading& out);  // without the vendor in front, which names the provider
void read_cost(const Found& found, Reading& out);
void read_first_token(const Found& found, const otlp::Span& span, Reading& out);
void read_parameters(Reader& reader);

// span_answer.cc: what the provider's whole answer says beyond the attributes.
void read_answer(const Reader& reader, RawUsage& raw);

// span_status.cc: how it ended, and handoffs.
void read_status(const Dialect& dialect, const Found& found, const otlp::Span& span, Reading& out);
void read_tool_error(const Found& found, Reading& out);
void apply_tool_role(Reading& out);
void read_handoff_target(const Found& found, Reading& out);

}  // namespace pawl::llm
