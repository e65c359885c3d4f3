// Who may push log entries: a service account's token that Google signs (Pub/Sub push authentication,
// https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions), and the project that it writes to.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "net/pool.h"
#include "oidc.h"
#include "records/projects/projects.h"

namespace pawl::accounts {

struct PushRule {
  std::string email;    // of the service account, in lower case
  std::string project;  // its name
};
// "push@my-project.iam.gserviceaccount.com -> default; …", parted by ';' or line ends. `invalid` names the one that is
// wrong.
Result<std::vector<PushRule>> parse_push_rules(std::string_view text);

struct PushOptions {
  bool local = false;    // nobody is asked: everything is the default project's
  std::string issuer;    // "https://accounts.google.com"
  std::string audience;  // what the subscription was told to put there; "" where nobody said: then nothing is let in
  std::vector<PushRule> rules;
};

class PushGate {
 public:
  PushGate(PushOptions options, projects::Projects& projects, net::Pool& pool, net::Outbound& outbound,
           const Clock& clock, const Log& log);
  // The project of the service account that the request's Bearer token is of. `denied` says why not; `unavailable`
  // where the issuer's keys cannot be had now.
  Task<Result<projects::ProjectId>> project_of(const net::Request& request);

 private:
  const PushOptions options_;
  projects::Projects& projects_;
  net::Pool& pool_;
  Oidc issuer_;
};

}  // namespace pawl::accounts
