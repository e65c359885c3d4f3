// Every question of every runbook can be asked; a post-mortem says what is known, and no text of others is Markdown in
// it.
#include <gtest/gtest.h>

#include "inside.h"
#include "runbooks.h"

namespace pawl::incidents {
namespace {

TEST(Runbooks, EveryQuestionCanBeAsked) {
  EXPECT_EQ(runbooks().size(), 6U);
  for (const auto& runbook : runbooks()) {
    EXPECT_GE(runbook.steps.size(), 6U) << runbook.name;
    for (const auto& step : runbook.steps) {
      if (step.measures.empty()) continue;
      const auto filter =
          query::Filter::parse(fmt::format("agent=\"a b\" ({})", step.filter.empty() ? "spans>0" : step.filter));
      ASSERT_TRUE(filter) << step.text << filter.error().message;
      const auto grain = query::grain_from(step.grain);
      ASSERT_TRUE(grain) << step.text;
      const auto asked = query::compile(1, {.measures = {step.measures.begin(), step.measures.end()},
                                            .dimensions = {step.dimensions.begin(), step.dimensions.end()},
                                            .filter = *filter,
                                            .range = {0, day},
                                            .limit = 20,
                                            .grain = *grain});
      EXPECT_TRUE(asked) << runbook.name << ": " << step.text << ": " << asked.error().what;
    }
  }
  for (const std::string_view measure : {"cost", "error_rate", "guardrail_triggers", "latency.p95", "score.x"})
    EXPECT_NE(runbook_called(runbook_for(measure, false)), nullptr) << measure;
  EXPECT_EQ(runbook_for("error_rate", true), "bad_release");
}

Whole an_incident() {
  Whole out;
  out.incident = {.id = "inc_1",
                  .number = 7,
                  .title = "Cost | of <b>refunds</b>",
                  .severity = "critical",
                  .agent = "refunds",
                  .opened_by = "pawl",
                  .began = 1000 * hour,
                  .opened = 1000 * hour + 10 * minute,
                  .mitigated = 1002 * hour};
  out.alerts = {{.event = "evt_1",
                 .rule = "rule_1",
                 .name = "Cost spike",
                 .split = R"({"agent":"refunds"})",
                 .severity = "page",
                 .sentence = "94 % of the rise comes from model=gpt-5.",
                 .evidence = R"({"causes":[{"filter":"model=gpt-5","share":0.94,"actual":12.5,"expected":2.9}],
                               "release":{"agent":"refunds","version":"v8","at":"2026-11-20T10:00:00Z"}})",
                 .fired = 1000 * hour + 10 * minute}};
  out.entries = {{.number = 1, .at = 1000 * hour, .actor = "pawl", .kind = "opened", .text = "Cost spike"},
                 {.number = 2,
                  .at = 1001 * hour,
                  .actor = "ann@example.com",
                  .kind = "note",
                  .text = "We **rolled back**.\n- [ ] cap the budget\n<script>alert(1)</script>"}};
  out.links = {{.kind = "trace", .id = "abc/1", .note = "the [dearest]", .actor = "ann", .at = 1001 * hour}};
  out.cases = {{.dataset = "refunds", .id = "trace-abc", .trace = "abc", .actor = "ann", .at = 1001 * hour}};
  return out;
}

TEST(PostMortem, SaysWhatIsKnown) {
  const std::vector<Figure> figures = {
      {.name = "Cost", .measure = "cost", .unit = "USD", .link = "/traces?x=1", .now = 12.5, .before = 2.5},
      {.name = "Share of runs that failed",
       .measure = "error_rate",
       .unit = "ratio",
       .link = "/traces",
       .now = .1,
       .before = {}}};
  const auto one = an_incident();
  const auto text = post_mortem(one, figures, window_of(one.incident, 1010 * hour), "http://p", 1010 * hour);
  for (const std::string_view wanted :
       {"# INC-7: Cost \\| of \\<b\\>refunds\\</b\\>\n", "| Severity | critical |", "10 min after",
        "2 h 0 min after it began", "| [Cost](http://p/traces?x=1) | $12.50 | $2.50 | ×5.0 |", "| 10.00 % | – | – |",
        "94 % of the rise comes from model=gpt-5.", "  - `model=gpt-5`: 94 % of the change (12.5, expected 2.9)",
        "refunds v8 was first seen at 2026-11-20T10:00:00Z", "> We **rolled back**.", "- [ ] cap the budget\n",
        "[abc/1](http://p/traces/abc%2F1): the \\[dearest\\]", "`trace-abc` in the dataset `refunds`"})
    EXPECT_NE(text.find(wanted), std::string::npos) << wanted << "\n" << text;
  EXPECT_EQ(text.find("<b>"), std::string::npos) << "a table has no HTML of others";
}

TEST(Window, ReachesUntilItWasMitigatedAndHasSomeLength) {
  auto one = an_incident().incident;
  EXPECT_EQ(window_of(one, 1010 * hour).to, 1002 * hour);
  one.mitigated = 0;
  EXPECT_EQ(window_of(one, 1010 * hour).to, 1010 * hour);
  EXPECT_EQ(window_of(one, one.began).to, one.began + 5 * minute);
  EXPECT_EQ(where_of(one), "agent=\"refunds\"");
}

}  // namespace
}  // namespace pawl::incidents
