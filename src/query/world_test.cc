// The made-up world of the tests.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/log.h"
#include "base/text.h"
#include "records/traces/traces.h"
#include "store/warehouse/warehouse_testing.h"
#include "world.h"

namespace pawl::query::testing {
namespace {

template <typename T>
const T& pick(Random& random, const std::vector<T>& from) {
  return from[random.below(from.size())];
}
bool chance(Random& random, double share) {
  return random.unit() < share;
}
std::optional<std::int64_t> maybe(Random& random, std::uint64_t below) {
  if (chance(random, .3)) return std::nullopt;
  return static_cast<std::int64_t>(random.below(below));
}

const std::vector<std::string> agents = {"refunds", "search", "triage", ""};
const std::vector<std::string> models = {"gpt-5", "claude-4", "gemini-3"};
const std::vector<std::string> tools = {"lookup", "issue_refund", "final_answer"};
const std::vector<std::string> kinds = {"llm", "llm", "tool", "tool", "agent", "guardrail", "other", "embedding"};
const std::vector<std::string> statuses = {"ok", "ok", "ok", "ok", "error", "blocked", "unfinished", "running"};

void fill(Span& span, Random& random) {
  span.tags.clear();
  span.attrs.clear();  // keys of a map are distinct: with a key twice the engine's attrs[key] is either
  span.error_type.clear(), span.model.clear(), span.tool.clear(), span.task.clear(), span.prompt.clear(),
      span.outcome.clear();
  span.kind = pick(random, kinds);
  span.name = "step" + std::to_string(random.below(5));
  span.status = pick(random, statuses);
  span.is_error = span.status == "error" && chance(random, .6);
  if (span.is_error) span.error_type = pick(random, std::vector<std::string>{"Timeout", "KeyError"});
  span.noise = chance(random, .1);
  span.agent = pick(random, agents);
  if (span.kind == "llm") span.model = pick(random, models);
  if (span.kind == "tool") span.tool = pick(random, tools);
  span.framework_tool = span.tool == "final_answer";
  if (chance(random, .2)) span.task = pick(random, std::vector<std::string>{"refund", "answer"});
  if (chance(random, .4)) span.outcome = pick(random, std::vector<std::string>{"done", "Success", "not done"});
  if (chance(random, .2)) span.prompt = "greeting";
  for (const char* tag : {"test", "vip", "new"})
    if (chance(random, .2)) span.tags.emplace_back(tag);
  if (chance(random, .5)) span.attrs.emplace_back("tenant", pick(random, std::vector<std::string>{"acme", "globex"}));
  if (chance(random, .5)) span.attrs.emplace_back("retries", std::to_string(random.below(5)));
  span.counted = span.kind == "llm" && chance(random, .8);
  if (span.kind == "llm" || chance(random, .1)) {
    span.input = maybe(random, 5000), span.cache_read = maybe(random, 3000), span.cache_write = maybe(random, 500);
    span.output = maybe(random, 900), span.reasoning = maybe(random, 2000), span.ttft = maybe(random, 3'000'000'000);
    span.cost = maybe(random, 90'000'000'000), span.cost_reported = maybe(random, 90'000'000'000);
    span.cost_unknown = span.counted && !span.cost && !span.cost_reported;
  }
  span.weight = pick(random, std::vector<float>{1, 1, 1, 2, 3.3F});
}

void add_trace(std::vector<Span>& spans, Random& random, std::uint64_t number, const std::string& session,
               const std::string& user) {
  const Nanos begin = world_start + static_cast<Nanos>(random.below(static_cast<std::uint64_t>(world_length)));
  const Id128 trace{random.next(), number + 1};
  const bool rooted = chance(random, .8);
  const std::size_t count = 1 + random.below(9);
  for (std::size_t i = 0; i < count; ++i) {
    Span span;
    fill(span, random);
    span.trace = trace;
    span.span = {0, random.next()};
    span.parent = i == 0 && rooted ? Id128{} : Id128{0, random.next() | 1U};
    span.start = begin + static_cast<Nanos>(i * random.below(300) * 1'000'000'000ULL + random.below(1000));
    span.duration = static_cast<Nanos>(random.below(60'000'000'000ULL));
    if (span.status == "running" || chance(random, .05)) span.duration = 0;
    span.session = session;
    span.user = user;
    span.minute = span.start / minute;
    if (i > 0 && chance(random, .02)) span.start += 3000 * day;  // a wild clock; the minute was clamped
    if (i == 1 && chance(random, .5)) span.preview = "Hello " + std::to_string(number);
    spans.push_back(std::move(span));
  }
}

}  // namespace

std::int64_t Span::position() const {
  return start / pawl::minute == minute ? start : minute * pawl::minute;
}
std::optional<std::int64_t> Span::tokens() const {
  if (!counted || !(input || cache_read || cache_write || output || reasoning)) return std::nullopt;
  return input.value_or(0) + cache_read.value_or(0) + cache_write.value_or(0) + output.value_or(0) +
         reasoning.value_or(0);
}
std::optional<std::int64_t> Span::money() const {
  if (!counted) return std::nullopt;
  return cost ? cost : cost_reported;
}
std::int64_t Span::micro() const {
  return std::llround(static_cast<double>(weight) * 1e6);
}

std::vector<std::string_view> Span::findings() const {
  const auto draw = (span.low ^ static_cast<std::uint64_t>(duration)) % 13;
  if (draw > 2) return {};
  return draw == 0 ? std::vector<std::string_view>{"loop", "truncated"} : std::vector<std::string_view>{"retry_storm"};
}
std::string_view Span::waste() const {
  return kind == "llm" && (span.low ^ static_cast<std::uint64_t>(duration)) % 3 == 0 ? "loop" : "";
}

std::vector<Span> make_spans(Random& random) {
  std::vector<Span> spans;
  for (std::uint64_t trace = 0; trace < 60; ++trace) {
    const std::uint64_t session = random.below(25);
    const std::string name = session < 6 ? "" : "s-" + std::to_string(session);
    add_trace(spans, random, trace, name, "u" + std::to_string(session % 7));
  }
  return spans;
}

std::vector<Row> make_rows(const std::vector<Span>& spans, Random& random) {
  std::vector<Row> rows;
  const auto gone = [&](const Span& span) {
    rows.push_back({span, 1});
    rows.push_back({span, -1});
  };
  for (const Span& span : spans) {
    rows.push_back({span, 1});
    while (chance(random, .35)) {  // an earlier version of it
      Span earlier = span;
      switch (random.below(5)) {
        case 0:
          earlier.counted = !span.counted;
          break;
        case 1:
          earlier.session = span.session.empty() ? "s-99" : "";
          break;
        case 2:
          fill(earlier, random);
          break;
        case 3:
          earlier.start -= 7 * second, earlier.duration += 20 * second, earlier.minute = earlier.start / minute;
          break;
        default:
          earlier.parent = {};
          earlier.status = "error";
          break;
      }
      gone(earlier);
    }
  }
  std::vector<Span> ghosts;
  add_trace(ghosts, random, 1000, "s-ghost", "ghost");
  for (const Span& ghost : ghosts) gone(ghost);
  for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random.below(i)]);
  return rows;
}

// ---- the engine ----------------------------------------------------------------------------------------------------
Engine& Engine::one() {
  static Engine engine;
  return engine;
}

Engine::Engine() : warehouse_(warehouse::testing::engine()) {
  std::ifstream file(PAWL_SOURCE_DIR "/src/records/traces/schema.h");  // the tables are another module's
  std::stringstream schema;
  schema << file.rdbuf();
  std::string rest = schema.str();
  for (std::size_t at = rest.find("R\"sql("); at != std::string::npos; at = rest.find("R\"sql(")) {
    rest = rest.substr(at + 6);
    const auto made = warehouse_.run(rest.substr(0, rest.find(")sql\"")));
    PAWL_CHECK(made.has_value(), "{}", made.error().what);
  }
}

native::Rows Engine::run(const Statement& statement) {
  auto query = question(statement);
  query.deadline = 60 * second;
  auto answer = warehouse_.read(query);
  PAWL_CHECK(answer.has_value(), "{}\n{}", answer.error().what, statement.sql);
  return std::move(answer->rows);
}

void Engine::insert(std::uint32_t project, const std::vector<Row>& rows, std::uint64_t batch) {
  native::Block block;
  const auto column = [&](const char* name, const char* type, const auto& put) {
    native::Column& to = block.add(name, type);
    for (const Row& row : rows) put(to, row.span, row);
  };
  const auto text = [&](const char* name, std::string Span::* member) {
    column(name, "String", [&](native::Column& c, const Span& s, const Row&) { c.text(s.*member); });
  };
  const auto id = [&](const char* name, Id128 Span::* member) {
    column(name, "UInt128", [&](native::Column& c, const Span& s, const Row&) { c.id(s.*member); });
  };
  const auto flag = [&](const char* name, bool Span::* member) {
    column(name, "UInt8", [&](native::Column& c, const Span& s, const Row&) { c.fixed<std::uint8_t>(s.*member); });
  };
  const auto number = [&](const char* name, std::optional<std::int64_t> Span::* member) {
    column(name, "Nullable(Int64)", [&](native::Column& c, const Span& s, const Row&) { c.nullable(s.*member); });
  };
  using C = native::Column;
  column("project", "UInt32", [&](C& c, const Span&, const Row&) { c.fixed(project); });
  column("minute", "UInt32", [](C& c, const Span& s, const Row&) { c.fixed(static_cast<std::uint32_t>(s.minute)); });
  id("trace", &Span::trace), id("span", &Span::span), id("parent", &Span::parent);
  column("start", "DateTime64(9, 'UTC')", [](C& c, const Span& s, const Row&) { c.fixed(s.start); });
  column("received", "DateTime64(3, 'UTC')",
         [](C& c, const Span& s, const Row&) { c.fixed(s.received / millisecond); });
  column("duration", "Int64", [](C& c, const Span& s, const Row&) { c.fixed(s.duration); });
  text("kind", &Span::kind), text("name", &Span::name), text("status", &Span::status);
  text("error_type", &Span::error_type), text("session", &Span::session), text("user", &Span::user);
  text("agent", &Span::agent), text("model", &Span::model), text("tool", &Span::tool), text("task", &Span::task),
      text("outcome", &Span::outcome);
  text("prompt", &Span::prompt), text("preview", &Span::preview);
  flag("is_error", &Span::is_error), flag("noise", &Span::noise), flag("framework_tool", &Span::framework_tool);
  flag("counted", &Span::counted), flag("cost_unknown", &Span::cost_unknown);
  number("ttft", &Span::ttft), number("tokens_input", &Span::input), number("tokens_cache_read", &Span::cache_read);
  number("tokens_cache_write", &Span::cache_write), number("tokens_output", &Span::output);
  number("tokens_reasoning", &Span::reasoning), number("cost", &Span::cost);
  number("cost_reported", &Span::cost_reported);
  column("tags", "Array(String)", [](C& c, const Span& s, const Row&) {
    for (const std::string& tag : s.tags) c.element_text(tag);
    c.end_array();
  });
  column("findings", "Array(String)", [](C& c, const Span& s, const Row&) {
    for (const auto finding : s.findings()) c.element_text(finding);
    c.end_array();
  });
  column("waste", "String", [](C& c, const Span& s, const Row&) { c.text(s.waste()); });
  column("attrs", "Map(String, String)", [](C& c, const Span& s, const Row&) {
    for (const auto& [key, value] : s.attrs) c.entry(key, std::string_view(value));
    c.end_array();
  });
  column("weight", "Float32", [](C& c, const Span& s, const Row&) { c.fixed(s.weight); });
  column("sign", "Int8", [](C& c, const Span&, const Row& row) { c.fixed(static_cast<std::int8_t>(row.sign)); });
  column("batch", "UInt64", [&](C& c, const Span&, const Row&) { c.fixed(batch); });
  const auto made_up = [&](const char* name, auto number) {  // of other dimensions, out of what is there
    column(name, "String", [=](C& c, const Span& s, const Row&) { c.text(fmt::format("{}-{}", name, number(s) % 3)); });
  };
  made_up("agent_version", [](const Span& s) { return s.minute; });
  made_up("environment", [](const Span& s) { return s.agent.size(); });
  made_up("team", [](const Span& s) { return s.agent.size() + 1; });
  made_up("service", [](const Span& s) { return s.name.size() + s.kind.size(); });
  made_up("provider", [](const Span& s) { return s.model.size(); });
  made_up("customer", [](const Span& s) { return s.session.size() + s.user.size(); });
  const auto done = warehouse_.insert("spans", block);
  PAWL_CHECK(done.has_value(), "{}", done.error().what);
}

void Engine::insert_bodies(std::uint32_t project, const std::vector<Body>& bodies) {
  native::Block block;
  auto &of = block.add("project", "UInt32"), &hash = block.add("hash", "UInt128"),
       &at = block.add("at", "DateTime64(3, 'UTC')");
  auto &trace = block.add("trace", "UInt128"), &span = block.add("span", "UInt128"), &slot = block.add("slot", "UInt8");
  auto &text = block.add("text", "String"), &bytes = block.add("bytes", "String");
  for (const Body& body : bodies) {
    of.fixed(project), hash.id(body.hash), at.fixed(body.at / millisecond), trace.id(body.trace);
    span.id(body.span), slot.fixed(static_cast<std::uint8_t>(body.slot));
    const bool searched = pawl::traces::is_searched(static_cast<pawl::llm::Slot>(body.slot));
    text.text(searched ? body.text : ""), bytes.text(searched ? "" : body.text);
  }
  const auto done = warehouse_.insert("bodies", block);
  PAWL_CHECK(done.has_value(), "{}", done.error().what);
}

void Engine::insert_content(std::uint32_t project, const Id128& trace, const Id128& span,
                            const std::vector<Body>& bodies, int sign) {
  native::Block block;
  block.add("project", "UInt32").fixed(project);
  block.add("trace", "UInt128").id(trace);
  block.add("span", "UInt128").id(span);
  block.add("at", "DateTime64(9, 'UTC')").fixed(world_start);
  auto& hashes = block.add("hashes", "Array(UInt128)");
  for (const Body& body : bodies) hashes.element_id(body.hash);
  hashes.end_array();
  block.add("sign", "Int8").fixed(static_cast<std::int8_t>(sign));
  const auto done = warehouse_.insert("span_content", block);
  PAWL_CHECK(done.has_value(), "{}", done.error().what);
}

// ---- spans, the long way -------------------------------------------------------------------------------------------
std::vector<std::string_view> Facts::texts(std::string_view name) const {
  if (name == "tag") return {span_.tags.begin(), span_.tags.end()};
  const auto one = [](const std::string& text) {
    return text.empty() ? std::vector<std::string_view>{} : std::vector<std::string_view>{text};
  };
  if (name == "agent") return one(span_.agent);
  if (name == "model") return one(span_.model);
  if (name == "tool") return one(span_.tool);
  if (name == "task") return one(span_.task);
  if (name == "outcome") return one(span_.outcome);
  if (name == "prompt") return one(span_.prompt);
  if (name == "kind") return one(span_.kind);
  if (name == "status") return one(span_.status);
  if (name == "name") return one(span_.name);
  if (name == "session") return one(span_.session);
  if (name == "user") return one(span_.user);
  if (name == "error_type") return one(span_.error_type);
  if (name == "is:root" && !span_.parent) return {"yes"};
  if (name == "is:counted" && span_.counted) return {"yes"};
  if (name == "is:unpriced" && span_.cost_unknown) return {"yes"};
  if (name == "has:parent" && span_.parent) return {"yes"};
  if (name == "finding") return span_.findings();
  if (name == "waste" && !span_.waste().empty()) return {span_.waste()};
  if (name == "is:wasted" && !span_.waste().empty()) return {"yes"};
  const auto found = span_.findings();
  if (name.starts_with("is:") && std::ranges::find(found, name.substr(3)) != found.end()) return {"yes"};
  return {};
}

std::optional<std::int64_t> Facts::number(std::string_view name) const {
  const auto counted = [&](const std::optional<std::int64_t>& value) { return span_.counted ? value : std::nullopt; };
  if (name == "start") return span_.start;
  if (name == "duration") return span_.duration;
  if (name == "ttft") return span_.ttft;
  if (name == "cost") return span_.money();
  if (name == "tokens") return span_.tokens();
  if (name == "tokens.input") return counted(span_.input);
  if (name == "tokens.output") return counted(span_.output);
  if (name == "errors") return span_.is_error && !span_.noise;
  if (name == "spans") return 1;
  if (name == "llm_calls") return span_.kind == "llm" && !span_.noise;
  if (name == "tool_calls") return span_.kind == "tool" && !span_.noise && !span_.framework_tool;
  return std::nullopt;
}

std::string_view Facts::attribute(std::string_view key) const {
  for (const auto& [name, value] : span_.attrs)
    if (name == key) return value;
  return "";
}

bool still_runs(const Spans& spans) {
  std::set<Id128> all, rooted;
  for (const Span* span : spans) {
    all.insert(span->trace);
    if (!span->parent) rooted.insert(span->trace);
  }
  return JustReceived::is && all != rooted;
}

std::string status_of(const Spans& spans) {
  if (still_runs(spans)) return "running";
  std::set<std::string> roots;
  for (const Span* span : spans)
    if (!span->parent) roots.insert(span->status);
  if (roots.empty()) {
    const Span* first = spans[0];
    for (const Span* span : spans)
      if (std::pair(span->start, -span->duration) < std::pair(first->start, -first->duration)) first = span;
    return first->status;
  }
  for (const char* status : {"running", "error", "blocked", "unfinished"})
    if (roots.contains(status)) return status;
  return "ok";
}

Nanos extent_of(const Spans& spans) {
  Nanos first = spans[0]->start, last = 0;
  for (const Span* span : spans)
    first = std::min(first, span->start), last = std::max(last, span->start + span->duration);
  return last - first;
}

std::optional<double> total_of(std::string_view name, const Spans& spans) {
  if (name == "duration") return static_cast<double>(extent_of(spans));
  if (name == "start") {
    Nanos first = spans[0]->position();
    for (const Span* span : spans) first = std::min(first, span->position());
    return static_cast<double>(first);
  }
  double sum = 0;
  bool known = false, unknown = false;
  for (const Span* span : spans) {
    const auto value = Facts(*span).number(name);
    known |= value.has_value();
    unknown |= span->cost_unknown;
    sum += static_cast<double>(value.value_or(0));
  }
  if (name == "cost") return known || !unknown ? std::optional(sum) : std::nullopt;
  return known ? std::optional(sum) : std::nullopt;
}

namespace {

bool total_passes(const Leaf& leaf, const Spans& spans) {
  if (leaf.dimension->name == "status") return has_one(leaf.values, status_of(spans)) == (leaf.op != Op::ne);
  const auto total = total_of(leaf.dimension->name, spans);
  if (!total) return leaf.op == Op::ne;
  const double wanted = leaf.whole.empty() ? leaf.real[0] : static_cast<double>(leaf.whole[0]);
  switch (leaf.op) {
    case Op::gt:
      return *total > wanted;
    case Op::ge:
      return *total >= wanted;
    case Op::lt:
      return *total < wanted;
    case Op::le:
      return *total <= wanted;
    case Op::ne:
      return !has_one(leaf.real, *total);
    default:
      return has_one(leaf.real, *total);
  }
}

}  // namespace

bool item_passes(const Node& node, const Spans& spans) {
  const auto child = [&](const Node& c) { return item_passes(c, spans); };
  if (node.kind == Node::Kind::all) return std::ranges::all_of(node.children, child);
  if (node.kind == Node::Kind::any) return std::ranges::any_of(node.children, child);
  if (node.kind == Node::Kind::none) return !child(node.children[0]);
  const Leaf& leaf = node.leaf;
  if (leaf.what == Leaf::What::compare && leaf.dimension->holds == Holds::total) return total_passes(leaf, spans);
  if (leaf.what == Leaf::What::flag && leaf.flag->name == "running") return status_of(spans) == "running";
  Leaf positive = leaf;  // negated: none of the spans
  positive.op = leaf.op == Op::ne ? Op::eq : leaf.op;
  const auto alone = Filter::parse(print(Node{.kind = Node::Kind::leaf, .leaf = positive, .children = {}}));
  PAWL_CHECK(alone.has_value());
  const bool any = std::ranges::any_of(spans, [&](const Span* span) { return matches(*alone, Facts(*span)); });
  return any == (leaf.op != Op::ne);
}

std::string random_filter(Random& random, int depth) {
  static const std::vector<std::string> leaves = {"agent=refunds",
                                                  "agent=refunds,search",
                                                  "agent!=triage",
                                                  "agent=\"\"",
                                                  "model~GPT",
                                                  "model=gpt-5,claude-4",
                                                  "tool=issue_refund",
                                                  "status=error",
                                                  "status!=ok",
                                                  "status=ok,blocked",
                                                  "kind=llm",
                                                  "kind=tool,agent",
                                                  "tag=test",
                                                  "tag!=vip",
                                                  "tag~ES",
                                                  "tag=\"\"",
                                                  "attr.tenant=acme",
                                                  "attr.tenant!=acme",
                                                  "attr.retries>2",
                                                  "attr.retries<=1",
                                                  "cost>0.05",
                                                  "cost<=0.2",
                                                  "duration>=10s",
                                                  "duration<40s",
                                                  "tokens>3000",
                                                  "tokens.input<100",
                                                  "errors>0",
                                                  "errors=0",
                                                  "errors!=1",
                                                  "spans>4",
                                                  "llm_calls>=2",
                                                  "tool_calls=0,1",
                                                  "is:error",
                                                  "is:noise",
                                                  "is:root",
                                                  "is:running",
                                                  "is:unpriced",
                                                  "has:tool",
                                                  "has:session",
                                                  "has:cost",
                                                  "has:attr.tenant",
                                                  "has:parent",
                                                  "has:tag",
                                                  "session=s-9",
                                                  "session~s-1",
                                                  "user=u3",
                                                  "name=step2",
                                                  "error_type=Timeout",
                                                  "ttft>1s",
                                                  "task=refund",
                                                  "start>2026-02-25T09:00:00Z",
                                                  "start<2026-02-25T10:30:00Z"};
  if (depth >= 3 || chance(random, .45)) return (chance(random, .2) ? "-" : "") + pick(random, leaves);
  std::string out;
  const std::string_view joint = chance(random, .4) ? " or " : " ";
  const std::uint64_t count = 2 + random.below(2);
  for (std::uint64_t i = 0; i < count; ++i) out += (i > 0 ? std::string(joint) : "") + random_filter(random, depth + 1);
  return (chance(random, .3) ? "-(" : "(") + out + ")";
}

}  // namespace pawl::query::testing
