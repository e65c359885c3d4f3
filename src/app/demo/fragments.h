// A trajectory's messages in one SDK's shape, made once: a call's whole history is a prefix of it, and so a copy.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "demo/fleet.h"

namespace pawl::demo {

enum class Shape : std::uint8_t {
  otel,           // gen_ai.input.messages: {"role","parts":[…]}, the system's prompt apart
  otel_whole,     // the same, the system's prompt among them (OpenLLMetry)
  openinference,  // llm.input_messages.N.message.*: attributes of a protobuf span
  openai,         // OpenAI's chat messages (Langfuse)
};

class Fragments {
 public:
  Fragments(const Trajectory& trajectory, Shape shape);
  // The first `messages` messages: JSON objects with a comma between, or attributes.
  std::string_view history(std::size_t messages) const { return std::string_view(text_).substr(0, upto_[messages]); }
  // An assistant's message as the answer of a call: a JSON object (OTel's with its finish reason), or attributes.
  const std::string& answer(std::size_t message) const { return answers_[message]; }
  const std::string& system() const { return system_; }  // of Shape::otel: a JSON string, "" where there is none

 private:
  std::string text_, system_;
  std::vector<std::size_t> upto_;  // bytes of the first i messages
  std::vector<std::string> answers_;
};

}  // namespace pawl::demo
