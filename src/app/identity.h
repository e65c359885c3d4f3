// Settings of log-in by an identity provider and of outbound calls, checked before anything starts.
#pragma once
#include <optional>

#include "config.h"
#include "features/accounts/accounts.h"
#include "net/mail.h"
#include "net/outbound.h"

namespace pawl::app {

Result<net::OutboundOptions> outbound_options(const Config& config);
struct MailSettings {
  net::MailServer server;
  std::string from;
};
// Nothing where smtp is not set.
Result<std::optional<MailSettings>> mail_settings(const Config& config);
// Nothing where oidc_issuer is not set. `invalid` names the setting that is wrong or missing.
Result<std::optional<accounts::OidcOptions>> oidc_options(const Config& config);
// Who may push log entries; `local` from elsewhere.
Result<accounts::PushOptions> push_options(const Config& config);
// The settings that are not their defaults, as "name=value; …": for the audit table. Secrets are in files, never here.
std::string settings_in_force(const Config& config);

}  // namespace pawl::app
