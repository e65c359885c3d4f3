// The rules, each a walk over the steps of one trace.
#include "llm/findings.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"

namespace pawl::llm {
namespace {

constexpr std::size_t least = 3;             // failures, repeats, rounds
constexpr std::size_t longest_period = 4;    // tool calls of one round
constexpr std::size_t longest_answers = 12;  // answers of one round
constexpr std::int64_t few_tokens = 40;      // no more than it takes to hand over
constexpr Nanos storm_gap = 60 * second;
constexpr std::size_t growth_calls = 5;
constexpr std::int64_t growth_times = 8, growth_tokens = 8000;

struct About {
  std::string_view name, words;
};
constexpr About abouts[rule_count] = {
    {"retry_storm", "a model call failed three times in a row, each within a minute of the one before"},
    {"loop", "the same two to four tool calls, or the same answers, came three times over"},
    {"repeated_call", "one tool was called three times with the same arguments"},
    {"failure_streak", "one tool failed three times and did not succeed in between"},
    {"ping_pong", "two agents handed over to each other three times and brought nothing new"},
    {"invalid_arguments", "a tool refused the arguments that the model gave it"},
    {"truncated", "an answer ended at the limit of tokens"},
    {"abandoned", "the run never ended"},
    {"context_growth", "the input of an agent's calls grew eightfold, to 8,000 tokens or more"},
};

using Indexes = std::vector<std::size_t>;

class Finder {
 public:
  explicit Finder(std::span<const Seen> spans) : spans_(spans) {
    for (std::size_t i = 0; i < spans.size(); ++i) {
      const Seen& one = spans[i];
      if (one.noise) continue;
      if (one.kind == Kind::tool && !one.framework_tool && !thinks(one.label)) tools_.push_back(i);
      if (one.kind == Kind::llm) calls_.push_back(i);
    }
  }

  std::vector<Finding> run() {
    retry_storms();
    loops();
    if (tools_.size() >= least) {
      repeated_calls();
      failure_streaks();
    }
    ping_pong();
    single_spans();
    context_growth();
    std::ranges::sort(out_, [](const Finding& a, const Finding& b) {
      return std::tie(a.spans.front(), a.rule) < std::tie(b.spans.front(), b.rule);
    });
    return std::move(out_);
  }

 private:
  static bool thinks(std::string_view tool) {  // no call of the world: a place to write down a thought
    return tool == "think" || tool == "thinking" || tool == "sequential_thinking" || tool == "sequentialthinking";
  }
  static bool failed(const Seen& one) { return one.status == Status::error; }

  // Counted model calls that began after `from` and not after `to`.
  Indexes calls_between(Nanos from, Nanos to) const {
    Indexes out;
    const auto first = std::ranges::upper_bound(calls_, from, {}, [&](std::size_t i) { return spans_[i].start; });
    for (auto at = first; at != calls_.end() && spans_[*at].start <= to; ++at)
      if (spans_[*at].counted) out.push_back(*at);
    return out;
  }
  // The model call that asked for this step: the last that began before it.
  void add_asker(std::size_t step, Indexes& out) const {
    const auto after =
        std::ranges::lower_bound(calls_, spans_[step].start, {}, [&](std::size_t i) { return spans_[i].start; });
    if (after == calls_.begin()) return;
    const std::size_t asker = *std::prev(after);
    if (spans_[asker].counted && (out.empty() || out.back() != asker)) out.push_back(asker);
  }
  void add(Rule rule, std::size_t times, Indexes spans, Indexes wasted) {
    out_.push_back({rule, static_cast<std::uint32_t>(times), std::move(spans), std::move(wasted)});
  }

  void retry_storms() {
    Indexes row;
    const auto close = [&] {
      Indexes paid;
      for (const std::size_t i : row)
        if (spans_[i].counted) paid.push_back(i);
      if (row.size() >= least) add(Rule::retry_storm, row.size(), row, std::move(paid));
      row.clear();
    };
    for (const std::size_t i : calls_) {
      const Seen& one = spans_[i];
      if (!row.empty()) {
        const Seen& last = spans_[row.back()];
        if (!failed(one) || one.label != last.label || one.start - last.end > storm_gap) close();
      }
      if (failed(one)) row.push_back(i);
    }
    close();
  }

  // Tool and arguments as one number; 0 where the arguments were not sent.
  std::uint64_t call_key(std::size_t i) const {
    const Seen& one = spans_[i];
    return one.told == 0 ? 0 : std::hash<std::string_view>{}(one.label) ^ (std::uint64_t{one.told} << 1U);
  }

