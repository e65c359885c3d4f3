// The rules for a whole trace, each one pass over the tree: O(n log n).
#include "llm/recount.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

#include "llm/recount_tree.h"

namespace pawl::llm {
namespace {

bool is_model(Kind kind) {
  return kind == Kind::llm || kind == Kind::embedding;
}

bool overlap(const Fact& a, const Fact& b) {
  return a.start <= b.end && b.start <= a.end;
}

bool same_usage(const Tokens& a, const Tokens& b) {
  // One of two reports may not know of cached tokens: then the sums must agree.
  const auto input = [](const Tokens& t) {
    return t.input.value_or(0) + t.cache_read.value_or(0) + t.cache_write.value_or(0);
  };
  const auto output = [](const Tokens& t) { return t.output.value_or(0) + t.reasoning.value_or(0); };
  return input(a) == input(b) && output(a) == output(b);
}

bool same_model(std::string_view a, std::string_view b) {
  return a.empty() || b.empty() || a.starts_with(b) || b.starts_with(a);
}

// Of one parent, time and model, told by two instrumentations: the same usage, or one of them knows of none.
bool told_twice(const Fact& a, const Fact& b) {
  if (a.tokens.any() && b.tokens.any()) return same_usage(a.tokens, b.tokens);
  if (!a.tokens.any() && !b.tokens.any()) return !a.model.empty() && !b.model.empty();
  const Fact& silent = a.tokens.any() ? b : a;
  return silent.status != Status::error && silent.content_pieces == 0;
}

// How much a report tells: content first, then the finer usage.
auto richness(const Fact& fact) {
  const Tokens& t = fact.tokens;
  const int details =
      (t.input ? 1 : 0) + (t.output ? 1 : 0) + (t.cache_read ? 1 : 0) + (t.cache_write ? 1 : 0) + (t.reasoning ? 1 : 0);
  return std::tuple(fact.content_pieces, details);
}

class Recount {
 public:
  explicit Recount(const std::vector<Fact>& facts)
      : facts_(facts), tree_(facts), verdicts_(facts.size()), told_by_(facts.size(), nobody) {}

  std::vector<Verdict> run() {
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      verdicts_[i].kind = facts_[i].kind;
      verdicts_[i].noise = facts_[i].noise;
      verdicts_[i].why = NotCounted::no_usage;
    }
    streams();
    nested_calls(Kind::llm);
    nested_calls(Kind::embedding);
    twice_by_id();
    twice_by_usage();
    delegations();
    same_step(Kind::tool);
    same_step(Kind::retriever);
    same_step(Kind::handoff);
    same_step(Kind::agent);
    count();
    errors();
    identity();
    agents();
    handoffs();
    whose();
    return std::move(verdicts_);
  }

 private:
  bool usage(Index i) const { return facts_[i].tokens.any(); }
  Index parent(Index i) const { return tree_.parent[i]; }

  void duplicate(Index i, Index stays) {
    told_by_[i] = stays;
    verdicts_[i].why = NotCounted::duplicate;
    verdicts_[i].kind = Kind::other;
    verdicts_[i].noise = true;
  }
  void wrapper(Index i) {
    verdicts_[i].why = NotCounted::wrapper;
    verdicts_[i].kind = Kind::workflow;
  }

  void streams();
  void nested_calls(Kind kind);
  void settle(Index outer, Index inner);
  void twice_by_id();
  void twice_by_usage();
  void delegations();
  void same_step(Kind kind);
  void prefer_vendor(Index stays, Index other);
  void count();
  void fallback();
  void errors();
  void identity();
  void agents();
  void handoffs();
  void whose();
  std::string_view step_name(Index i, Kind kind) const;

