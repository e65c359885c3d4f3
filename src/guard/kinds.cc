// The kinds of secrets as words: names, what they are, and settings made of them.
#include <array>

#include "base/text.h"
#include "guard/secrets.h"

namespace pawl::guard {
namespace {

constexpr std::array table = {
    SecretKindAbout{SecretKind::model_key, "model_key",
                    "Keys of model providers: OpenAI, Anthropic, Google, Groq, Hugging Face and others"},
    SecretKindAbout{SecretKind::cloud_key, "cloud_key", "Keys of clouds: AWS, Azure storage, DigitalOcean, Databricks"},
    SecretKindAbout{SecretKind::service_key, "service_key",
                    "Keys of services: GitHub, GitLab, Slack, Stripe, npm, PyPI, tracing products and others"},
    SecretKindAbout{SecretKind::pawl_key, "pawl_key", "Keys of Pawl"},
    SecretKindAbout{SecretKind::private_key, "private_key", "The body of a private key in PEM form"},
    SecretKindAbout{SecretKind::token, "token", "JSON web tokens, and what follows Bearer and Basic"},
    SecretKindAbout{SecretKind::url_password, "url_password", "Passwords in addresses: scheme://user:password@host"},
    SecretKindAbout{SecretKind::assigned, "assigned",
                    "What is assigned to a telling name: password=…, \"api_key\": … (the least certain)"},
};
static_assert(table.size() == secret_kinds);

}  // namespace

std::span<const SecretKindAbout> secret_kind_table() {
  return table;
}

std::string_view name_of(SecretKind kind) {
  return table[static_cast<std::size_t>(kind)].name;
}

std::string to_text(SecretKinds kinds) {
  std::vector<std::string> words;
  for (const auto& one : table) {
    if ((kinds & only(one.kind)) != 0) words.emplace_back(one.name);
  }
  return join(words, ",");
}

Result<SecretKinds> parse_kinds(std::string_view list) {
  SecretKinds kinds = 0;
  for (const auto piece : split(list, ',')) {
    const auto word = trim(piece);
    if (word.empty()) continue;
    const auto found = std::ranges::find(table, word, &SecretKindAbout::name);
    if (found == table.end())
      return fail(ErrorKind::invalid, "No kind of secret is called {}. Known: {}.", repair_utf8(utf8_prefix(word, 60)),
                  to_text(all_secrets));
    kinds |= only(found->kind);
  }
  return kinds;
}

SecretKinds kinds_in_force(const std::optional<std::string>& setting) {
  if (!setting) return default_secrets;
  SecretKinds kinds = 0;
  for (const auto word : split(*setting, ',')) kinds |= parse_kinds(word).value_or(SecretKinds{0});
  return kinds;
}

}  // namespace pawl::guard