  // Rounds of the same steps: (first, steps of a round, rounds), none within another.
  struct Rounds {
    std::size_t at = 0, period = 0, rounds = 0;
  };
  static std::vector<Rounds> rounds_of(const std::vector<std::uint64_t>& keys, std::size_t shortest,
                                       std::size_t longest) {
    std::vector<Rounds> out;
    for (std::size_t at = 0; at < keys.size(); ++at) {
      for (std::size_t period = shortest; keys[at] != 0 && period <= longest; ++period) {
        std::size_t length = period;
        while (at + length < keys.size() && keys[at + length] != 0 && keys[at + length] == keys[at + length - period])
          ++length;
        const auto first = keys.begin() + static_cast<std::ptrdiff_t>(at);
        const auto round_end = first + static_cast<std::ptrdiff_t>(std::min(period, keys.size() - at));
        const bool all_one = period > 1 && std::all_of(first, round_end, [&](std::uint64_t k) { return k == *first; });
        if (length / period < least || all_one || std::find(first, round_end, 0U) != round_end) continue;
        out.push_back({at, period, length / period});
        at += length / period * period - 1;
        break;
      }
    }
    return out;
  }
  void add_loops(const Indexes& steps, std::size_t shortest, std::size_t longest) {
    std::vector<std::uint64_t> keys;
    for (const std::size_t i : steps) keys.push_back(call_key(i));
    for (const auto& [at, period, rounds] : rounds_of(keys, shortest, longest)) {
      const auto begin = steps.begin() + static_cast<std::ptrdiff_t>(at);
      Indexes list(begin, begin + static_cast<std::ptrdiff_t>(rounds * period));
      if (std::ranges::any_of(out_, [&](const Finding& other) {  // the tools that these answers asked for told it
            return other.rule == Rule::loop && other.spans.front() < list.back() && other.spans.back() > list.front();
          }))
        continue;
      in_loop_.insert(list.begin(), list.end());
      auto wasted = calls_between(spans_[list[period - 1]].start, spans_[list.back()].start);
      add(Rule::loop, rounds, std::move(list), std::move(wasted));
    }
  }
  void loops() {
    add_loops(tools_, 2, longest_period);
    add_loops(calls_, 1, longest_answers);
  }

  void repeated_calls() {
    std::unordered_map<std::uint64_t, Indexes> by_call;
    for (const std::size_t i : tools_)
      if (const auto key = call_key(i)) by_call[key].push_back(i);
    for (auto& [key, list] : by_call) {
      if (list.size() < least || std::ranges::all_of(list, [&](std::size_t i) { return in_loop_.contains(i); }))
        continue;
      Indexes wasted;
      for (std::size_t i = 1; i < list.size(); ++i) add_asker(list[i], wasted);
      const std::size_t times = list.size();
      add(Rule::repeated_call, times, std::move(list), std::move(wasted));
    }
  }

  void failure_streaks() {
    std::unordered_map<std::string_view, Indexes> by_tool;
    const auto close = [&](Indexes& list) {
      if (list.size() >= least) {
        auto wasted = calls_between(spans_[list.front()].start, spans_[list.back()].start);
        const std::size_t times = list.size();
        add(Rule::failure_streak, times, std::move(list), std::move(wasted));
      }
      list.clear();
    };
    for (const std::size_t i : tools_) {
      auto& list = by_tool[spans_[i].label];
      if (failed(spans_[i]))
        list.push_back(i);
      else
        close(list);
    }
    for (auto& [tool, list] : by_tool) close(list);
  }

  // Whether what was done in [from, to) was no more than to hand over: no tool, and answers that are short or were
  // given before.
  bool brings_nothing(Nanos from, Nanos to) const {
    const auto inside = [&](std::size_t i) { return spans_[i].start >= from && spans_[i].start < to; };
    if (std::ranges::any_of(tools_, inside)) return false;
    return std::ranges::all_of(calls_, [&](std::size_t i) {
      const Seen& one = spans_[i];
      if (!inside(i) || (one.tokens_out && *one.tokens_out <= few_tokens)) return true;
      return one.told != 0 && std::ranges::any_of(calls_, [&](std::size_t other) {
               return spans_[other].start < from && spans_[other].told == one.told;
             });
    });
  }

  // By handoffs alone: agents that are called in turn by a third one are how that one works.
  void ping_pong() {
    Indexes turns;
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      const Seen& one = spans_[i];
      if (one.noise || one.kind != Kind::handoff || one.handoff_to.empty()) continue;
      if (turns.empty() || spans_[turns.back()].handoff_to != one.handoff_to) turns.push_back(i);
    }
    const auto to = [&](std::size_t at) { return spans_[turns[at]].handoff_to; };
    const auto start = [&](std::size_t at) {
      return at < turns.size() ? spans_[turns[at]].start : std::numeric_limits<Nanos>::max();
    };
    for (std::size_t at = 0; at + 2 * least <= turns.size(); ++at) {
      std::size_t length = 2;
      while (at + length < turns.size() && to(at + length) == to(at + length - 2) &&
             brings_nothing(start(at + length), start(at + length + 1)))
        ++length;
      const std::size_t rounds = length / 2;
      if (rounds < least) continue;
      const auto begin = turns.begin() + static_cast<std::ptrdiff_t>(at);
      Indexes list(begin, begin + static_cast<std::ptrdiff_t>(rounds * 2));
      auto wasted = calls_between(start(at + 2) - 1, start(at + rounds * 2) - 1);
      add(Rule::ping_pong, rounds, std::move(list), std::move(wasted));
      at += rounds * 2 - 1;
    }
  }