  const std::vector<Fact>& facts_;
  Tree tree_;
  std::vector<Verdict> verdicts_;
  std::vector<Index> told_by_;                       // for the second report of a step: the report that stays
  std::vector<std::pair<Index, Index>> counted_by_;  // the report that stays, and the one whose usage counts instead
};

// Logfire tells a streamed call twice: what was asked, and at the end of the stream, as an instant, what came back.
void Recount::streams() {
  std::vector<Index> answer(facts_.size(), nobody);
  Index asked = nobody;
  for (const Index i : tree_.down) {
    const Fact& fact = facts_[i];
    if (fact.kind != Kind::llm || !fact.scope.starts_with("logfire")) continue;
    if (fact.start != fact.end || !usage(i)) {
      asked = usage(i) || fact.status == Status::error ? nobody : i;
    } else if (asked != nobody && parent(asked) == parent(i) && same_model(facts_[asked].model, fact.model)) {
      duplicate(asked, i);
      answer[asked] = i;
      asked = nobody;
    }
  }
  for (const Index i : tree_.down) {  // the vendor's own report below what was asked
    const Index told = parent(i) == nobody ? nobody : answer[parent(i)];
    if (told != nobody && is_model(facts_[i].kind) && same_usage(facts_[i].tokens, facts_[told].tokens)) {
      duplicate(i, told);
    }
  }
}

// Calls below a call, as long as no tool or agent stands between: one call reported by two layers, or a wrapper.
struct Below {
  Index calls = 0;
  Index one = nobody;  // the call, where there is exactly one
  bool usage = false;
};

void Recount::nested_calls(Kind kind) {
  std::vector<Below> below(facts_.size());
  for (auto at = tree_.down.rbegin(); at != tree_.down.rend(); ++at) {
    const Index i = *at;
    Below mine = below[i];
    if (verdicts_[i].kind == kind) {
      if (mine.calls == 1) {
        settle(i, mine.one);
        const Index winner = verdicts_[i].kind == kind ? i : mine.one;
        mine = {1, winner, usage(winner)};
      } else if (mine.calls > 1) {
        wrapper(i);
      } else {
        mine = {1, i, usage(i)};
      }
    } else if (verdicts_[i].kind != Kind::other && verdicts_[i].kind != Kind::workflow) {
      continue;  // a step of its own: what runs in it is no part of a call above
    }
    if (parent(i) == nobody || mine.calls == 0) continue;
    Below& up = below[parent(i)];
    up.one = up.calls == 0 && mine.calls == 1 ? mine.one : nobody;
    up.calls += mine.calls;
    up.usage = up.usage || mine.usage;
  }
}

// `outer` and the only call below it.
void Recount::settle(Index outer, Index inner) {
  const Fact &a = facts_[outer], &b = facts_[inner];
  if (usage(outer) && !usage(inner)) return duplicate(inner, outer);
  if (!usage(outer) && usage(inner)) return wrapper(outer);
  const bool one_call =
      (!a.response_id.empty() && a.response_id == b.response_id) || !usage(outer) || same_usage(a.tokens, b.tokens);
  if (!one_call) return wrapper(outer);
  const bool outer_stays = richness(a) > richness(b);
  duplicate(outer_stays ? inner : outer, outer_stays ? outer : inner);
  prefer_vendor(outer_stays ? outer : inner, outer_stays ? inner : outer);
}

// Who listens to a stream may count wrongly (OpenLLMetry adds what Anthropic's stream announced to what it ended with):
// where two reports of one call disagree, the vendor's own SDK is right.
void Recount::prefer_vendor(Index stays, Index other) {
  const bool own = facts_[other].scope.starts_with("com.anthropic.sdk");
  if (own && usage(stays) && usage(other) && !same_usage(facts_[stays].tokens, facts_[other].tokens)) {
    counted_by_.emplace_back(stays, other);
  }
}

void Recount::twice_by_id() {
  std::vector<Index> calls;
  for (Index i = 0; i < facts_.size(); ++i) {
    if (is_model(verdicts_[i].kind) && !facts_[i].response_id.empty()) calls.push_back(i);
  }
  const auto key = [&](Index i) {
    const auto [pieces, details] = richness(facts_[i]);
    return std::tuple(facts_[i].response_id, ~pieces, -details, canonical(facts_[i]));
  };
  std::ranges::sort(calls, [&](Index a, Index b) { return key(a) < key(b); });
  for (std::size_t i = 0; i < calls.size();) {  // the richest of a response comes first
    std::size_t j = i + 1;
    for (; j < calls.size() && facts_[calls[j]].response_id == facts_[calls[i]].response_id; ++j) {
      if (!overlap(facts_[calls[i]], facts_[calls[j]])) continue;
      duplicate(calls[j], calls[i]);
      prefer_vendor(calls[i], calls[j]);
    }
    i = j;
  }
}

// No id in common: the same parent, model, usage and time, told by two instrumentations.
void Recount::twice_by_usage() {
  std::vector<Index> calls;
  for (Index i = 0; i < facts_.size(); ++i) {
    if (is_model(verdicts_[i].kind) && parent(i) != nobody) calls.push_back(i);
  }
  std::ranges::sort(calls, [&](Index a, Index b) {
    return std::tuple(parent(a), canonical(facts_[a])) < std::tuple(parent(b), canonical(facts_[b]));
  });
  constexpr std::size_t neighbours = 64;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const Fact& a = facts_[calls[i]];
    if (!is_model(verdicts_[calls[i]].kind)) continue;
    for (std::size_t j = i + 1; j < calls.size() && j < i + neighbours; ++j) {
      const Fact& b = facts_[calls[j]];
      if (parent(calls[j]) != parent(calls[i]) || b.start > a.end) break;
      const bool ids = !a.response_id.empty() && !b.response_id.empty();
      if (!is_model(verdicts_[calls[j]].kind) || ids || a.scope == b.scope || a.kind != b.kind) continue;
      if (!told_twice(a, b) || !same_model(a.model, b.model)) continue;
      const bool first = richness(a) >= richness(b);
      duplicate(calls[first ? j : i], calls[first ? i : j]);
      break;
    }
  }
}

