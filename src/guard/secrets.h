// Secrets and personal data in text: keys, tokens, card numbers, addresses. Found by their shape, masked in place
// without changing any length. Pure. Which kinds are masked is a project's setting (guard/rules.h; data.md
// "Acknowledged means durable", security.md).
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
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
  cloud_key,     // AWS, Azure storage, DigitalOcean, Databricks …
  service_key,   // GitHub, GitLab, Slack, Stripe, npm, PyPI, tracing products …
  pawl_key,      // pawl_sk_…
  private_key,   // the body of a PEM block
  token,         // JWT, and what follows "Bearer " and "Basic "
  url_password,  // scheme://user:password@host
  assigned,      // password=…, "api_key": "…", AWS_SECRET_ACCESS_KEY=…: by the name before it, so the least certain
  email,
  card,         // payment cards: a known issuer, its length and Luhn's digit
  iban,         // ISO 13616: the country's length and the check digits
  phone,        // +49 …, and (212) 555-0123
  national_id,  // social security numbers of the USA, CPF of Brazil
  ip,           // IPv4
  pattern,      // a project's own
};
inline constexpr std::size_t secret_kinds = 15;
std::string_view name_of(SecretKind kind);

// A set of kinds, one bit each.
using SecretKinds = std::uint16_t;
constexpr SecretKinds only(SecretKind kind) {
  return static_cast<SecretKinds>(1U << static_cast<unsigned>(kind));
}
inline constexpr SecretKinds all_secrets = (1U << 8U) - 1;  // keys and credentials
inline constexpr SecretKinds certain_secrets = all_secrets & ~only(SecretKind::assigned);
inline constexpr SecretKinds all_personal = only(SecretKind::email) | only(SecretKind::card) | only(SecretKind::iban) |
                                            only(SecretKind::phone) | only(SecretKind::national_id) |
                                            only(SecretKind::ip);
inline constexpr SecretKinds all_kinds = all_secrets | all_personal;  // that Pawl brings
// Masked in projects that have not chosen: keys of model providers, which agents are most likely to log, keys of
// clouds, private keys, and Pawl's own.
inline constexpr SecretKinds default_secrets = only(SecretKind::model_key) | only(SecretKind::cloud_key) |
                                               only(SecretKind::private_key) | only(SecretKind::pawl_key);

struct SecretKindAbout {
  SecretKind kind;
  std::string_view name, group, about;  // group: "keys" "credentials" "personal"
};
std::span<const SecretKindAbout> secret_kind_table();    // without `pattern`
std::string to_text(SecretKinds kinds);                  // "model_key,token"; "" for none
Result<SecretKinds> parse_kinds(std::string_view list);  // `invalid` names the unknown word
Result<SecretKind> parse_kind(std::string_view word);

// A regular expression (RE2's syntax) that a project brings.
struct OwnPattern {
  std::string name, pattern;
  bool operator==(const OwnPattern&) const = default;
};
inline constexpr std::size_t most_own_patterns = 50, longest_own_pattern = 500;
Result<> check(const OwnPattern& pattern);  // `invalid` says what is wrong with it

struct Secret {
  SecretKind kind;
  std::string_view name;        // whose: "openai", "aws", "jwt", the name of an own pattern …
  std::size_t start = 0, size;  // the bytes to hide, without the prefix that tells what it is
};

// What was hidden.
struct Tally {
  std::array<std::uint32_t, secret_kinds> masked{}, sealed{};  // by kind; what is sealed is masked too
  std::map<std::string, std::pair<std::uint32_t, std::uint32_t>, std::less<>> patterns;  // the same by own pattern
  std::size_t total() const;
};

// Asked for each secret before it is overwritten: a reference of 6 to `room` letters and digits that is written into
// the stars, or "" for stars alone.
using Sealer = std::function<std::string(const Secret& secret, std::string_view value, std::size_t room)>;
inline constexpr std::size_t least_reference = 6, longest_reference = 22;

// How secrets are hidden, and what was.
struct Hide {
  const Sealer* sealer = nullptr;
  Tally tally;
};

// The references that stand in a text, in order: "*k3Fa9Qz2****" holds k3Fa9Qz2. Views into it; each with its stars.
struct Reference {
  std::string_view name, whole;
};
std::vector<Reference> references_in(std::string_view text);

// What a scanner knows is fixed when it is made; any thread may use it.
class SecretScanner {
 public:
  // Own patterns have passed check().
  explicit SecretScanner(SecretKinds kinds, const std::vector<OwnPattern>& own = {});
  SecretScanner(SecretScanner&&) noexcept;
  SecretScanner& operator=(SecretScanner&&) noexcept;
  ~SecretScanner();

  // In order, not overlapping. `text` is one text, or a JSON document: a secret never reaches over a quote or a
  // backslash (of JSON an escaped slash is part of it), and one that begins after an escape is found. Own patterns are
  // looked for in the text as a whole. Not for bytes of a binary format as a whole: the byte after a string may look as
  // if it belonged to it.
  std::vector<Secret> find(std::string_view text) const;

  // False where no text inside of these bytes (of any format that keeps texts as they are) holds a secret; fast.
  bool may_hold(std::string_view bytes) const;
  // Where such a text could be: positions inside of it, in order. `everywhere`: each text is to be looked at.
  struct Places {
    bool everywhere = false;
    std::vector<std::uint32_t> ends;
  };
  Places places(std::string_view bytes) const;

  // Replaces every secret by '*', byte by byte: length, JSON, UTF-8 and every other byte stay as they are, and nothing
  // is found a second time. A number of JSON becomes nines. Returns how many there were.
  std::size_t mask(std::span<char> text, Hide& hide) const;
  std::size_t mask(std::span<char> text) const;
  // The same of a JSON document: own patterns are looked for in each of its texts and numbers alone, not in names, ids
  // and times. What is no JSON is masked as a text.
  std::size_t mask_json(std::span<char> json, Hide& hide) const;

 private:
  struct State;
  std::size_t mask_found(std::span<char> text, Hide& hide, bool with_own) const;
  std::unique_ptr<const State> state_;
};

// A text or a JSON document (with the own patterns in its texts) with everything hidden that any kind finds: for what
// leaves the house, such as a download or a share link.
std::string redact(std::string text);
std::string redact(std::string text, const std::vector<OwnPattern>& own);

enum class Signal : std::uint8_t { traces, logs, metrics };

// The same for each string of an OTLP protobuf request (opentelemetry-proto 1.7; keys of attributes are left alone,
// fields that are not known too). `invalid` where the bytes are no such message and may hold a secret; what came before
// is masked then.
Result<std::size_t> mask_otlp(std::span<char> body, Signal signal, const SecretScanner& scanner, Hide& hide);
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