  void single_spans() {
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      const Seen& one = spans_[i];
      if (one.noise) continue;
      if (one.kind == Kind::tool && failed(one) && is_invalid_arguments(one.error_type, one.error_message)) {
        Indexes wasted;
        add_asker(i, wasted);
        add(Rule::invalid_arguments, 1, {i}, std::move(wasted));
      }
      if (one.kind == Kind::llm && one.truncated) add(Rule::truncated, 1, {i}, one.counted ? Indexes{i} : Indexes{});
      if (one.status == Status::unfinished && one.root) {
        Indexes wasted;
        std::ranges::copy_if(calls_, std::back_inserter(wasted), [&](std::size_t c) { return spans_[c].counted; });
        add(Rule::abandoned, 1, {i}, std::move(wasted));
      }
    }
  }

  void context_growth() {
    if (calls_.size() < growth_calls) return;
    std::unordered_map<std::string_view, Indexes> by_agent;
    for (const std::size_t i : calls_)
      if (spans_[i].tokens_in) by_agent[spans_[i].agent].push_back(i);
    for (const auto& [agent, list] : by_agent) {
      const auto size = [&](std::size_t i) { return *spans_[i].tokens_in; };
      const std::size_t largest = *std::ranges::max_element(list, {}, size);
      const std::int64_t times = size(largest) / std::max<std::int64_t>(size(list.front()), 1);
      if (list.size() < growth_calls || times < growth_times || size(largest) < growth_tokens) continue;
      add(Rule::context_growth, static_cast<std::size_t>(std::min<std::int64_t>(times, UINT32_MAX)),
          {list.front(), largest}, {});
    }
  }

  std::span<const Seen> spans_;
  Indexes tools_, calls_;
  std::unordered_set<std::size_t> in_loop_;
  std::vector<Finding> out_;
};

bool says_one(std::string_view text, std::span<const std::string_view> words) {
  const std::string lower = to_lower(text.substr(0, 2000));
  return std::ranges::any_of(words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

}  // namespace

std::string_view name_of(Rule rule) {
  return abouts[static_cast<std::size_t>(rule)].name;
}
std::string_view words_of(Rule rule) {
  return abouts[static_cast<std::size_t>(rule)].words;
}
std::optional<Rule> rule_from(std::string_view name) {
  const auto found = std::ranges::find(abouts, name, &About::name);
  if (found == std::end(abouts)) return std::nullopt;
  return static_cast<Rule>(found - std::begin(abouts));
}

bool is_truncated(std::string_view reason) {
  static constexpr std::string_view known[] = {"length",
                                               "max_tokens",
                                               "max_output_tokens",
                                               "max_completion_tokens",
                                               "model_length",
                                               "model_context_window_exceeded",
                                               "token_limit"};
  const std::string lower = to_lower(reason.substr(0, 64));
  return std::ranges::find(known, lower) != std::end(known);
}

bool is_invalid_arguments(std::string_view type, std::string_view message) {
  static constexpr std::string_view types[] = {
      "validationerror",  "validation_error", "invalidargument", "invalid_argument",
      "invalidtoolinput", "toolinputerror",   "-32602"};
  static constexpr std::string_view words[] = {"validation error",
                                               "unexpected keyword argument",
                                               "missing 1 required",
                                               "required positional argument",
                                               "invalid arguments",
                                               "invalid argument:",
                                               "invalid params",
                                               "is a required property",
                                               "field required",
                                               "does not match schema",
                                               "not valid json",
                                               "invalid tool input",
                                               "additional properties are not allowed",
                                               "invalid parameters",
                                               "must have required property",
                                               "invalid_type",
                                               "invalid json input for tool",
                                               "cannot unmarshal",
                                               "-32602"};
  return says_one(type, types) || says_one(message, words);
}

std::vector<Finding> find(std::span<const Seen> spans) {
  return spans.empty() ? std::vector<Finding>{} : Finder(spans).run();
}

std::vector<std::optional<Rule>> waste_of(std::span<const Finding> findings, std::size_t spans) {
  std::vector<std::optional<Rule>> out(spans);
  for (const Finding& finding : findings)
    for (const std::size_t i : finding.wasted)
      if (!out[i] || finding.rule < *out[i]) out[i] = finding.rule;
  return out;
}

}  // namespace pawl::llm
