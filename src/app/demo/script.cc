// Building a session: steps from messages, then tokens, then times.
#include "demo/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/rng.h"

namespace pawl::demo {
namespace {

using Kind = Step::Kind;

constexpr std::int64_t edge_us = 4'000;   // of a turn, before its first and after its last step
constexpr std::int64_t slow_factor = 25;  // how much slower the order backend's tools are in its incident

bool in_incident(const Row& row, std::string_view name) {
  return std::ranges::find(row.incidents, name) != row.incidents.end();
}

std::int64_t size_of(const Message& message) {
  return static_cast<std::int64_t>(message.text.size() + message.arguments.size());
}

class Builder {
 public:
  Builder(const Row& row, const Staging& staging)
      : row_(row),
        staging_(staging),
        messages_(row.trajectory->messages),
        random_(hash64(fmt::format("{}/{}/{}", staging.seed, row.session, staging.id))) {
    before_.push_back(0);
    for (const Message& message : messages_) before_.push_back(before_.back() + size_of(message));
  }

  Session build() {
    session_.row = &row_;
    session_.id = staging_.id.empty() ? row_.session : staging_.id;
    session_.start = staging_.start;
    if (row_.blocked) {
      open_turn(first_of(Role::user));
    } else {
      const std::size_t rounds = std::max<std::size_t>(1, row_.llm_calls / row_.trajectory->answers);
      for (std::size_t round = 0; round < rounds; ++round) run(round);
      std::erase_if(session_.turns, [](const Turn& each) { return each.steps.empty(); });  // "Thank you!", and gone
      check_at_end();
    }
    session_.turns.back().last = true;
    give_tokens();
    give_times();
    give_ids();
    return std::move(session_);
  }

 private:
  Turn& turn() { return session_.turns.back(); }
  std::size_t first_of(Role role) const {
    const auto found = std::ranges::find(messages_, role, &Message::role);
    return found == messages_.end() ? none : static_cast<std::size_t>(found - messages_.begin());
  }
  void open_turn(std::size_t asked) {
    session_.turns.emplace_back();
    turn().asked = asked;
    agent_ = none;
    speaker_ = {};
  }
  Step& add(Kind kind, std::int64_t weight_us) {
    Step& step = turn().steps.emplace_back();
    step.kind = kind;
    step.parent = kind == Kind::agent ? none : agent_;
    step.end = weight_us;  // until give_times
    return step;
  }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(high - low)));
  }

  void run(std::size_t round);
  void speak(std::string_view speaker);
  void answer(std::size_t index);
  void use_tool(std::size_t index);
  void check(std::string_view rule, std::string_view action, std::size_t message);
  void check_result(std::size_t result);
  void check_question();
  void check_at_end();
  void give_tokens();
  void give_times();
  void give_ids();
  void set_times(Turn& turn, std::int64_t total_us, Nanos begin, std::int64_t& done_us);

  const Row& row_;
  const Staging& staging_;
  const std::vector<Message>& messages_;
  SeededRandom random_;
  std::vector<std::int64_t> before_;  // bytes of the first i messages
  Session session_;
  std::size_t agent_ = none;  // the open step of kind agent
  std::string_view speaker_;
};

// Once through the messages; an agent that loops goes through them again.
void Builder::run(std::size_t round) {
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    const Message& message = messages_[i];
    if (message.role == Role::user) {
      if (session_.turns.empty() || (round == 0 && !turn().steps.empty())) {
        open_turn(i);
        check_question();
      }
    } else if (message.role == Role::assistant) {
      answer(i);
      if (message.asks()) use_tool(i);
    }
  }
}

