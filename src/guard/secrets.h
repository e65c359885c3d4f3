// Secrets in text: API keys, tokens, private keys. Found by their shape, masked in place without changing any length.
// Pure. Which kinds are masked is a project's setting (data.md "Acknowledged means durable", security.md).
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace pawl::guard {

enum class SecretKind : std::uint8_t {
  model_key,     // of a model provider: OpenAI, Anthropic, Google, Groq, Hugging Face …
  cloud_key,     // AWS, Azure storage, DigitalOcean, Databricks
  service_key,   // GitHub, GitLab, Slack, Stripe, npm, PyPI, tracing products …
  pawl_key,      // pawl_sk_…
  private_key,   // the body of a PEM block
  token,         // JWT, and what follows "Bearer " and "Basic "
  url_password,  // scheme://user:password@host
  assigned,      // password=…, "api_key": "…", AWS_SECRET_ACCESS_KEY=…: by the name before it, so the least certain
};
inline constexpr std::size_t secret_kinds = 8;
std::string_view name_of(SecretKind kind);

// A set of kinds, one bit each.
using SecretKinds = std::uint16_t;
constexpr SecretKinds only(SecretKind kind) {
  return static_cast<SecretKinds>(1U << static_cast<unsigned>(kind));
}
inline constexpr SecretKinds all_secrets = (1U << secret_kinds) - 1;
inline constexpr SecretKinds certain_secrets = all_secrets & ~only(SecretKind::assigned);
// Masked in projects that have not chosen: keys of model providers, which agents are most likely to log, and Pawl's
// own.
inline constexpr SecretKinds default_secrets = only(SecretKind::model_key) | only(SecretKind::pawl_key);

struct SecretKindAbout {
  SecretKind kind;
  std::string_view name, about;
};
std::span<const SecretKindAbout> secret_kind_table();
std::string to_text(SecretKinds kinds);                  // "model_key,token"; "" for none
Result<SecretKinds> parse_kinds(std::string_view list);  // `invalid` names the unknown word
// Of a project's setting: the default where it has none. Words that are not known (a newer Pawl wrote them) are left
// out.
SecretKinds kinds_in_force(const std::optional<std::string>& setting);

struct Secret {
  SecretKind kind;
  std::string_view name;        // whose: "openai", "aws", "jwt" …
  std::size_t start = 0, size;  // the bytes to hide, without the prefix that tells what it is
};

// What a scanner knows is fixed when it is made; any thread may use it.
class SecretScanner {
 public:
  explicit SecretScanner(SecretKinds kinds);
  SecretScanner(SecretScanner&&) noexcept;
  SecretScanner& operator=(SecretScanner&&) noexcept;
  ~SecretScanner();

  // In order, not overlapping. `text` is one text, or a JSON document: a secret never reaches over a quote or a
  // backslash, and one that begins after an escape is found. Not for bytes of a binary format as a whole: the byte
  // after a string may look as if it belonged to it.
  std::vector<Secret> find(std::string_view text) const;

  // False where no text inside of these bytes (of any format that keeps texts as they are) holds a secret; fast.
  bool may_hold(std::string_view bytes) const;

  // Replaces every secret by '*', byte by byte: length, JSON, UTF-8 and every other byte stay as they are, and nothing
  // is found a second time. Returns how many there were.
  std::size_t mask(std::span<char> text) const;

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

enum class Signal : std::uint8_t { traces, logs, metrics };

// The same for each string of an OTLP protobuf request (opentelemetry-proto 1.7; keys of attributes are left alone,
// fields that are not known too). `invalid` where the bytes are no such message and may hold a secret; what came before
// is masked then.
Result<std::size_t> mask_otlp(std::span<char> body, Signal signal, const SecretScanner& scanner);

// Scanners by what they look for, made when first needed. Any thread.
class Scanners {
 public:
  const SecretScanner& of(SecretKinds kinds);

 private:
  std::mutex mutex_;
  std::unordered_map<SecretKinds, std::unique_ptr<const SecretScanner>> made_;
};

}  // namespace pawl::guard
