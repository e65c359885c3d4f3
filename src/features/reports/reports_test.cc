// Calendar periods, when schedules are due, what is noise, and what a hostile name can do to a report.
#include <gtest/gtest.h>

#include "gather.h"

namespace pawl::reports {
namespace {

Nanos at(std::string_view text) {
  return parse_time(text).value_or(0);
}
std::string text(Nanos time) {
  return format_time(time).substr(0, 16);
}

TEST(Week, IsOfTheLocalCalendar) {
  const Zone berlin = *Zone::find("Europe/Berlin");
  const auto week = period_at(berlin, Period::week, at("2026-11-20T12:00:00Z"));
  EXPECT_EQ(text(week.from), "2026-11-15T23:00");
  EXPECT_EQ(text(week.to), "2026-11-22T23:00");
  const auto change = period_at(berlin, Period::week, at("2026-10-25T12:00:00Z"));  // clocks go back on Sunday
  EXPECT_EQ((change.to - change.from) / hour, 169);
  EXPECT_EQ((period_at(berlin, Period::week, at("2026-03-29T12:00:00Z")).to -
             period_at(berlin, Period::week, at("2026-03-29T12:00:00Z")).from) /
                hour,
            167);
  EXPECT_EQ(period_before(berlin, Period::week, week).to, week.from);
  EXPECT_EQ(text(period_before(berlin, Period::week, week).from), "2026-11-08T23:00");
  EXPECT_EQ(text(period_at(Zone(), Period::week, at("1969-12-31T00:00:00Z")).from), "1969-12-29T00:00");
}

TEST(Week, ScheduleIsDueAtItsHour) {
  const Zone berlin = *Zone::find("Europe/Berlin");
  EXPECT_EQ(text(last_due(berlin, {Period::week, 0, 8}, at("2026-11-16T07:00:00Z"))), "2026-11-16T07:00");
  EXPECT_EQ(text(last_due(berlin, {Period::week, 0, 8}, at("2026-11-16T06:59:59Z"))), "2026-11-09T07:00");
  EXPECT_EQ(text(last_due(berlin, {Period::week, 6, 2}, at("2026-03-30T00:00:00Z"))),
            "2026-03-29T01:00");  // 02:00 does not exist
  EXPECT_EQ(text(last_due(berlin, {Period::week, 6, 2}, at("2026-10-26T00:00:00Z"))),
            "2026-10-25T00:00");  // the first of two
  EXPECT_EQ(text(next_due(berlin, {Period::week, 0, 8}, at("2026-11-16T06:59:59Z"))), "2026-11-16T07:00");
  EXPECT_EQ(text(next_due(berlin, {Period::week, 0, 8}, at("2026-11-16T07:00:00Z"))), "2026-11-23T07:00");
  EXPECT_EQ(weekday_of("sunday"), 6);
  EXPECT_EQ(weekday_of("someday"), -1);
}

TEST(Period, MonthsAndDaysAreOfTheLocalCalendar) {
  const Zone berlin = *Zone::find("Europe/Berlin");
  const auto month = period_at(berlin, Period::month, at("2026-10-31T23:30:00Z"));  // November in Berlin
  EXPECT_EQ(text(month.from), "2026-10-31T23:00");
  EXPECT_EQ(text(month.to), "2026-11-30T23:00");
  const auto before = period_before(berlin, Period::month, month);
  EXPECT_EQ(text(before.from), "2026-09-30T22:00");
  EXPECT_EQ(before.to, month.from);
  EXPECT_EQ((before.to - before.from) / hour, 31 * 24 + 1);  // clocks go back in it
  const auto january =
      period_before(Zone(), Period::month, period_at(Zone(), Period::month, at("2028-02-29T12:00:00Z")));
  EXPECT_EQ(text(january.from), "2028-01-01T00:00");
  EXPECT_EQ(text(period_before(Zone(), Period::month, january).from), "2027-12-01T00:00");
  const auto day = period_at(berlin, Period::day, at("2026-10-25T12:00:00Z"));
  EXPECT_EQ((day.to - day.from) / hour, 25);
  EXPECT_EQ(text(period_before(berlin, Period::day, day).from), "2026-10-23T22:00");
  EXPECT_EQ(text(period_at(Zone(), Period::day, at("1969-12-31T23:00:00Z")).from), "1969-12-31T00:00");
  EXPECT_FALSE(period_named("year"));
}

TEST(Period, SchedulesOfDaysAndMonths) {
  const Zone berlin = *Zone::find("Europe/Berlin");
  EXPECT_EQ(text(last_due(berlin, {Period::month, 3, 8}, at("2026-11-01T07:00:00Z"))), "2026-11-01T07:00");
  EXPECT_EQ(text(last_due(berlin, {Period::month, 3, 8}, at("2026-11-01T06:59:59Z"))), "2026-10-01T06:00");
  EXPECT_EQ(text(next_due(berlin, {Period::month, 3, 8}, at("2026-12-15T00:00:00Z"))), "2027-01-01T07:00");
  EXPECT_EQ(text(last_due(berlin, {Period::day, 3, 8}, at("2026-11-20T06:00:00Z"))), "2026-11-19T07:00");
  EXPECT_EQ(text(next_due(berlin, {Period::day, 3, 8}, at("2026-11-20T06:00:00Z"))), "2026-11-20T07:00");
}

TEST(Report, ChangesBeyondWhatIsUsual) {
  std::vector<std::optional<double>> weeks = {100, 110, 95, 105, 98, 103, 99, 104, 97, 101, 100, 180};
  const auto usual = usual_interval(weeks);
  ASSERT_TRUE(usual);
  Tile tile{.name = "x",
            .unit = "USD",
            .measure = "cost",
            .filter = {},
            .now = 180,
            .before = 100,
            .last = weeks,
            .low = {},
            .high = {}};
  tile.low = 80 + usual->first, tile.high = 80 + usual->second;
  EXPECT_TRUE(tile.moved());
  tile.low = 5 + usual->first, tile.high = 5 + usual->second;
  EXPECT_FALSE(tile.moved());
  EXPECT_FALSE(usual_interval({1, 2, {}, 3, 4}));
}

Report hostile() {
  const std::string name = "</td><script>alert(1)</script>\"'&\n=cmd";
  Report report{
      .kind = "weekly", .project = name, .timezone = "UTC", .range = {0, 7 * day}, .before = {}, .made = 8 * day};
  report.tiles.push_back({.name = "Cost",
                          .unit = "USD",
                          .measure = "cost",
                          .filter = {},
                          .now = 12.5,
                          .before = 10,
                          .last = {1, {}, 10, 12.5},
                          .low = {},
                          .high = {}});
  for (const char* by : {"team", "agent", "model"})
    report.costs.push_back({.by = by, .rows = {{name, 3, 1, 1, 0}, {"", 2, 2, 1, 0}}, .total = {"", 5, 3, 2, 0}});
  report.objectives = {{.name = name,
                        .agent = name,
                        .kind = "latency",
                        .threshold = "10s",
                        .bad_filter = "agent=" + query::quoted(name),
                        .target = .9,
                        .valid = 100,
                        .bad = 20,
                        .state = "broken"}};
  report.firings = {{.rule = name, .severity = "page", .split = name, .at = day, .resolved = {}}};
  report.incidents = {{.id = "inc_1",
                       .title = name,
                       .severity = "page",
                       .status = name,
                       .owner = name,
                       .opened = day,
                       .resolved = 2 * day}};
  report.sentences.push_back({name, "https://pawl.example/traces?filter=\"><script>"});
  report.base = "https://pawl.example";
  return report;
}

TEST(Report, NothingThatUsersWroteIsMarkup) {
  const std::string page = as_html(hostile());
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(1)"), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);  // nothing is fetched
  EXPECT_EQ(page.find("url("), std::string::npos);
  for (const char* part :
       {"80.00 %", "not met", "still fires", "$12.50", "belongs to nobody", "/incidents/inc_1", "24.0 h"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  const std::string csv = as_csv(hostile());
  EXPECT_EQ(csv.find("\n=cmd,"), std::string::npos);
  EXPECT_NE(csv.find("cost by agent,(all),0.000000000005,0.000000000003"), std::string::npos) << csv;
  const std::string json = as_json(hostile());
  EXPECT_NE(json.find("\"total_usd\":\"0.000000000005\""), std::string::npos);
}

TEST(Report, AKindHoldsItsPart) {
  auto report = hostile();
  report.kind = "slo";
  EXPECT_EQ(as_html(report).find("Cost by"), std::string::npos);
  EXPECT_NE(as_html(report).find("Objectives"), std::string::npos);
  EXPECT_EQ(as_csv(report).find("cost by"), std::string::npos);
}

TEST(Report, FewWeeksAreColumnsManyALine) {
  auto report = hostile();
  const std::string few = as_html(report);
  EXPECT_EQ(few.find("<polyline"), std::string::npos);
  std::size_t columns = 0;
  for (auto at = few.find("<rect "); at != std::string::npos; at = few.find("<rect ", at + 1)) ++columns;
  EXPECT_EQ(columns, 3u);  // a week without a value has none
  report.tiles[0].last = {1, 2, 3, 4, 5};
  EXPECT_NE(as_html(report).find("<polyline"), std::string::npos);
}

TEST(Report, FiguresAreReadable) {
  EXPECT_EQ(shown(1234567.891, "USD"), "$1,234,567.89");
  EXPECT_EQ(shown(-0.5, "USD"), "−$0.5000");
  EXPECT_EQ(shown(0, "USD"), "$0.00");
  EXPECT_EQ(shown(.98765, "ratio"), "98.77 %");
  EXPECT_EQ(shown(1500, "ms"), "1.5 s");
  EXPECT_EQ(shown(999, ""), "999");
  EXPECT_EQ(shown(1000, ""), "1,000");
}

}  // namespace
}  // namespace pawl::reports
