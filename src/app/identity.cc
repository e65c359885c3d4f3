// Reading these settings.
#include "identity.h"

#include "base/files.h"
#include "base/text.h"

namespace pawl::app {
namespace {

Result<std::string> secret_in(std::string_view setting, const std::string& path) {
  SystemFiles files;
  auto text = read_all(files, path, 4096);
  if (!text) return fail(ErrorKind::invalid, "{}: {}", setting, text.error().what);
  return std::string(trim(*text));
}

Result<bool> flag_of(const Config& config, std::string_view name) {
  const auto& text = config.get(name);
  if (text != "true" && text != "false" && !text.empty())
    return fail(ErrorKind::invalid, "{} = {} must be true or false.", name, text);
  return text == "true";
}

}  // namespace

Result<std::optional<MailSettings>> mail_settings(const Config& config) {
  if (config.get("smtp").empty()) return std::nullopt;
  MailSettings out{.server = TRY(net::parse_mail_server(config.get("smtp"))), .from = config.get("smtp_from")};
  const auto at = out.from.find('@');
  if (at == 0 || at == std::string::npos || out.from.find_first_of("<> ,\r\n") != std::string::npos)
    return fail(ErrorKind::invalid, "smtp_from = {} must be an address such as pawl@example.com.", out.from);
  out.server.user = config.get("smtp_user"), out.server.ca_file = config.get("outbound_ca");
  if (!config.get("smtp_password_file").empty())
    out.server.password = TRY(secret_in("smtp_password_file", config.get("smtp_password_file")));
  return out;
}

Result<net::OutboundOptions> outbound_options(const Config& config) {
  return net::OutboundOptions{.allowed = TRY(net::AllowedPlaces::parse(config.list("outbound_allow"))),
                              .ca_file = config.get("outbound_ca")};
}

Result<std::optional<accounts::OidcOptions>> oidc_options(const Config& config) {
  if (config.get("oidc_issuer").empty()) return std::optional<accounts::OidcOptions>();
  accounts::OidcOptions out{.issuer = config.get("oidc_issuer"), .client_id = config.get("oidc_client_id")};
  TRY(net::parse_url(out.issuer));
  const bool is_tls = out.issuer.starts_with("https://");
  if (!is_tls && config.list("outbound_allow").empty())
    return fail(ErrorKind::invalid,
                "oidc_issuer = {} must begin with https:// (http only in tests, to a place that "
                "outbound_allow names).",
                out.issuer);
  if (out.client_id.empty())
    return fail(ErrorKind::invalid, "oidc_client_id is missing: the provider gives one when Pawl is registered there.");
  if (const auto& path = config.get("oidc_client_secret_file"); !path.empty())
    out.client_secret = TRY(secret_in("oidc_client_secret_file", path));
  out.rules = TRY(accounts::parse_role_rules(config.get("oidc_roles")));
  out.trust_email = TRY(flag_of(config, "oidc_trust_email"));
  for (const auto& [name, field] :
       {std::pair{"oidc_name", &out.name}, {"oidc_scopes", &out.scopes}, {"oidc_groups_claim", &out.groups_claim}}) {
    if (!config.get(name).empty()) *field = config.get(name);
  }
  return std::optional(std::move(out));
}

Result<accounts::PushOptions> push_options(const Config& config) {
  accounts::PushOptions out{.issuer = config.get("pubsub_issuer"), .audience = config.get("pubsub_audience")};
  out.rules = TRY(accounts::parse_push_rules(config.get("pubsub_push")));
  TRY(net::parse_url(out.issuer));
  if (out.audience.empty() && !config.get("public_url").empty())
    out.audience = config.get("public_url") + "/ingest/gcp/pubsub";
  if (!out.rules.empty() && out.audience.empty())
    return fail(ErrorKind::invalid, "pubsub_push needs public_url or pubsub_audience: pushes are checked against it.");
  return out;
}

std::string settings_in_force(const Config& config) {
  std::vector<std::string> out;
  for (const auto& setting : settings_table()) {
    if (config.get(setting.name) != setting.fallback)
      out.push_back(fmt::format("{}={}", setting.name, config.get(setting.name)));
  }
  return join(out, "; ");
}

}  // namespace pawl::app
