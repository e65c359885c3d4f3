// The ledger keeps what was committed, all of it or nothing, and refuses a newer file.
#include "store/ledger/ledger.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace pawl::ledger {
namespace {

constexpr Migration steps[] = {{"t", 1, "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT"},
                               {"t", 2, "ALTER TABLE a ADD COLUMN more TEXT; CREATE INDEX a_more ON a (more)"}};

struct LedgerTest : testing::Test {
  std::string path = std::filesystem::temp_directory_path() / fmt::format("pawl-ledger-{}.db", getpid());
  void SetUp() override { TearDown(); }
  void TearDown() override {
    for (const char* tail : {"", "-wal", "-shm", ".copy"}) std::filesystem::remove(path + tail);
  }
};

TEST_F(LedgerTest, CommitsAllOrNothing) {
  auto opened = open_sqlite(path);
  ASSERT_TRUE(opened) << opened.error().what;
  auto& ledger = **opened;
  ASSERT_TRUE(ledger.migrate(steps));
  ASSERT_TRUE(ledger.migrate(steps));  // nothing to do
  const std::string hostile("a'; DROP TABLE a; --\0x", 22);
  ASSERT_TRUE(ledger.change([&](Transaction& t) -> Result<> {
    TRY(t.run("INSERT INTO a (name, more) VALUES (?, ?)", {hostile, nullptr}));
    return {};
  }));
  const auto again = ledger.change([&](Transaction& t) -> Result<> {
    TRY(t.run("INSERT INTO a (name) VALUES (?)", {std::string("kept?")}));
    TRY(t.run("INSERT INTO a (name) VALUES (?)", {hostile}));
    return {};
  });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  const auto rows = ledger.read("SELECT name, more FROM a");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->text(0, 0), hostile);
  EXPECT_TRUE(rows->is_null(0, 1));
  EXPECT_TRUE(ledger.check());
  ASSERT_TRUE(ledger.copy_to(path + ".copy"));
  EXPECT_EQ(open_sqlite(path + ".copy").value()->read("SELECT 1 FROM a").value().size(), 1U);
}

TEST_F(LedgerTest, RefusesANewerFile) {
  ASSERT_TRUE(open_sqlite(path).value()->migrate(steps));
  const auto older = open_sqlite(path).value()->migrate(std::span(steps).first(1));
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().kind, ErrorKind::conflict);
}

}  // namespace
}  // namespace pawl::ledger
