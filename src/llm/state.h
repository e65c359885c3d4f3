// What changed in a session's state, step by step: deltas as SDKs send them (ADK, LangGraph, OTel events), folded into
// the state so far. Pure; takes any bytes.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "llm/messages.h"

namespace pawl::llm {

struct StateChange {
  enum class Op : std::uint8_t { added, changed, removed };
  Op op = Op::changed;
  std::string path;           // "cart.total", "items[2]"; a key with a dot or bracket stands in quotes
  std::string before, after;  // JSON; "" where it was, or is, not there
};
std::string_view name_of(StateChange::Op op);

// Limits: of one step 200 changes are told, the first ones by path; objects and lists are looked into 6 deep, below
// they differ as a whole.
inline constexpr std::size_t most_state_changes = 200;

// What differs between two JSON values, by path; "" is nothing at all.
std::vector<StateChange> json_changes(std::string_view before, std::string_view after);

class State {
 public:
  // Lays a delta over the state: each member of the object replaces the value of its key, null removes it. What is no
  // JSON object changes nothing. Gives what differs.
  std::vector<StateChange> apply(std::string_view delta);
  std::string json() const;  // all of it, keys in order
  bool empty() const { return values_.empty(); }

 private:
  std::map<std::string, std::string, std::less<>> values_;  // JSON by key
};

// The delta that a piece of state brought, as JSON. An event that carries it beside other facts, and a whole
// checkpoint, are undone: {"state": {…}, "author": …} is what stands in "state".
std::string state_delta(const Piece& piece);

// What of a delta can be filtered by: the members of the object that are a text, a number or a boolean and at most 256
// bytes; the first 32.
std::vector<std::pair<std::string, std::string>> state_facts(std::string_view delta);

}  // namespace pawl::llm
