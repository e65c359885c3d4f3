// A run as a list of what was said, called and answered, each with its share of cost, tokens and time; and two such
// lists beside each other.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "llm/state.h"
#include "run.h"

namespace pawl::terminal {

struct Figures {
  std::optional<std::int64_t> cost, tokens;  // pico-dollars
  double ms = 0;
  void add(const Figures& other);
  bool empty() const { return !cost && !tokens && ms == 0; }
};

struct Entry {
  enum class Kind : std::uint8_t { user, agent, thought, call, step, card, failure };
  Kind kind = Kind::step;
  std::string signature;  // what must be alike for two steps to be the same step
  std::string name;       // of a tool, an agent, a step
  std::string text, arguments, result;
  bool failed = false;
  const Step* step = nullptr;
  Figures figures;
  std::vector<Entry> inside;
  std::set<std::string> words;  // of the text, the first 160
};
std::string_view name_of(Entry::Kind kind);

// Figures of all entries add up to those of the run's steps: a model call's stand with what it said, else with what it
// asked for.
std::vector<Entry> entries_of(const Run& run);

enum class Fate : std::uint8_t { same, reworded, changed, left, right };
std::string_view name_of(Fate fate);

struct Pair {
  const Entry *left = nullptr, *right = nullptr;
  Fate fate = Fate::same;
  int depth = 0;
  std::string why;
  std::vector<llm::StateChange> changes;  // of arguments
};
std::vector<Pair> align(const std::vector<Entry>& left, const std::vector<Entry>& right);
// The first pair that an agent did otherwise; what a user said in other words is none.
std::optional<std::size_t> divergence(const std::vector<Pair>& pairs);

}  // namespace pawl::terminal
