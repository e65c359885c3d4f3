// A planned session as it happened: turns and their steps with times and tokens, in no SDK's words yet.
//
// The sums over a session are exactly its row's: model calls, input, cached and output tokens, and the time of its
// turns. How they fall on the calls follows the messages: a call's input weighs what the history before it is long, its
// cached part what the history of the call before was, its output what was said.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "demo/fleet.h"

namespace pawl::demo {

inline constexpr std::size_t none = ~std::size_t{0};

struct Step {
  enum class Kind : std::uint8_t { llm, tool, guardrail, handoff, agent };
  Kind kind = Kind::llm;
  std::size_t parent = none;  // the step of kind agent that it happened in
  Nanos start = 0, end = 0;
  std::size_t message = none;  // llm: what was answered; tool: the message that asked for it; guardrail: what it read
  std::size_t result = none;   // tool
  std::size_t history = 0;     // llm: so many messages were sent
  std::int64_t input = 0, cached = 0, output = 0;  // llm: tokens
  Nanos first_token = 0;                           // llm: since its start
  std::string_view agent, from;                    // agent: its name, who handed over; handoff: to whom, from whom
  std::string_view rule, action;                   // guardrail; action "" where it let pass
  std::uint64_t id = 0;
};

struct Turn {
  Id128 trace;
  std::uint64_t root = 0;  // the root span's id
  Nanos start = 0, end = 0;
  std::size_t asked = none;     // the user's message
  std::size_t answered = none;  // the last of the assistant that asks for no tool
  std::vector<Step> steps;      // by start; an agent before what happened in it
  bool last = false;
};

struct Session {
  const Row* row = nullptr;
  std::string id;
  Nanos start = 0;
  std::vector<Turn> turns;  // one at least
  const Message& message(std::size_t index) const { return row->trajectory->messages[index]; }
};

struct Staging {
  std::uint64_t seed = 0;
  Nanos start = 0;
  Nanos latest = 0;   // pauses are shortened so that it ends by then
  double pauses = 1;  // how long a user takes, against what is usual
  std::string id;     // of the session; "": the row's
};

// Pure: the same row and staging give the same session, ids included.
Session stage_session(const Row& row, const Staging& staging);

// `total` in parts that are as the weights are and add up to it; all to the first where all weights are 0.
std::vector<std::int64_t> share(std::int64_t total, const std::vector<std::int64_t>& weights);

}  // namespace pawl::demo
