// Datasets: versions of items, what was at a time, experiments by their computed id.
#include "datasets.h"

#include <gtest/gtest.h>

namespace pawl::datasets {
namespace {

constexpr ledger::Migration some_projects[] = {
    {"projects", 1, "CREATE TABLE projects (id INTEGER PRIMARY KEY); INSERT INTO projects VALUES (1), (2)"}};

struct DatasetsTest : ::testing::Test {
  std::unique_ptr<ledger::Ledger> ledger;
  ManualClock clock{1'000 * day};
  std::unique_ptr<Datasets> datasets;
  std::string set;

  void SetUp() override {
    auto opened = ledger::open_sqlite(":memory:");
    ASSERT_TRUE(opened);
    ledger = std::move(*opened);
    std::vector<ledger::Migration> steps(std::begin(some_projects), std::end(some_projects));
    steps.insert(steps.end(), migrations().begin(), migrations().end());
    ASSERT_TRUE(ledger->migrate(steps));
    datasets = std::make_unique<Datasets>(*ledger, clock);
    const auto made = datasets->put(1, {.name = "qa"}, false);
    ASSERT_TRUE(made);
    set = made->id;
  }
  void put(std::string id, std::string expected) {
    clock.advance(second);
    std::vector<Item> items{{.id = std::move(id), .input = "1", .expected = std::move(expected), .splits = {}}};
    ASSERT_TRUE(datasets->put_items(1, set, std::move(items)));
  }
  std::string listed(const ItemsWanted& wanted) {
    const auto found = datasets->items(1, wanted);
    EXPECT_TRUE(found);
    std::string out;
    for (const auto& item : found->rows) out += item.id + item.expected + " ";
    return out;
  }
};

TEST_F(DatasetsTest, EachWriteIsAVersion) {
  put("a", "1");
  const Nanos then = clock.now();
  put("b", "2");
  put("a", "3");
  EXPECT_EQ(listed({.dataset = set, .ids = {}, .splits = {}, .version = {}}), "a3 b2 ");
  EXPECT_EQ(listed({.dataset = set, .ids = {}, .splits = {}, .version = 1}), "a1 ");
  EXPECT_EQ(listed({.dataset = set, .ids = {}, .splits = {}, .version = 2}), "a1 b2 ");
  EXPECT_EQ(listed({.dataset = set, .ids = {}, .splits = {}, .version = {}, .as_of = then}), "a1 ");
  ASSERT_TRUE(datasets->archive_item(1, "a"));
  EXPECT_EQ(listed({.dataset = set, .ids = {}, .splits = {}, .version = {}}), "b2 ");
  EXPECT_EQ(listed({.dataset = set, .ids = {}, .splits = {}, .version = 3}), "a3 b2 ");
  EXPECT_EQ(datasets->find(1, "qa")->items, 1);
}

TEST_F(DatasetsTest, ExperimentsGetTheIdThatTheSdkComputes) {
  // Recorded from langfuse 5.0.4 (tests/cases/sdks): project proj-fixture, run run-a.
  EXPECT_EQ(experiment_id("proj-fixture", "755c185f-aad4-5dcb-9f35-07b8a4411bf0", "run-a"), "63aa59b8e88e7e7d");
}

TEST_F(DatasetsTest, ATryIsKeptOnce) {
  const auto run = datasets->put_experiment(1, {.id = "e", .dataset = set, .name = "run"});
  ASSERT_TRUE(run);
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(datasets->put_run_item(1, {.id = {}, .experiment = "e", .item = "a", .trace_id = "t", .span_id = {}}));
  EXPECT_EQ(datasets->run_items(1, "e", {})->total, 1U);
  EXPECT_FALSE(datasets->put_run_item(2, {.id = {}, .experiment = "e", .item = "a", .trace_id = "t", .span_id = {}}));
  const auto again = datasets->put_experiment(1, {.id = "other", .dataset = set, .name = "run", .description = "d"});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, "e");
  EXPECT_EQ(again->description, "d");
}

TEST_F(DatasetsTest, CasesHaveIdsOfTheirDataset) {
  const auto other = datasets->put(1, {.name = "other"}, false);
  ASSERT_TRUE(other);
  Item item{.input = "1", .splits = {}, .name = "c1", .tags = {"x"}, .cluster = "f"};
  const auto first = datasets->put_cases(1, set, {item});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->added, 1U);
  ASSERT_TRUE(datasets->put_cases(1, other->id, {item})) << "the same id in another dataset";
  const auto same = datasets->put_cases(1, set, {item});
  ASSERT_TRUE(same);
  EXPECT_EQ(same->same, 1U);
  EXPECT_EQ(same->version, first->version) << "nothing new is no version";
  item.expected = "2";
  const auto changed = datasets->put_cases(1, set, {item});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->changed, 1U);
  const auto found = datasets->find_case(1, set, "c1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->expected, "2");
  EXPECT_EQ(found->tags, std::vector<std::string>{"x"});
  // Another maker's client that writes the item by its id does not know what cases have: it stays.
  put(found->id, "3");
  const auto after = datasets->find_case(1, set, "c1");
  ASSERT_TRUE(after);
  EXPECT_EQ(after->expected + after->cluster, "3f");
  EXPECT_EQ(datasets->versions_of(1, found->id)->size(), 3U);
}

TEST_F(DatasetsTest, ProjectsDoNotMeet) {
  EXPECT_FALSE(datasets->find(2, set));
  EXPECT_FALSE(datasets->put(1, {.name = "qa"}, false));
  EXPECT_TRUE(datasets->put(2, {.name = "qa"}, false));
  EXPECT_EQ(datasets->list(2, "", {})->total, 1U);
}

}  // namespace
}  // namespace pawl::datasets
