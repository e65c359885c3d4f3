// The kinds of secrets as words: names, what they are, and settings made of them.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "guard/secrets.h"

namespace pawl::guard {
namespace {

constexpr std::array table = {
    SecretKindAbout{SecretKind::model_key, "model_key", "keys",
                    "Keys of model providers: OpenAI, Anthropic, Google, Groq, Hugging Face and others"},
    SecretKindAbout{SecretKind::cloud_key, "cloud_key", "keys",
                    "Keys of clouds and databases: AWS, Azure, DigitalOcean, Databricks, Supabase, Vault and others"},
    SecretKindAbout{SecretKind::service_key, "service_key", "keys",
                    "Keys of services: GitHub, GitLab, Slack, Stripe, npm, PyPI, tracing products and others"},
    SecretKindAbout{SecretKind::pawl_key, "pawl_key", "keys", "Keys of Pawl"},
    SecretKindAbout{SecretKind::private_key, "private_key", "credentials", "The body of a private key in PEM form"},
    SecretKindAbout{SecretKind::token, "token", "credentials", "JSON web tokens, and what follows Bearer and Basic"},
    SecretKindAbout{SecretKind::url_password, "url_password", "credentials",
                    "Passwords in addresses: scheme://user:password@host"},
    SecretKindAbout{SecretKind::assigned, "assigned", "credentials",
                    "What is assigned to a telling name: password=…, \"api_key\": … (the least certain)"},
    SecretKindAbout{SecretKind::email, "email", "personal", "E-mail addresses"},
    SecretKindAbout{SecretKind::card, "card", "personal",
                    "Numbers of payment cards: a known issuer, its length and the check digit"},
    SecretKindAbout{SecretKind::iban, "iban", "personal", "Bank accounts by their IBAN, with its check digits"},
    SecretKindAbout{SecretKind::phone, "phone", "personal", "Phone numbers: +49 30 …, and (212) 555-0123"},
    SecretKindAbout{SecretKind::national_id, "national_id", "personal",
                    "Numbers of people: social security numbers of the USA, CPF of Brazil"},
    SecretKindAbout{SecretKind::ip, "ip", "personal", "Addresses of machines (IPv4)"},
};
static_assert(table.size() + 1 == secret_kinds);

}  // namespace

std::span<const SecretKindAbout> secret_kind_table() {
  return table;
}

std::string_view name_of(SecretKind kind) {
  if (kind == SecretKind::pattern) return "pattern";
  return table[static_cast<std::size_t>(kind)].name;
}

std::string to_text(SecretKinds kinds) {
  std::vector<std::string> words;
  for (const auto& one : table) {
    if ((kinds & only(one.kind)) != 0) words.emplace_back(one.name);
  }
  return join(words, ",");
}

Result<SecretKind> parse_kind(std::string_view word) {
  const auto found = std::ranges::find(table, word, &SecretKindAbout::name);
  if (found == table.end())
    return fail(ErrorKind::invalid, "No kind of secret is called {}. Known: {}.", repair_utf8(utf8_prefix(word, 60)),
                to_text(all_kinds));
  return found->kind;
}

Result<SecretKinds> parse_kinds(std::string_view list) {
  SecretKinds kinds = 0;
  for (const auto piece : split(list, ',')) {
    if (const auto word = trim(piece); !word.empty()) kinds |= only(TRY(parse_kind(word)));
  }
  return kinds;
}

}  // namespace pawl::guard