// Another of a crew takes over: a handoff, and an agent's own span.
void Builder::speak(std::string_view speaker) {
  if (speaker == speaker_) return;
  const std::string_view from = speaker_;
  if (!from.empty()) {
    Step& handoff = add(Kind::handoff, 2'000);
    handoff.agent = speaker;
    handoff.from = from;
  }
  Step& agent = add(Kind::agent, 0);
  agent.agent = speaker;
  agent.from = from;
  agent_ = turn().steps.size() - 1;
  speaker_ = speaker;
}

void Builder::answer(std::size_t index) {
  const Message& message = messages_[index];
  if (!message.speaker.empty()) speak(message.speaker);
  if (row_.trajectory->domain == "coding") speak("swe-agent");
  const std::int64_t weight =
      between(350'000, 650'000) + 2'200 * size_of(message) + std::min<std::int64_t>(before_[index], 200'000);
  Step& step = add(Kind::llm, weight);
  step.message = index;
  step.history = index;
  step.first_token = between(22, 60);  // per cent, until give_times
  if (!message.asks()) turn().answered = index;
}

void Builder::use_tool(std::size_t index) {
  const Message& message = messages_[index];
  for (const Trigger& trigger : row_.triggers) {
    const bool last = std::ranges::none_of(messages_.begin() + static_cast<std::ptrdiff_t>(index) + 1, messages_.end(),
                                           &Message::asks);
    if (trigger.rule == "refund-over-limit" && last) check(trigger.rule, trigger.action, index);
  }
  const bool slow = in_incident(row_, "latency-order-backend") && message.tool.find("order") != std::string::npos;
  Step& step = add(Kind::tool, between(90'000, 480'000) * (slow ? slow_factor : 1));
  step.message = index;
  if (index + 1 < messages_.size() && messages_[index + 1].role == Role::tool) {
    step.result = index + 1;
    check_result(index + 1);
  }
}

void Builder::check(std::string_view rule, std::string_view action, std::size_t message) {
  Step& step = add(Kind::guardrail, between(9'000, 40'000));
  step.rule = rule;
  step.action = action;
  step.message = message;
}

// The workplace assistant reads everything that a tool brings for injected orders.
void Builder::check_result(std::size_t result) {
  bool fired = false;
  for (const Trigger& trigger : row_.triggers) {
    if (trigger.message != result) continue;
    check(trigger.rule, trigger.action, result);
    fired = true;
  }
  if (!fired && row_.trajectory->domain == "injection") check("prompt-injection", "", result);
}

void Builder::check_question() {
  for (const Trigger& trigger : row_.triggers) {
    if (trigger.rule == "toxic-user" && session_.turns.size() == 1) check(trigger.rule, trigger.action, turn().asked);
  }
}

// What is said to customers is read for personal data; rules that found no better place fire here too.
void Builder::check_at_end() {
  const bool to_customers = row_.trajectory->domain == "airline" || row_.trajectory->domain == "retail";
  const std::size_t said = turn().answered;
  std::vector<std::string_view> fired;
  for (const Turn& each : session_.turns) {
    for (const Step& step : each.steps) {
      if (step.kind == Kind::guardrail && !step.action.empty()) fired.push_back(step.rule);
    }
  }
  bool read = false;
  for (const Trigger& trigger : row_.triggers) {
    const auto already = std::ranges::find(fired, trigger.rule);
    if (already != fired.end()) {
      fired.erase(already);
      continue;
    }
    check(trigger.rule, trigger.action, said);
    read = read || trigger.rule == "pii-in-output";
  }
  if (to_customers && !read) check("pii-in-output", "", said);
}

// Parts that no cap is passed by: what one cannot take, the next takes.
std::vector<std::int64_t> share_below(std::int64_t total, const std::vector<std::int64_t>& weights,
                                      const std::vector<std::int64_t>& caps) {
  std::vector<std::int64_t> parts = share(total, weights);
  std::int64_t left = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::int64_t over = std::max<std::int64_t>(0, parts[i] - caps[i]);
    parts[i] -= over;
    left += over;
  }
  for (std::size_t i = parts.size(); i-- > 0 && left > 0;) {
    const std::int64_t more = std::min(left, caps[i] - parts[i]);
    parts[i] += more;
    left -= more;
  }
  if (left > 0) parts.back() += left;
  return parts;
}

