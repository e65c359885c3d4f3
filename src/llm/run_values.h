// What the protocols of runs share: times as clients write them, attributes of a run that is shown as a span.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "llm/run.h"

namespace pawl::llm {

// ISO 8601 with or without an offset (none is UTC), or a number since 1970 in seconds, milliseconds, micro- or
// nanoseconds by its size; raw JSON. nullopt where it is none of these.
std::optional<Nanos> time_of(std::string_view raw);

// Adds attributes to a span that is being made; empty values are left out.
class Attributes {
 public:
  Attributes(RunSpan& span, std::vector<otlp::KeyValue>& to) : span_(span), to_(to) {}
  void text(std::string_view key, std::string value);
  void json(std::string_view key, std::string_view raw);  // a string's characters, else the JSON itself
  // One attribute for each member of an object, `prefix` in front; anything else as one.
  void members(std::string_view prefix, std::string_view raw);

 private:
  RunSpan& span_;
  std::vector<otlp::KeyValue>& to_;
};

// A sum of the numbers of a flat object, as decimal text; "" where there are none.
std::string sum_of(std::string_view object);

void read_langfuse(const Run& run, RunSpan& out);
void read_langsmith(const Run& run, RunSpan& out);
void read_openai_agents(const Run& run, RunSpan& out);

}  // namespace pawl::llm
