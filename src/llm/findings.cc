// The rules, each a walk over the steps of one trace.
#include "llm/findings.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"

namespace pawl::llm {
namespace {

constexpr std::size_t least = 3;           // failures, repeats, rounds
constexpr std::size_t longest_period = 4;  // calls of one round
constexpr Nanos storm_gap = 60 * second;
constexpr std::size_t growth_calls = 5;
constexpr std::int64_t growth_times = 8, growth_tokens = 8000;

struct About {
  std::string_view name, words;
};
constexpr About abouts[rule_count] = {
    {"retry_storm", "a model call failed three times in a row, each within a minute of the one before"},
    {"loop", "the same two to four tool calls with the same arguments came three times over"},
    {"repeated_call", "one tool was called three times with the same arguments"},
    {"failure_streak", "one tool failed three times and did not succeed in between"},
    {"ping_pong", "two agents took turns three times"},
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
    if (tools_.size() >= least) {
      loops();
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
    return one.arguments == 0 ? 0 : std::hash<std::string_view>{}(one.label) ^ (std::uint64_t{one.arguments} << 1U);
  }

  void loops() {
    std::vector<std::uint64_t> keys;
    for (const std::size_t i : tools_) keys.push_back(call_key(i));
    for (std::size_t at = 0; at < keys.size(); ++at) {
      for (std::size_t period = 2; period <= longest_period; ++period) {
        std::size_t length = period;
        while (at + length < keys.size() && keys[at + length] != 0 && keys[at + length] == keys[at + length - period])
          ++length;
        const std::size_t rounds = length / period;
        const auto first = keys.begin() + static_cast<std::ptrdiff_t>(at);
        const auto round_end = first + static_cast<std::ptrdiff_t>(std::min(period, keys.size() - at));
        if (rounds < least || std::find(first, round_end, 0U) != round_end ||
            std::all_of(first, round_end, [&](std::uint64_t key) { return key == *first; }))
          continue;
        Indexes list;
        for (std::size_t i = at; i < at + rounds * period; ++i) list.push_back(tools_[i]), in_loop_.insert(tools_[i]);
        auto wasted = calls_between(spans_[list[period - 1]].start, spans_[list.back()].start);
        add(Rule::loop, rounds, std::move(list), std::move(wasted));
        at += rounds * period - 1;
        break;
      }
    }
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

  // Who was at work, in turn: agents below another span, else whom handoffs name.
  Indexes turns(Kind kind) const {
    Indexes out;
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      const Seen& one = spans_[i];
      if (one.noise || one.kind != kind || (kind == Kind::agent && one.root) || who(i).empty()) continue;
      if (out.empty() || who(out.back()) != who(i)) out.push_back(i);
    }
    return out;
  }
  std::string_view who(std::size_t i) const {
    const Seen& one = spans_[i];
    if (one.kind == Kind::handoff) return one.handoff_to;
    return one.agent.empty() ? one.label : one.agent;
  }

  void ping_pong() {
    for (const Kind kind : {Kind::agent, Kind::handoff}) {
      const std::size_t before = out_.size();
      const Indexes agents = turns(kind);
      for (std::size_t at = 0; at + 2 * least <= agents.size(); ++at) {
        std::size_t length = 2;
        while (at + length < agents.size() && who(agents[at + length]) == who(agents[at + length - 2])) ++length;
        const std::size_t rounds = length / 2;
        if (rounds < least) continue;
        const auto begin = agents.begin() + static_cast<std::ptrdiff_t>(at);
        const Indexes list(begin, begin + static_cast<std::ptrdiff_t>(rounds * 2));
        const Nanos until = at + rounds * 2 < agents.size()
                                ? spans_[agents[at + rounds * 2]].start - 1
                                : std::max(spans_[list.back()].start, spans_[list.back()].end);
        auto wasted = calls_between(spans_[list[2]].start - 1, until);
        std::erase_if(wasted, [&](std::size_t i) {  // of these two, and of nobody who worked beside them
          return spans_[i].agent != who(list[0]) && spans_[i].agent != who(list[1]);
        });
        add(Rule::ping_pong, rounds, list, std::move(wasted));
        at += rounds * 2 - 1;
      }
      if (out_.size() != before) return;  // the handoffs of these agents tell the same
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
