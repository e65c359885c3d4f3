// What the demo's people set up around their fleet: budgets, objectives, schedules of reports, the starter rules judged
// over the staged fortnight, and what they wrote down about the incidents that these rules opened.
#include <simdjson.h>

#include <map>
#include <thread>

#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "demo/asker.h"
#include "demo/demo.h"
#include "demo/fleet.h"

namespace pawl::demo {
namespace {

struct Put {
  std::string_view path, body;
};

// The limits lie near what the fleet spends: some hold, some do not.
constexpr Put settings[] = {
    {"/api/v1/budgets/All%20agents", R"({"scope":"project","period":"month","limit_usd":"250.00"})"},
    {"/api/v1/budgets/Customer%20care",
     R"({"scope":"team","value":"customer-care","period":"month","limit_usd":"60.00"})"},
    {"/api/v1/budgets/Platform%20research",
     R"({"scope":"team","value":"platform-research","period":"week","limit_usd":"20.00"})"},
    {"/api/v1/budgets/Ledger%20analyst%2C%20a%20day",
     R"({"scope":"agent","value":"ledger-analyst","period":"day","limit_usd":"1.00"})"},
    {"/api/v1/slos/skyline-support-cost",
     R"({"agent":"skyline-support","kind":"cost","threshold":"0.01","target":0.8,"window":"14d","description":"An answer to a passenger costs a cent at most."})"},
    {"/api/v1/slos/orders-concierge-fast",
     R"({"agent":"orders-concierge","kind":"latency","threshold":"30s","target":0.95,"window":"14d","description":"An answer on an order within half a minute."})"},
    {"/api/v1/slos/workspace-assistant-runs",
     R"({"agent":"workspace-assistant","kind":"availability","target":0.99,"window":"14d","description":"Runs end without an error."})"},
    {"/api/v1/slos/research-crew-cost",
     R"({"agent":"research-crew","kind":"cost","threshold":"1.00","target":0.9,"window":"14d","description":"A report costs a dollar at most."})"},
    {"/api/v1/report-schedules/The%20week", R"({"kind":"weekly","period":"week","weekday":"monday","hour":8})"},
    {"/api/v1/report-schedules/Costs%20for%20finance", R"({"kind":"cost","period":"month","hour":7})"},
};

struct Planted {  // an incident of the fleet, and what its team wrote about it
  std::string_view id, severity, note;
  bool resolved;
};
constexpr Planted planted[] = {
    {"crew-loop", "major",
     "The crew's agents hand the task to each other without an answer; a session costs six times what it usually "
     "does.\n\n- [ ] A limit of hand-overs for the crew",
     true},
    {"latency-order-backend", "minor",
     "The order backend is slow, and the agent waits for its tools. Nothing was changed on our side; it went by when "
     "the backend recovered.\n\n- [ ] A time limit on the order tools, and an answer that says so",
     true},
    {"regression-v13", "critical",
     "v13 asks gpt-4.1 in place of gpt-4o and reads nothing from the prompt cache: it solves half as many tasks, and a "
     "session costs 2.7 times what it did. v14 replaces it.\n\n- [ ] `pawl gate` on *solved* and *cost* before a "
     "version takes traffic",
     true},
    {"injection-surge", "major",
     "Texts that the assistant reads try to give it orders. The guardrail fired on each; what it let pass is linked "
     "here.\n\n- [ ] Read the sessions in which nothing was blocked",
     true},
    {"budget-exhausted", "minor",
     "The daily budget of $1.00 was used up, and every session after that was blocked before its first model "
     "call.\n\n- [ ] Decide with finance-data whether a dollar a day is still right",
     false}};

struct Window {
  Nanos from = 0, to = 0;
  const Row* first = nullptr;
};

std::map<std::string, Window, std::less<>> windows_of(const Fleet& fleet) {
  std::map<std::string, Window, std::less<>> out;
  for (const Row& row : fleet.rows) {
    for (const auto& incident : row.incidents) {
      Window& window = out[incident];
      if (window.first == nullptr) window = {row.at, row.at, &row};
      window.to = std::max(window.to, row.at + row.duration);
    }
  }
  return out;
}

// A rule is judged by whole hours, and hears of a session when it is over.
constexpr Nanos slack = 3 * hour;
constexpr Nanos look_again = 100 * millisecond;

class Operations {
 public:
  Operations(Asker& api, const StageOptions& options)
      : api_(api),
        patience_(options.patience),
        now_(options.now != 0 ? options.now : SystemClock().now()),
        day0_(now_ / hour * hour - fleet_days) {}

  Result<> set_up() {
    for (const auto& [path, body] : settings) TRY(api_.call("PUT", std::string(path), std::string(body)));
    const auto rules = TRY(JsonFields::parse(TRY(api_.call("GET", "/api/v1/alerts/rules"))));
    for (const auto& rule : rules.objects("rules")) TRY(judge_since_day0(rule.text("id")));
    return {};
  }

