// Each reason by the numbers that show it, and agreement.
#include "reconcile.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pawl::costs {
namespace {

constexpr Int128 dollar = pico_per_dollar;
constexpr Nanos first = 20'000 * day;

struct Case {
  std::vector<Compared> rows;
  std::map<ModelDay, Circumstances> known;
  Nanos last = first + 30 * day;

  Case& row(std::string type, std::optional<std::int64_t> their_tokens, std::optional<std::int64_t> our_tokens,
            std::optional<double> their_dollars, std::optional<double> our_dollars, Nanos at = first) {
    const auto money = [](std::optional<double> dollars) {
      return dollars ? std::optional(static_cast<Int128>(*dollars * 1e12)) : std::nullopt;
    };
    rows.push_back({.day = at,
                    .provider = "openai",
                    .model = "m",
                    .type = std::move(type),
                    .theirs = {their_tokens, money(their_dollars)},
                    .ours = {our_tokens, money(our_dollars)}});
    return *this;
  }
  Case& about(Circumstances circumstances) {
    known[{first, "openai", "m"}] = circumstances;
    return *this;
  }
  std::vector<std::string> judged() {
    judge(rows, known, last);
    std::vector<std::string> out;
    for (const auto& one : rows) out.push_back(one.agrees ? "agrees" : one.reason);
    return out;
  }
};
using Words = std::vector<std::string>;
const Circumstances seen{.their_requests = 100, .our_calls = 100};

TEST(Reconcile, Agreement) {
  EXPECT_EQ(Case().row("input", 1000, 1000, 100, 100.5).about(seen).judged(), Words{"agrees"});     // 0.5 %
  EXPECT_EQ(Case().row("input", 1000, 1000, 0.001, 0.0109).about(seen).judged(), Words{"agrees"});  // below a cent
  EXPECT_EQ(Case().row("input", 1000, 1001, {}, 5).about(seen).judged(), Words{"agrees"});
  EXPECT_NE(Case().row("input", 1000, 1010, {}, 5).about(seen).judged(), Words{"agrees"});
}

TEST(Reconcile, EachReasonByItsNumbers) {
  EXPECT_EQ(Case().row("input", {}, 1000, {}, 10).about({.imported = false, .our_calls = 9}).judged(),
            Words{"no_bill"});
  EXPECT_EQ(Case().row("input", 2000, 1000, 20, 10).about({.their_requests = 200, .our_calls = 100}).judged(),
            Words{"not_seen"});
  EXPECT_EQ(Case().row("input", 1000, {}, 10, {}).judged(), Words{"not_seen"});
  EXPECT_EQ(Case()
                .row("input", 1000, 2000, 10, 20)
                .row("output", 10, 20, 1, 2)
                .about({.their_requests = 100, .our_calls = 200})
                .judged(),
            (Words{"counted_twice", "counted_twice"}));
  EXPECT_EQ(Case().row("input", 1000, 1000, 13, 10).row("output", 10, 10, 2.6, 2).about(seen).judged(),
            (Words{"price", "price"}));
  EXPECT_EQ(
      Case().row("input", 1000, 1000, 13, {}).about({.their_requests = 9, .our_calls = 9, .unpriced = 9}).judged(),
      Words{"price"});
  EXPECT_EQ(Case().row("input", 1000, 1000, 5, 10).row("output", 10, 10, 1, 2).about(seen).judged(),
            (Words{"service_tier", "service_tier"}));
  EXPECT_EQ(Case().row("input", 1000, 1000, 10, 10).row("cache_write", 100, 100, 16, 10).about(seen).judged(),
            (Words{"agrees", "cache_lifetime"}));
  EXPECT_EQ(Case()
                .row("input", 1000, 1000, 16, 10)
                .row("output", 10, 10, 2.5, 2)
                .about({.their_requests = 100, .our_calls = 100, .at_top_tier = 23 * dollar})
                .judged(),
            (Words{"context_tier", "context_tier"}));
  EXPECT_EQ(Case().row("input", 1300, 1000, 13, 10).row("input", 700, 1000, 7.1, 10, first + day).about(seen).judged(),
            (Words{"day_boundary", "day_boundary"}));
  EXPECT_EQ(Case().row("input", 1000, 1000, 10, 10).row("tools", 30, {}, 0.3, {}).about(seen).judged(),
            (Words{"agrees", "server_tools"}));
  EXPECT_EQ(Case()
                .row("input", 1050, 1000, 10.5, 10)
                .about({.their_requests = 105, .our_calls = 100, .our_failures = 5})
                .judged(),
            Words{"failed_calls"});
  for (const char* type : {"tax", "credit", "adjustment"})
    EXPECT_EQ(Case().row("input", 1000, 1000, 10, 10).row(type, {}, {}, 2, {}).about(seen).judged(),
              (Words{"agrees", "not_usage"}));
  Case late;
  late.last = first + 2 * day;
  EXPECT_EQ(late.row("input", 700, 1000, 7, 10).about(seen).judged(), Words{"late_data"});
  EXPECT_EQ(Case().row("input", 1000, 1000, 11, 10).row("output", 10, 10, 2.2, 2).about(seen).judged(),
            (Words{"surcharge", "surcharge"}));
  EXPECT_EQ(Case().row("input", 1000, 1000, 10.1, 10).row("output", 10, 10, 2.0, 2).about(seen).judged(),
            (Words{"rounding", "agrees"}));
  EXPECT_EQ(Case().row("input", 700, 1000, 7, 10).about(seen).judged(), Words{"unknown"});
}

Bill bill(std::string type, std::optional<std::int64_t> quantity, std::optional<std::int64_t> pico) {
  return {.from = first,
          .to = first + day,
          .group = type,
          .provider = "openai",
          .model = "gpt-5-2025-08-07",
          .account = {},
          .type = type,
          .tier = "standard",
          .quantity = quantity,
          .requests = {},
          .pico = pico};
}

TEST(Reconcile, BothSidesMeetByComparableModelAndKind) {
  const std::vector<Bill> bills = {bill("input", 1000, {}), bill("input", 1000, 2'000'000'000'000),
                                   bill("output", 100, 1'000'000'000'000), bill("tools", 3, 30'000'000'000),
                                   bill("tax", {}, 400'000'000'000)};
  Seen ours{.day = first, .provider = "openai", .model = "gpt-5", .calls = 10};
  ours.kinds = {{"input", {1000, 2 * dollar}}, {"output", {60, dollar / 2}}, {"reasoning", {40, dollar / 2}}};
  Seen house{.day = first, .provider = "house", .model = "h", .calls = 1};
  house.kinds = {{"input", {5, dollar}}};
  std::vector<std::string> lines;
  for (const auto& row : reconcile(bills, {ours, house}))
    lines.push_back(fmt::format("{} {} {} {}", row.provider, row.model, row.type, row.agrees ? "agrees" : row.reason));
  std::ranges::sort(lines);
  EXPECT_EQ(lines, (Words{"house h input no_bill", "openai  tools server_tools", "openai gpt-5-2025-08-07 input agrees",
                          "openai gpt-5-2025-08-07 output agrees", "openai gpt-5-2025-08-07 tax not_usage"}));
}

TEST(Reconcile, KindsThatOneSideDoesNotTellApartAreOne) {
  Seen ours{.day = first, .provider = "openai", .model = "gpt-5", .calls = 10};
  ours.kinds = {{"all", {1100, 3 * dollar}}};
  const auto rows = reconcile({bill("input", 1000, 2'000'000'000'000), bill("output", 100, 1'000'000'000'000)}, {ours});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].type, "all");
  EXPECT_TRUE(rows[0].agrees);
}

TEST(Reconcile, AllReasonsHaveATest) {
  EXPECT_EQ(reasons().size(), 15U);
}

}  // namespace
}  // namespace pawl::costs