// Frameworks where an agent that runs inside a tool was handed the work (conventions.md 2.2, row handoff). Elsewhere it
// is both a tool call and an agent (part B, trap 9).
void Recount::delegations() {
  constexpr std::string_view frameworks[] = {"pydantic-ai", "strands.", "agent_framework"};
  constexpr int climb = 8;
  for (Index i = 0; i < facts_.size(); ++i) {
    if (verdicts_[i].kind != Kind::agent) continue;
    Index up = parent(i);
    for (int k = 0; k < climb && up != nobody; ++k, up = parent(up)) {
      if (verdicts_[up].kind != Kind::other && verdicts_[up].kind != Kind::workflow) break;
    }
    if (up == nobody || verdicts_[up].kind != Kind::tool) continue;
    const bool delegates = std::ranges::any_of(
        frameworks, [&](std::string_view framework) { return facts_[up].scope.starts_with(framework); });
    if (delegates) verdicts_[up].kind = Kind::handoff;
  }
}

std::string_view Recount::step_name(Index i, Kind kind) const {
  if (kind == Kind::tool || kind == Kind::handoff)
    return facts_[i].tool_name.empty() ? facts_[i].name : facts_[i].tool_name;
  return kind == Kind::agent ? facts_[i].agent : std::string_view();
}

// The same tool (client and server of MCP, a framework above them), agent (graph node and agent) or retriever, nested:
// one step. The richest report of a chain stays, of equals the innermost; where a step has several below, the step.
void Recount::same_step(Kind kind) {
  std::vector<Index> nearest(facts_.size(), nobody), head(facts_.size(), nobody), inner(facts_.size(), nobody);
  std::vector<bool> forked(facts_.size());
  for (const Index i : tree_.down) {
    const bool pass = verdicts_[i].kind == Kind::other || verdicts_[i].kind == Kind::workflow ||
                      (kind == Kind::retriever && verdicts_[i].kind == Kind::embedding);
    const Index above = parent(i) == nobody ? nobody : nearest[parent(i)];
    if (verdicts_[i].kind == kind) {
      nearest[i] = i;
      const bool same = above != nobody && step_name(above, kind) == step_name(i, kind);
      head[i] = same ? head[above] : i;
      if (same) {
        forked[head[i]] = forked[head[i]] || inner[above] != nobody;
        inner[above] = i;
      }
    } else if (pass) {
      nearest[i] = above;
    }
  }
  for (const Index top : tree_.down) {
    if (head[top] != top || inner[top] == nobody) continue;
    Index winner = top;
    if (!forked[top]) {
      for (Index i = top; i != nobody; i = inner[i]) {
        if (facts_[i].content_pieces >= facts_[winner].content_pieces) winner = i;
      }
    }
    inner[top] = winner;  // from here on: who stays
  }
  for (const Index i : tree_.down) {
    const bool alone = head[i] == nobody || (head[i] == i && inner[i] == nobody);
    if (alone || inner[head[i]] == i) continue;
    verdicts_[i].kind = kind == Kind::agent ? Kind::workflow : Kind::other;
    verdicts_[i].noise = true;
    told_by_[i] = inner[head[i]];
  }
}

