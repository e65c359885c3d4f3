// For tests: projects over a ledger in memory that can be taken away, with a clock that is moved by hand.
#pragma once
#include <gtest/gtest.h>

#include "records/projects/projects.h"

namespace pawl::projects::testing {

// A ledger that answers `unavailable` while `away`.
class Removable final : public ledger::Ledger {
 public:
  explicit Removable(std::unique_ptr<ledger::Ledger> real) : real_(std::move(real)) {}
  bool away = false;

  Result<> migrate(std::span<const ledger::Migration> steps) override { return real_->migrate(steps); }
  Result<> change(const std::function<Result<>(ledger::Transaction&)>& work) override {
    if (away) return gone();
    return real_->change(work);
  }
  Result<ledger::Rows> read(std::string_view sql, const std::vector<ledger::Value>& values) override {
    if (away) return gone();
    return real_->read(sql, values);
  }
  Result<> copy_to(const std::string& path) override { return real_->copy_to(path); }
  Result<> check() override { return real_->check(); }

 private:
  static std::unexpected<Error> gone() { return fail(ErrorKind::unavailable, "the disk is gone"); }
  std::unique_ptr<ledger::Ledger> real_;
};

constexpr std::string_view good_password = "a long and honest password";

struct World : ::testing::Test {
  std::unique_ptr<Removable> ledger;
  SeededRandom random{7};
  ManualClock clock{1'000 * day};
  std::vector<std::string> audit;  // "project actor action detail"
  std::unique_ptr<Projects> projects;
  Visit visit{"192.0.2.7", "a browser"};

  void SetUp() override {
    auto opened = ledger::open_sqlite(":memory:");
    ASSERT_TRUE(opened) << opened.error().what;
    ledger = std::make_unique<Removable>(std::move(*opened));
    ASSERT_TRUE(ledger->migrate(migrations()));
    auto made = Projects::open(*ledger, random, clock,
                               [this](ledger::Transaction&, ProjectId project, std::string_view actor,
                                      std::string_view action, std::string_view detail) -> Result<> {
                                 audit.push_back(fmt::format("{} {} {} {}", project, actor, action, detail));
                                 return {};
                               });
    ASSERT_TRUE(made) << made.error().what;
    projects = std::move(*made);
  }
  bool audited(std::string_view words) const {
    return std::ranges::any_of(audit, [&](const auto& one) { return one.find(words) != std::string::npos; });
  }
  User owner(std::string_view email = "root@example.com") {
    return projects->create_user(email, "Root", good_password, true, "test").value();
  }
  User member(std::string_view email, ProjectId project, std::string_view role) {
    const User made = projects->create_user(email, "Somebody", good_password, false, "test").value();
    EXPECT_TRUE(projects->add_member(made.id, project, role, "test"));
    return made;
  }
  std::string cookie_of(std::string_view email) {
    auto in = projects->log_in(email, good_password, visit);
    EXPECT_TRUE(in) << in.error().what;
    return in ? in->cookie : std::string();
  }

  static net::Request with_key(std::string_view secret) {
    net::Request request{.method = "GET", .path = "/api/v1/traces"};
    request.headers.set("authorization", fmt::format("Bearer {}", secret));
    return request;
  }
  static net::Request with_cookie(std::string_view cookie, std::string method = "GET") {
    net::Request request{.method = std::move(method), .path = "/api/v1/traces"};
    request.headers.set("cookie", fmt::format("other=1; __Host-pawl={}", cookie));
    return request;
  }
  // The status that the gate answers; 0 where it lets pass.
  int gate(net::Request& request, std::string_view permission) {
    const auto refused = projects->gate(request, permission, false);
    return refused ? refused->status : 0;
  }
  int gate(net::Request&& request, std::string_view permission) { return gate(request, permission); }
};

}  // namespace pawl::projects::testing
