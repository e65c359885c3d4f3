// The audit table keeps what was appended, in order, for those who may see it, and lets nobody change it.
#include "records/audit/audit.h"

#include <gtest/gtest.h>

namespace pawl::audit {
namespace {

struct AuditTest : testing::Test {
  std::unique_ptr<ledger::Ledger> ledger;
  void SetUp() override {
    auto opened = ledger::open_sqlite(":memory:");
    ASSERT_TRUE(opened) << opened.error().what;
    ledger = std::move(*opened);
    ASSERT_TRUE(ledger->migrate(migrations()));
  }
  void note(std::uint32_t project, std::string_view action, std::string_view detail) {
    const auto done = append(*ledger, 7, project, "user 1", action, detail);
    ASSERT_TRUE(done) << done.error().what;
  }
  std::string shown(std::uint32_t project, bool whole, std::int64_t before = 1'000'000, std::uint32_t limit = 100) {
    std::string out;
    for (const auto& entry : read(*ledger, project, whole, before, limit).value()) out += entry.detail + " ";
    return out;
  }
};

TEST_F(AuditTest, AProjectSeesItsOwnAndTheOwnerTheInstallationToo) {
  note(1, "key.create", "a");
  note(0, "login", "b");
  note(2, "key.create", "c");
  note(1, "key.revoke", "d");
  EXPECT_EQ(shown(1, false), "d a ");
  EXPECT_EQ(shown(1, true), "d b a ");
  EXPECT_EQ(shown(2, false), "c ");
  EXPECT_EQ(shown(3, false), "");
  EXPECT_EQ(shown(1, true, 3), "b a ");
  EXPECT_EQ(shown(1, true, 100, 1), "d ");
  EXPECT_EQ(last_detail(*ledger, "login").value(), "b");
  EXPECT_EQ(last_detail(*ledger, "never").value(), "");
}

TEST_F(AuditTest, RecordsAreNeitherChangedNorRemoved) {
  note(1, "key.create", "a");
  for (const char* sql : {"UPDATE audit SET detail = 'x'", "DELETE FROM audit"}) {
    const auto done = ledger->change([&](ledger::Transaction& t) -> Result<> {
      TRY(t.run(sql));
      return {};
    });
    EXPECT_FALSE(done) << sql;
  }
  EXPECT_EQ(shown(1, false), "a ");
}

TEST_F(AuditTest, ARecordGoesWithTheChangeThatItTellsOf) {
  const auto done = ledger->change([&](ledger::Transaction& t) -> Result<> {
    TRY(append(t, 7, 1, "user 1", "key.create", "never"));
    return fail(ErrorKind::conflict, "no");
  });
  EXPECT_FALSE(done);
  EXPECT_EQ(shown(1, true), "");
}

}  // namespace
}  // namespace pawl::audit
