// Reading settings.
#include "config.h"

#include <toml++/toml.h>

#include <sstream>

#include "base/text.h"

namespace pawl::app {
namespace {

constexpr Setting table[] = {
    {"data", "pawl-data", "Data directory: journal, warehouse, ledger, blobs"},
    {"listen", "127.0.0.1:7295", "HOST:PORT of page, API and every protocol"},
    {"otlp_http", "127.0.0.1:4318", "HOST:PORT where exporters with default settings send OTLP/HTTP; off: none"},
    {"otlp_grpc", "127.0.0.1:4317", "HOST:PORT where exporters with default settings send OTLP/gRPC; off: none"},
    {"auth", "auto", "auto: keys and log-in unless every listener is on loopback; required: always"},
    {"tls_cert", "", "PEM file of the certificate chain; with tls_key: TLS on every listener"},
    {"tls_key", "", "PEM file of the key"},
    {"trusted_proxies", "",
     "Addresses and networks of proxies whose X-Forwarded-For, -Proto and Forwarded are believed"},
    {"public_url", "", "Where people reach this server, for links and log-in: https://pawl.example.com"},
    {"oidc_issuer", "", "Identity provider for log-in (OpenID Connect): its address, exactly as it calls itself"},
    {"oidc_client_id", "", "What the provider calls this Pawl"},
    {"oidc_client_secret_file", "", "File that holds the provider's secret for this Pawl; none: a public client"},
    {"oidc_name", "", "What the button says [single sign-on]"},
    {"oidc_scopes", "", "What is asked of the provider [openid email profile]"},
    {"oidc_groups_claim", "", "The claim that holds groups [groups]; a path such as realm_access.roles"},
    {"oidc_trust_email", "false", "true: addresses count as verified although the provider does not say so"},
    {"oidc_roles", "", "Who gets which role: group:NAME -> owner; email:*@example.com -> PROJECT/viewer"},
    {"pubsub_push", "", "Who may push Cloud Logging entries: ADDRESS OF A SERVICE ACCOUNT -> PROJECT; …"},
    {"pubsub_audience", "", "What push subscriptions name as audience [public_url/ingest/gcp/pubsub]"},
    {"pubsub_issuer", "https://accounts.google.com", "Who signs the tokens of pushes"},
    {"outbound_allow", "", "Private addresses, networks and hosts that outbound calls may reach, comma-separated"},
    {"outbound_ca", "", "PEM file of certificate authorities for outbound calls; default the system's"},
    {"smtp", "", "Mail server: smtps://HOST, smtp://HOST (STARTTLS) or smtp+plain://HOST, each with :PORT if you like"},
    {"smtp_user", "", "User of the mail server; none: no log-in there"},
    {"smtp_password_file", "", "File that holds that user's password"},
    {"smtp_from", "", "Address that mails come from: pawl@example.com"},
    {"organisation", "default", "Name of the organisation, in cost exports"},
    {"prices", "", "Own price file, consulted before the built-in list (docs/reference/prices.md)"},
    {"clock", "", "For tests: the server's clock starts at this time (RFC 3339) and runs on"},
    {"log_format", "text", "text or json"},
    {"log_level", "info", "debug, info, warn or error"},
    {"warehouse_url", "", "http(s)://HOST:PORT of a ClickHouse of your own, instead of the embedded one; experimental"},
    {"warehouse_database", "pawl", "Its database; it belongs to this data directory alone"},
    {"warehouse_user", "", "Its user"},
    {"warehouse_password_file", "", "File that holds the user's password"},
    {"warehouse_memory_mb", "600",
     "What the embedded ClickHouse may use, or one query of a remote one; queries fail first"},
    {"libchdb", "", "Path of libchdb.so; default beside the program"},
};

std::string text_of(const toml::node& node) {
  if (const auto text = node.value<std::string>()) return *text;
  if (const auto number = node.value<std::int64_t>()) return fmt::format("{}", *number);
  if (const auto* list = node.as_array()) {
    std::vector<std::string> pieces;
    for (const auto& item : *list) pieces.push_back(text_of(item));
    return join(pieces, ",");
  }
  std::ostringstream out;
  out << toml::node_view<const toml::node>(node);
  return out.str();
}

}  // namespace

std::span<const Setting> settings_table() {
  return table;
}

std::string environment_name(std::string_view name) {
  std::string out = "PAWL_";
  for (const char c : name) out += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return out;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::map<std::string, std::string>> read_settings(const std::string& file,
                                                         const std::vector<std::string_view>& names) {
  std::map<std::string, std::string> out;
  try {
    const auto parsed = toml::parse_file(file);
    for (const auto& [key, node] : parsed) {
      const std::string name(key.str());
      if (std::ranges::find(names, name) == names.end()) {
        const auto guess = nearest(name, names);
        return fail(ErrorKind::invalid, "{}:{}: no setting is called {}.{}", file, key.source().begin.line, name,
                    guess.empty() ? "" : fmt::format(" Did you mean {}?", guess));
      }
      out[name] = text_of(node);
    }
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::invalid, "{}:{}: {}", file, error.source().begin.line, error.description());
  }
  return out;
}

Result<Config> Config::load(const std::map<std::string, std::string>& flags, const std::string& file,
                            const std::function<const char*(const char*)>& environment) {
  Config config;
  for (const auto& setting : table)
    config.values_[std::string(setting.name)] = {std::string(setting.fallback), "default"};
  if (!file.empty()) {
    std::vector<std::string_view> names;
    for (const auto& setting : table) names.push_back(setting.name);
    for (auto& [name, value] : TRY(read_settings(file, names))) config.values_[name] = {std::move(value), file};
  }
  for (const auto& setting : table) {
    const std::string name = environment_name(setting.name);
    if (const char* value = environment(name.c_str())) config.values_[std::string(setting.name)] = {value, name};
  }
  for (const auto& [name, value] : flags) config.values_[name] = {value, "--" + name};
  return config;
}

const std::string& Config::get(std::string_view name) const {
  const auto found = values_.find(name);
  PAWL_CHECK(found != values_.end(), "no setting {}", name);
  return found->second.text;
}

Result<std::int64_t> Config::number(std::string_view name, std::int64_t least, std::int64_t most) const {
  const auto value = parse_int(get(name));
  if (!value || *value < least || *value > most)
    return fail(ErrorKind::invalid, "{} = {} must be a number from {} to {}.", name, get(name), least, most);
  return *value;
}

std::vector<std::string> Config::list(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto piece : split(get(name), ',')) {
    if (!trim(piece).empty()) out.emplace_back(trim(piece));
  }
  return out;
}

std::string Config::print() const {
  std::string out;
  for (const auto& setting : table) {
    const auto& value = values_.find(setting.name)->second;
    out += fmt::format("{} = \"{}\"  # {}\n", setting.name, value.text, value.source);
  }
  return out;
}

Result<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto port = colon == std::string_view::npos ? std::nullopt : parse_int(text.substr(colon + 1));
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!port || *port < 0 || *port > 65535 || host.empty())
    return fail(ErrorKind::invalid, "{} must be HOST:PORT, like 127.0.0.1:7295.", text);
  return Address{std::string(host), static_cast<std::uint16_t>(*port)};
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace pawl::app
