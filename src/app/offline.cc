// An installation that does not listen: for commands on a data directory, and to be described.
#include "base/text.h"
#include "identity.h"
#include "installation.h"

namespace pawl::app {

Result<std::unique_ptr<Installation>> Installation::hollow(const Config& config, const Log& log) {
  auto parts = std::make_unique<Parts>(config, log);
  auto* p = parts.get();
  auto installation = std::unique_ptr<Installation>(new Installation(std::move(parts)));
  p->outbound = std::make_unique<net::Outbound>(TRY(outbound_options(config)));
  p->mail = TRY(mail_settings(config));
  p->oidc = TRY(oidc_options(config));
  TRY(p->open_stores());
  p->make_features();
  p->add_routes();
  return installation;
}

Result<std::unique_ptr<Installation>> Installation::open(const Config& config, const Log& log) {
  auto installation = TRY(hollow(config, log));
  TRY(installation->parts_->open_warehouse());
  return installation;
}

Result<Installation::Answer> Installation::ask(std::string method, std::string target, std::string body,
                                               std::string_view project) {
  net::Request request{.method = std::move(method), .target = std::move(target), .body = std::move(body)};
  const auto [path, query] = cut(request.target, '?');
  request.path = path;
  request.query = TRY(net::parse_query(query, 100));
  if (!request.body.empty()) request.content_type = "application/json";
  request.received = parts_->clock.now();
  request.who = projects::Access{.project = TRY(parts_->projects->find_project(project)).id,
                                 .role = "owner",
                                 .local = true,
                                 .may = {true, true, true, true, true}};
  auto match = parts_->router.match(request.method, request.path);
  if (match.route == nullptr) return fail(ErrorKind::not_found, "There is nothing at {}.", request.path);
  request.captures = std::move(match.captures);
  Result<net::Response> response;
  net::run_here([&]() -> Task<void> { response = co_await match.route->handler(request); });
  if (!response) response = net::Response::error(request, response.error());
  const auto* text = std::get_if<std::string>(&response->body);
  if (text == nullptr) return fail(ErrorKind::invalid, "{} is answered to a running server's clients only.", path);
  return Answer{response->status, *text};
}

Result<std::vector<Slice>> Installation::slices() const {
  return app::slices(parts_->router, parts_->added, *parts_->ledger);
}

const net::Router& Installation::router() const {
  return parts_->router;
}

}  // namespace pawl::app
