// Steps as entries.
#include "entries.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"

namespace pawl::terminal {
namespace {

using Kind = Entry::Kind;
constexpr std::size_t most_words = 160;

std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> out;
  std::string word;
  for (std::size_t i = 0; i <= text.size() && out.size() < most_words; ++i) {
    const auto byte = static_cast<unsigned char>(i < text.size() ? text[i] : ' ');
    if (byte >= 0x80 || std::isalnum(byte) != 0 || byte == '_' || byte == '.' || byte == '-') {
      word += static_cast<char>(byte);
    } else if (!word.empty()) {
      out.insert(to_lower(word));
      word.clear();
    }
  }
  return out;
}

class Builder {
 public:
  explicit Builder(const Run& run) : run_(run) {
    for (const auto& step : run.steps) {
      if (step.kind == "tool") called_.insert(step.call_id.empty() ? "name " + step.label : step.call_id);
      for (const auto& said : step.input)
        for (const auto& part : said.parts)
          if (part.type == "tool_result") results_[part.id] = part.text;
    }
  }
  std::vector<Entry> build() {
    List all;
    for (const std::size_t root : run_.roots) step(run_.steps[root], all, false);
    return all.close();
  }

 private:
  struct List {
    std::vector<Entry> entries;
    Figures pending;  // of a model call that has said nothing: they stand with what it asked for
    void push(Entry entry) {
      entry.text = one_line(entry.text);
      entry.words = words_of(entry.text);
      if (entry.kind != Kind::user) entry.figures.add(std::exchange(pending, {}));
      entries.push_back(std::move(entry));
    }
    std::vector<Entry> close() {
      if (!pending.empty() && !entries.empty()) entries.back().figures.add(pending);
      return std::move(entries);
    }
  };

  static Figures own(const Step& step, bool timed) {
    return {.cost = step.cost, .tokens = step.tokens, .ms = timed ? step.ms : 0};
  }

  void below(const Step& of, List& into, bool in_agent) {
    for (const std::size_t child : of.children) step(run_.steps[child], into, in_agent);
  }

  void step(const Step& step, List& into, bool in_agent) {
    if (step.kind == "llm" && !step.noise && !step.wrapper && !step.duplicate) {
      call(step, into);
      below(step, into, in_agent);
    } else if (step.kind == "tool" && !step.noise) {
      into.push(held(step, Kind::call, "call " + step.label, in_agent));
    } else if (step.kind == "agent" && in_agent) {
      into.push(held(step, Kind::card, "card " + step.label, true));
    } else if (!step.noise && (step.kind == "handoff" || step.kind == "retriever" || step.kind == "embedding" ||
                               step.kind == "reranker" || step.kind == "guardrail" || step.kind == "evaluator")) {
      Entry entry{.kind = Kind::step, .signature = fmt::format("step {} {}", step.kind, step.name), .name = step.name};
      entry.text = step.error, entry.failed = step.is_error, entry.step = &step, entry.figures = own(step, true);
      into.push(std::move(entry));
      below(step, into, in_agent);
    } else {
      if (!step.noise && !in_agent) asked(step, into);
      into.pending.add(own(step, false));
      below(step, into, in_agent || step.kind == "agent");
    }
  }

  // A step that holds what ran inside of it.
  Entry held(const Step& step, Kind kind, std::string signature, bool in_agent) {
    Entry entry{.kind = kind, .signature = std::move(signature), .name = step.label};
    entry.arguments = step.arguments, entry.result = step.result;
    entry.failed = step.is_error, entry.step = &step, entry.figures = own(step, kind == Kind::call);
    const std::string outcome = step.is_error ? step.error : step.result;
    if (kind == Kind::call) entry.text = fmt::format("{} → {}", step.arguments, outcome);
    List inside;
    below(step, inside, in_agent || kind == Kind::card);
    if (inside.entries.empty()) entry.figures.add(std::exchange(inside.pending, {}));
    entry.inside = inside.close();
    return entry;
  }

  // What the user said: an agent's span has it first, and the model call inside may have it again.
  void asked(const Step& step, List& into) {
    for (const auto& said : step.input) {
      if (said.role == "assistant") heard_.clear();
      if (said.role != "user") continue;
      for (const auto& part : said.parts)
        if (part.type == "text" && !trim(part.text).empty() && heard_.insert(one_line(part.text)).second)
          say(Kind::user, "user", part.text, step, into);
    }
  }

  void call(const Step& step, List& into) {
    asked(step, into);
    heard_.clear();
    into.pending.add(own(step, true));
    for (const auto& said : step.output) {
      for (const auto& part : said.parts) {
        if (part.type == "reasoning") say(Kind::thought, "thought", part.text, step, into);
        if (part.type == "text") say(Kind::agent, "agent", part.text, step, into);
        if (part.type == "tool_call" && !called_.contains(part.id) && !called_.contains("name " + part.name))
          told_call(part, step, into);
      }
    }
    if (!step.is_error) return;
    Entry entry{.kind = Kind::failure, .signature = "failure " + step.label, .name = step.label, .text = step.error};
    entry.failed = true, entry.step = &step;
    into.push(std::move(entry));
  }
  static void say(Kind kind, std::string signature, const std::string& text, const Step& step, List& into) {
    if (trim(text).empty()) return;
    Entry entry{.kind = kind, .signature = std::move(signature), .text = text};
    entry.step = &step;
    into.push(std::move(entry));
  }
  // A tool that no span tells of: only the model's words ask for it.
  void told_call(const Part& part, const Step& step, List& into) {
    Entry entry{.kind = Kind::call, .signature = "call " + part.name, .name = part.name};
    const auto result = results_.find(part.id);
    entry.arguments = part.arguments, entry.result = result == results_.end() ? "" : result->second;
    entry.text = fmt::format("{} → {}", entry.arguments, entry.result), entry.step = &step;
    into.push(std::move(entry));
  }

  const Run& run_;
  std::unordered_set<std::string> called_;
  std::unordered_set<std::string> heard_;  // since the last answer
  std::unordered_map<std::string, std::string> results_;
};

}  // namespace

void Figures::add(const Figures& other) {
  if (other.cost) cost = cost.value_or(0) + *other.cost;
  if (other.tokens) tokens = tokens.value_or(0) + *other.tokens;
  ms += other.ms;
}

std::string_view name_of(Entry::Kind kind) {
  constexpr std::string_view names[] = {"user", "agent", "thought", "call", "step", "card", "failure"};
  return names[static_cast<std::size_t>(kind)];
}

std::vector<Entry> entries_of(const Run& run) {
  return Builder(run).build();
}

}  // namespace pawl::terminal
