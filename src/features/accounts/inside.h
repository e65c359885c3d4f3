// What the rooms of accounts share.
#pragma once
#include <mutex>

#include "accounts.h"
#include "base/json.h"
#include "base/json_fields.h"

namespace pawl::accounts {

using projects::access_of;
using projects::actor_of;
using projects::Projects;

struct Accounts {
  net::Router& router;
  net::Pool& pool;
  Projects& projects;
  ledger::Ledger& ledger;
  Random& random;
  const Clock& clock;
  const Log& log;
  Options options;
  std::unique_ptr<Oidc> oidc;
  std::mutex chance;  // of `random`

  Result<> check_secure(const net::Request& request) const;
};

// A route whose handler runs on the pool.
using Work = Result<net::Response> (*)(Accounts& all, const net::Request& request);
struct Spec {
  std::string method, pattern, permission;
  Work work = nullptr;
  std::string summary, accepts, answers;
};
void add(const std::shared_ptr<Accounts>& all, Spec spec);

void add_login_routes(const std::shared_ptr<Accounts>& all);
void add_oidc_routes(const std::shared_ptr<Accounts>& all);
void add_people_routes(const std::shared_ptr<Accounts>& all);
void add_project_routes(const std::shared_ptr<Accounts>& all);
void add_token_routes(const std::shared_ptr<Accounts>& all);

// The JSON object of a body; `invalid` where its content type is another: no form of another site can send this one.
Result<JsonFields> body_of(const net::Request& request);
projects::Visit visit_of(const net::Request& request);
net::Response logged_in(const projects::LoggedIn& login);
void set_cookie(net::Response& response, std::string_view name, std::string_view value, Nanos life);
// A number in a path; `not_found` where it is none.
Result<std::int64_t> number_of(const net::Request& request, std::string_view capture);
// "user 7" → the address, so that a reader need not look it up; others as they are.
Result<std::string> name_of_actor(Accounts& all, const std::string& actor);
// The time, or null where it is 0.
void write_time(JsonWriter& json, std::string_view name, Nanos at);

}  // namespace pawl::accounts
