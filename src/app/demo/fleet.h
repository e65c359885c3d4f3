// The demo's fleet as data: five agents of five teams, their sessions of fourteen days, the trajectories these follow.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/money.h"
#include "base/result.h"
#include "base/time.h"

namespace pawl::demo {

enum class Role : std::uint8_t { system, user, assistant, tool };

// One message of a recorded run. An assistant's message asks for one tool at most.
struct Message {
  Role role = Role::user;
  std::string text;
  std::string speaker;     // who of a crew said it; "" elsewhere
  std::string call, tool;  // assistant: the call's id and the tool asked for; tool: whose result it is
  std::string arguments;   // of the call, as compact JSON
  bool failed = false;     // a tool's result that is an error
  bool asks() const { return role == Role::assistant && !tool.empty(); }
};

struct Trajectory {
  std::string id, domain;
  std::string tools;  // definitions, a JSON array; "[]" where none are known
  std::vector<Message> messages;
  std::size_t answers = 0;  // messages of the assistant: model calls of one run
};

struct Trigger {  // a guardrail that fired
  std::string rule, action;
  std::optional<std::size_t> message;  // the one that it fired on
};

struct Feedback {
  int thumb = 0;  // 1 or -1
  std::int64_t after_s = 0;
  std::string comment;
};

// One planned session.
struct Row {
  std::string session, user;
  Nanos at = 0;  // since day 0
  std::string agent, team, workflow, version, model;
  const Trajectory* trajectory = nullptr;
  bool blocked = false;  // by its agent's daily budget, before the first model call
  std::optional<bool> done;
  std::size_t llm_calls = 0;
  std::int64_t input_tokens = 0, cached_tokens = 0, output_tokens = 0;  // cached ones are part of the input
  Nanos duration = 0;                                                   // without the user's pauses
  std::vector<Trigger> triggers;
  std::optional<Feedback> feedback;
  std::vector<std::pair<std::string, double>> scores;
  std::vector<std::string> incidents;
};

struct Fleet {
  std::vector<Trajectory> trajectories;
  std::vector<Row> rows;  // by time; they point into `trajectories`
  std::string licences;   // of the sources, to be kept with copies
  Fleet() = default;
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;
  Fleet(Fleet&&) = default;
  Fleet& operator=(Fleet&&) = default;
};

inline constexpr Nanos fleet_days = 14 * day;

// What is embedded in the program; `corrupt` where that is not what tools/demo_pack.py writes.
Result<Fleet> load_fleet();

}  // namespace pawl::demo
