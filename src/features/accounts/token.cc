// POST /v3/auth/token: AgentOps' SDK shows its key once and gets a token for the rest (wire.md section 7).
#include "inside.h"

namespace pawl::accounts {
namespace {

Result<net::Response> exchange(Accounts& all, const net::Request& request) {
  const auto body = JsonFields::parse(request.body);
  const std::string key = body ? body->text("api_key") : std::string();
  if (key.empty() && !all.options.local)
    return net::Response::error(request, 400, "Send {\"api_key\": \"pawl_sk_…\"} as application/json.");
  const auto token = all.projects.exchange(key, all.options.local);
  if (!token) return net::Response::error(request, 401, token.error().what);
  JsonWriter json;
  json.object().field("token", token->token).field("project_id", fmt::format("{}", token->project));
  return net::Response::json(json.field("project_prem_status", "pro").end().take());
}

}  // namespace

void add_token_routes(const std::shared_ptr<Accounts>& all) {
  add(all, {"POST", "/v3/auth/token", "public", exchange, "AgentOps: a token for a key; it holds as long as the key",
            "{api_key}", "{token, project_id, project_prem_status}"});
}

}  // namespace pawl::accounts