void Recount::count() {
  bool any = false;
  for (Index i = 0; i < facts_.size(); ++i) {
    Verdict& verdict = verdicts_[i];
    if (verdict.why == NotCounted::duplicate) continue;
    if (!usage(i)) {
      if (verdict.why != NotCounted::wrapper) verdict.why = NotCounted::no_usage;
    } else if (is_model(verdict.kind) && !facts_[i].wrapper_usage) {
      verdict.why = NotCounted::counted;
      any = true;
    } else {
      verdict.why = NotCounted::wrapper;
    }
  }
  for (const auto& [stays, other] : counted_by_) {
    if (verdicts_[stays].why != NotCounted::counted) continue;
    verdicts_[stays].why = NotCounted::duplicate;
    verdicts_[other].why = NotCounted::counted;
  }
  if (!any) fallback();
}

// No model call tells its tokens: the lowest spans that tell any count.
void Recount::fallback() {
  std::vector<bool> below(facts_.size());
  for (auto at = tree_.down.rbegin(); at != tree_.down.rend(); ++at) {
    const Index i = *at;
    const bool telling = usage(i) && verdicts_[i].why != NotCounted::duplicate;
    if (telling && !below[i]) {
      verdicts_[i].why = NotCounted::counted;
      verdicts_[i].fallback = true;
    }
    if (parent(i) != nobody && (telling || below[i])) below[parent(i)] = true;
  }
}

// Whether the failure below is why the one above failed: a tool's failure that the run survived is not.
bool explains(const Fact& below, const Fact& above) {
  if (below.status == Status::blocked || above.error_message.empty() || below.error_message.empty()) return true;
  if (below.kind != Kind::tool && below.kind != Kind::handoff) return true;
  return above.error_message.contains(below.error_message) || below.error_message.contains(above.error_message);
}

void Recount::errors() {
  // For each span the last failures below it that nothing between took over; four are enough to explain one above.
  constexpr std::size_t kept = 4;
  std::vector<std::array<Index, kept>> below(facts_.size());
  std::vector<std::uint8_t> count(facts_.size(), 0);
  const auto hand_up = [&](Index i, Index failure) {
    if (parent(i) == nobody) return;
    const Index up = parent(i);
    if (count[up] < kept) below[up][count[up]++] = failure;
  };
  for (auto at = tree_.down.rbegin(); at != tree_.down.rend(); ++at) {
    const Index i = *at;
    const bool failed = facts_[i].status == Status::error;
    bool explained = false;
    for (std::size_t k = 0; k < count[i]; ++k) explained = explained || explains(facts_[below[i][k]], facts_[i]);
    // Of two reports of a step the one that stays has the error, if it knows of it; plumbing has none.
    const bool second = told_by_[i] != nobody;
    const bool stays_silent = second && facts_[told_by_[i]].status != Status::error;
    const bool own = second ? stays_silent : !verdicts_[i].noise;
    verdicts_[i].is_error = failed && !explained && own;
    if ((failed && own) || facts_[i].status == Status::blocked) {
      hand_up(i, i);
    } else {
      for (std::size_t k = 0; k < count[i]; ++k) hand_up(i, below[i][k]);
    }
  }
}