  Result<> tend(const Fleet& fleet, const std::stop_token& stop) {
    if (!TRY(wait_until_judged(stop))) return {};
    const auto windows = windows_of(fleet);
    const auto found = TRY(JsonFields::parse(TRY(api_.call("GET", "/api/v1/incidents?limit=100"))));
    for (const auto& one : found.objects("incidents")) {
      const Nanos began = parse_time(one.text("began")).value_or(0) - day0_;
      if (const auto* const plan = plan_of(windows, began, one.text("agent")))
        TRY(write_down(one.text("id"), *plan, *windows.find(plan->id)->second.first));
    }
    return report();
  }

 private:
  using Windows = std::map<std::string, Window, std::less<>>;

  // What was planted then for this agent; for none in particular the shortest.
  static const Planted* plan_of(const Windows& windows, Nanos began, const std::string& agent) {
    const Planted* best = nullptr;
    Nanos length = 0;
    for (const auto& plan : planted) {
      const auto found = windows.find(plan.id);
      if (found == windows.end()) continue;
      const Window& window = found->second;
      const bool then = began >= window.from - slack && began <= window.to + slack;
      if (!then || (!agent.empty() && agent != window.first->agent)) continue;
      if (best == nullptr || window.to - window.from < length) best = &plan, length = window.to - window.from;
    }
    return best;
  }

  // The rule with an incident of each firing, from the first staged day on.
  Result<> judge_since_day0(const std::string& id) {
    const std::string stored = TRY(api_.call("GET", "/api/v1/alerts/rules/" + id));
    simdjson::dom::parser parser;
    simdjson::dom::object definition;
    if (parser.parse(stored)["definition"].get(definition) != simdjson::SUCCESS)
      return fail(ErrorKind::corrupt, "the rule {} has no definition", id);
    const std::string body = R"({"incident":true,)" + std::string(simdjson::minify(definition)).substr(1);
    return done(api_.call(
        "PUT", fmt::format("/api/v1/alerts/rules/{}?since={}", id, format_time(day0_).substr(0, 19) + "Z"), body));
  }

  // False where it was stopped.
  Result<bool> wait_until_judged(const std::stop_token& stop) {
    const SystemClock clock;
    const Nanos until = clock.monotonic() + patience_;
    for (;;) {
      const auto rules = TRY(JsonFields::parse(TRY(api_.call("GET", "/api/v1/alerts/rules"))));
      bool all = true;
      for (const auto& rule : rules.objects("rules"))
        all = all && parse_time(rule.text("evaluated")).value_or(0) > now_ - 2 * hour;
      if (all) return true;
      if (stop.stop_requested()) return false;
      if (clock.monotonic() > until) return fail(ErrorKind::unavailable, "the rules are not judged yet");
      std::this_thread::sleep_for(std::chrono::nanoseconds(look_again));
    }
  }

  Result<> write_down(const std::string& id, const Planted& plan, const Row& row) {
    const std::string path = "/api/v1/incidents/" + id;
    JsonWriter note, link, change;
    TRY(api_.call("POST", path + "/notes", note.object().field("text", plan.note).end().take()));
    TRY(api_.call("POST", path + "/links",
                  link.object()
                      .field("kind", "session")
                      .field("id", row.session)
                      .field("note", "the first of them")
                      .end()
                      .take()));
    change.object().field("severity", plan.severity).field("agent", row.agent).field("owner", row.team);
    if (plan.resolved)
      change.field("status", "resolved").field("why", "nothing of it for a day, and the cause is known");
    return done(api_.call("PATCH", path, change.end().take()));
  }

  // The last whole week and the month so far are there to be read, the week for whoever has its link too.
  Result<> report() {
    const auto week = TRY(JsonFields::parse(TRY(api_.call("POST", "/api/v1/reports", R"({"kind":"weekly"})"))));
    TRY(api_.call("POST", "/api/v1/reports", R"({"kind":"cost"})"));
    return done(
        api_.call("POST", "/api/v1/reports/" + week.text("id") + "/links", R"({"expires":"30d","label":"the board"})"));
  }

  static Result<> done(Result<std::string> answer) {
    if (!answer) return std::unexpected(std::move(answer.error()));
    return {};
  }

  Asker& api_;
  Nanos patience_, now_, day0_;
};

}  // namespace

Result<> stage_operations(const std::string& url, const StageOptions& options) {
  Asker api(url, options.key, options.patience);
  return Operations(api, options).set_up();
}

Result<> tend_incidents(const std::string& url, const StageOptions& options, const std::stop_token& stop) {
  const Fleet fleet = TRY(load_fleet());
  Asker api(url, options.key, options.patience);
  return Operations(api, options).tend(fleet, stop);
}

}  // namespace pawl::demo