void Builder::give_tokens() {
  std::vector<Step*> calls;
  for (Turn& each : session_.turns) {
    for (Step& step : each.steps) {
      if (step.kind == Kind::llm) calls.push_back(&step);
    }
  }
  if (calls.empty()) return;
  std::vector<std::int64_t> sent, said, reused;
  for (const Step* step : calls) {
    sent.push_back(before_[step->history] + 1);
    said.push_back(size_of(messages_[step->message]) + 8);
    const bool goes_on = sent.size() > 1 && sent[sent.size() - 2] < sent.back();
    reused.push_back(goes_on ? sent[sent.size() - 2] : 0);
  }
  const auto input = share(row_.input_tokens, sent);
  const auto output = share(row_.output_tokens, said);
  const auto cached = share_below(row_.cached_tokens, reused, input);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    calls[i]->input = input[i];
    calls[i]->output = output[i];
    calls[i]->cached = cached[i];
  }
}

// The steps of a turn one after the other; weights in microseconds become times that add up to the row's duration.
void Builder::set_times(Turn& each, std::int64_t total_us, Nanos begin, std::int64_t& done_us) {
  const auto at = [&](std::int64_t us) {
    return begin + static_cast<Nanos>(static_cast<Int128>(row_.duration) * us / total_us);
  };
  each.start = at(done_us);
  done_us += edge_us;
  for (Step& step : each.steps) {
    const std::int64_t weight = step.end;
    step.start = at(done_us);
    done_us += weight;
    step.end = at(done_us);
    if (step.kind == Kind::llm) step.first_token = (step.end - step.start) * step.first_token / 100;
  }
  for (Step& step : each.steps) {
    if (step.parent != none) each.steps[step.parent].end = std::max(each.steps[step.parent].end, step.end);
  }
  done_us += edge_us;
  each.end = at(done_us);
}

void Builder::give_times() {
  std::int64_t total = 0;
  for (const Turn& each : session_.turns) {
    total += 2 * edge_us;
    for (const Step& step : each.steps) total += step.end;
  }
  std::vector<Nanos> pauses;  // before each turn but the first: the user reads, thinks and writes
  for (std::size_t i = 1; i < session_.turns.size(); ++i) {
    pauses.push_back(static_cast<Nanos>(static_cast<double>(between(6'000, 75'000)) * staging_.pauses) * millisecond);
  }
  const Nanos wanted = std::accumulate(pauses.begin(), pauses.end(), Nanos{0});
  const Nanos room = std::max<Nanos>(0, staging_.latest - staging_.start - row_.duration);
  if (wanted > room) {
    for (Nanos& pause : pauses) pause = static_cast<Nanos>(static_cast<Int128>(pause) * room / wanted);
  }
  std::int64_t done = 0;
  Nanos begin = session_.start;
  for (std::size_t i = 0; i < session_.turns.size(); ++i) {
    if (i > 0) begin += pauses[i - 1];
    set_times(session_.turns[i], total, begin, done);
  }
}

void Builder::give_ids() {
  for (Turn& each : session_.turns) {
    each.trace = {random_.next() | 1U, random_.next()};
    each.root = random_.next() | 1U;
    for (Step& step : each.steps) step.id = random_.next() | 1U;
  }
}

}  // namespace

std::vector<std::int64_t> share(std::int64_t total, const std::vector<std::int64_t>& weights) {
  const std::int64_t sum = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  std::vector<std::int64_t> parts(weights.size(), 0);
  if (parts.empty()) return parts;
  if (sum <= 0) {
    parts.front() = total;
    return parts;
  }
  std::int64_t weight = 0, given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weight += weights[i];
    const auto upto = static_cast<std::int64_t>(static_cast<Int128>(total) * weight / sum);
    parts[i] = upto - given;
    given = upto;
  }
  return parts;
}

Session stage_session(const Row& row, const Staging& staging) {
  return Builder(row, staging).build();
}

}  // namespace pawl::demo