// A framework's own conversation id gives way to an ancestor's session; what is missing is filled where the trace has
// exactly one.
void Recount::identity() {
  std::string_view session, user;
  bool sessions = false, users = false;
  std::vector<std::string_view> above(facts_.size());  // the settled session of the nearest span, itself included
  for (const Index i : tree_.down) {
    Verdict& verdict = verdicts_[i];
    const std::string_view inherited = parent(i) == nobody ? std::string_view() : above[parent(i)];
    verdict.session = facts_[i].session_weak && !inherited.empty() ? inherited : facts_[i].session;
    verdict.user = facts_[i].user;
    above[i] = verdict.session.empty() ? inherited : verdict.session;
    if (!verdict.session.empty()) {
      sessions = sessions || (!session.empty() && session != verdict.session);
      session = verdict.session;
    }
    if (!verdict.user.empty()) {
      users = users || (!user.empty() && user != verdict.user);
      user = verdict.user;
    }
  }
  for (Verdict& verdict : verdicts_) {
    if (verdict.session.empty() && !sessions) verdict.session = session;
    if (verdict.user.empty() && !users) verdict.user = user;
  }
}

void Recount::agents() {
  Index last = nobody;  // of LlamaIndex: the step of a workflow that last said which agent runs
  for (const Index i : tree_.down) {
    verdicts_[i].agent = facts_[i].agent;
    verdicts_[i].model = facts_[i].model;
    if (verdicts_[i].agent.empty() && parent(i) != nobody) verdicts_[i].agent = verdicts_[parent(i)].agent;
    if (verdicts_[i].model.empty() && parent(i) != nobody) verdicts_[i].model = verdicts_[parent(i)].model;
    if (facts_[i].scope.find("llama") == std::string_view::npos) continue;
    if (!facts_[i].agent.empty()) last = i;
    if (verdicts_[i].agent.empty() && last != nobody && parent(last) == parent(i)) {
      verdicts_[i].agent = facts_[last].agent;
    }
  }
}

// ADK and others do not say to whom: the next agent to start, the one that hands over aside.
void Recount::handoffs() {
  std::vector<Index> starts;
  for (Index i = 0; i < facts_.size(); ++i) {
    if (verdicts_[i].kind == Kind::agent && !facts_[i].agent.empty()) starts.push_back(i);
  }
  std::ranges::sort(starts, [&](Index a, Index b) { return canonical(facts_[a]) < canonical(facts_[b]); });
  constexpr std::ptrdiff_t tries = 16;
  for (Index i = 0; i < facts_.size(); ++i) {
    verdicts_[i].handoff_to = facts_[i].handoff_to;
    if (verdicts_[i].kind != Kind::handoff) continue;
    if (!verdicts_[i].handoff_to.empty()) continue;
    auto next = std::ranges::lower_bound(starts, facts_[i].start, {}, [&](Index at) { return facts_[at].start; });
    for (std::ptrdiff_t k = 0; k < tries && next != starts.end(); ++k, ++next) {
      if (facts_[*next].agent == verdicts_[i].agent) continue;
      verdicts_[i].handoff_to = facts_[*next].agent;
      break;
    }
  }
}

void Recount::whose() {
  for (const auto field : whose_fields) {
    std::string_view only;
    bool several = false;
    for (const Index i : tree_.down) {
      std::string_view mine = facts_[i].whose.*field;
      if (!mine.empty()) {
        several = several || (!only.empty() && only != mine);
        only = mine;
      } else if (parent(i) != nobody) {
        mine = verdicts_[parent(i)].whose.*field;
      }
      verdicts_[i].whose.*field = mine;
    }
    if (several || only.empty()) continue;
    for (Verdict& verdict : verdicts_) {
      if ((verdict.whose.*field).empty()) verdict.whose.*field = only;
    }
  }
}

}  // namespace

std::string_view name_of(NotCounted why) {
  switch (why) {
    case NotCounted::counted:
      return "counted";
    case NotCounted::no_usage:
      return "no_usage";
    case NotCounted::wrapper:
      return "wrapper";
    case NotCounted::duplicate:
      return "duplicate";
  }
  return "counted";
}

std::vector<Verdict> recount(const std::vector<Fact>& facts) {
  return Recount(facts).run();
}

}  // namespace pawl::llm
