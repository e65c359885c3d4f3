// What tests of alerts stand on: a ledger with every table that alerts read, a project's channel "ch", a clock by hand.
#pragma once
#include <gtest/gtest.h>

#include "inside.h"
#include "records/audit/audit.h"
#include "records/slos/slos.h"

namespace pawl::alerts {

// Why a rule is refused; "none" where it is taken.
inline std::string mistake(std::string_view json) {
  const auto definition = parse_definition(json);
  return definition ? "none" : definition.error().what;
}

class Desk : public testing::Test {
 protected:
  void open(const std::string& ledger, Options options) {
    ledger_ = *ledger::open_sqlite(ledger);
    std::vector<ledger::Migration> steps;
    for (const auto owner :
         {projects::migrations(), audit::migrations(), migrations(), incidents::migrations(), slos::migrations()})
      steps.insert(steps.end(), owner.begin(), owner.end());
    ASSERT_TRUE(ledger_->migrate(steps));
    projects_ = *projects::Projects::open(*ledger_, random_, clock_,
                                          [](ledger::Transaction&, std::uint32_t, std::string_view, std::string_view,
                                             std::string_view) -> Result<> { return {}; });
    inside_.reset(new Inside{.pool = pool_,
                             .ledger = *ledger_,
                             .projects = *projects_,
                             .random = random_,
                             .clock = clock_,
                             .log = log_,
                             .options = std::move(options)});
    ASSERT_TRUE(ledger_->change([](ledger::Transaction& change) -> Result<> {
      TRY(change.run(
          "INSERT INTO alert_channels (project, id, name, url, secret, enabled, trouble) VALUES (1, 'ch', 'c', "
          "'https://example.com/x', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 1, '')"));
      return {};
    }));
  }

  SeededRandom random_{7};
  ManualClock clock_{1'795'000'000 * second};
  Log log_{Log::Format::text, Level::error};
  net::Pool pool_{1, 8};
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<projects::Projects> projects_;
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::alerts
