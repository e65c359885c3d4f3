// Reading and checking a push's token.
#include "push.h"

#include "base/text.h"

namespace pawl::accounts {

Result<std::vector<PushRule>> parse_push_rules(std::string_view text) {
  std::vector<PushRule> rules;
  for (const auto line : split(text, '\n')) {
    for (const auto piece : split(line, ';')) {
      const auto one = trim(piece);
      if (one.empty()) continue;
      const auto arrow = one.find("->");
      const auto email = trim(one.substr(0, arrow));
      const auto project = arrow == std::string_view::npos ? std::string_view() : trim(one.substr(arrow + 2));
      if (project.empty() || email.find('@') == std::string_view::npos)
        return fail(ErrorKind::invalid, "pubsub_push: '{}' must be ADDRESS OF A SERVICE ACCOUNT -> PROJECT.", one);
      rules.push_back({to_lower(email), std::string(project)});
    }
  }
  return rules;
}

PushGate::PushGate(PushOptions options, projects::Projects& projects, net::Pool& pool, net::Outbound& outbound,
                   const Clock& clock, const Log& log)
    : options_(std::move(options)),
      projects_(projects),
      pool_(pool),
      issuer_({.issuer = options_.issuer, .client_id = options_.audience}, outbound, clock, log) {}

Task<Result<projects::ProjectId>> PushGate::project_of(const net::Request& request) {
  if (options_.local) co_return projects::default_project;
  if (options_.rules.empty() || options_.audience.empty())
    co_return fail(ErrorKind::denied,
                   "Pushes are not let in: set pubsub_push and public_url (or pubsub_audience) on this server.");
  const auto [scheme, token] = cut(request.headers.get("authorization"), ' ');
  if (!equals_ignoring_case(scheme, "bearer") || trim(token).empty())
    co_return fail(ErrorKind::denied, "No token came with it. Enable authentication on the push subscription.");
  const Claims claims = CO_TRY(co_await issuer_.check_service(std::string(trim(token))));
  if (!claims.email_is_verified) co_return fail(ErrorKind::denied, "The token says no verified address.");
  for (const auto& rule : options_.rules) {
    if (rule.email != to_lower(claims.email)) continue;
    const auto project = CO_TRY(co_await net::on_pool(
        pool_, request.cancel, [&]() -> Result<projects::Project> { return projects_.find_project(rule.project); }));
    co_return project.id;
  }
  co_return fail(ErrorKind::denied, "No rule of pubsub_push names {}.", repair_utf8(claims.email));
}

}  // namespace pawl::accounts
