// Reads JSON web tokens, log-ins, PEM blocks, addresses with passwords, and what is assigned to a telling name.
#include "guard/readers.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "guard/personal.h"

namespace pawl::guard {
namespace {

constexpr std::size_t max_pem = 64 << 10;

bool has(std::string_view text, chars::Set set) {
  return std::any_of(text.begin(), text.end(), [&](char c) { return chars::in(set, c); });
}

bool mixed(std::string_view text) {
  return has(text, chars::digit) && has(text, chars::upper | chars::lower);
}

// Shannon, in bits a character: words have about 3, random base64 of 20 characters about 4.
double entropy(std::string_view text) {
  std::array<std::uint32_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const std::uint32_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

// Of base64 a slash may be written as JSON may write it: \\/.
std::size_t run_of(std::string_view text, std::size_t from, chars::Set set) {
  std::size_t at = from;
  while (at < text.size()) {
    if (chars::in(set, text[at])) {
      ++at;
    } else if (text[at] == '\\' && (set & chars::base64) != 0 && text.substr(at, 2) == "\\/") {
      at += 2;
    } else {
      break;
    }
  }
  return at - from;
}

// header.payload.signature, the first two JSON objects in base64url; the header stays.
std::optional<Secret> read_jwt(std::string_view text, std::size_t at) {
  const std::size_t header = run_of(text, at, chars::url);
  const std::size_t payload_at = at + header + 1;
  if (header < 12 || payload_at >= text.size() || text[payload_at - 1] != '.') return std::nullopt;
  const std::size_t payload = run_of(text, payload_at, chars::url);
  if (payload < 8 || !text.substr(payload_at).starts_with("ey")) return std::nullopt;
  std::size_t size = payload;
  if (payload_at + size < text.size() && text[payload_at + size] == '.') {
    size += 1 + run_of(text, payload_at + size + 1, chars::url);
  }
  return Secret{SecretKind::token, "jwt", payload_at, size};
}

std::optional<Secret> read_credentials(std::string_view text, std::size_t at, std::size_t word, std::string_view name) {
  if (text[word] != ' ') return std::nullopt;
  const std::size_t size = run_of(text, word + 1, chars::url | chars::dot | chars::base64);
  const std::string_view value = text.substr(word + 1, size);
  if (!begins_here(text, at) || size < 16 || !mixed(value) || entropy(value) < 3) return std::nullopt;
  return Secret{SecretKind::token, name, word + 1, size};
}

std::optional<Secret> read_bearer(std::string_view text, std::size_t at) {
  if (text.size() - at < 8 || !equals_ignoring_case(text.substr(at, 6), "bearer")) return std::nullopt;
  return read_credentials(text, at, at + 6, "bearer");
}

std::optional<Secret> read_basic(std::string_view text, std::size_t at) {
  if (text.size() - at < 7 || !equals_ignoring_case(text.substr(at, 5), "basic")) return std::nullopt;
  auto found = read_credentials(text, at, at + 5, "basic");
  if (!found) return std::nullopt;
  const auto decoded = from_base64(text.substr(found->start, found->size));
  return decoded && decoded->find(':') != std::string::npos ? found : std::nullopt;
}

// From after "-----BEGIN … PRIVATE KEY-----" to "-----END", or as far as it looks like base64 where that was cut off.
std::optional<Secret> read_private_key(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (!rest.starts_with("-----BEGIN ")) return std::nullopt;
  const auto label_end = rest.substr(0, 80).find("-----", 11);
  if (label_end == std::string_view::npos || rest.substr(0, label_end).find("PRIVATE KEY") == std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t from = label_end + 5;
  const std::string_view body = rest.substr(from, max_pem);
  std::size_t size = std::min(body.find("-----END"), body.size());
  const auto foreign = std::find_if(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size), [](char c) {
    return c == '"' || c == '<' || c == '{' || static_cast<unsigned char>(c) >= 0x7F;
  });
  size = std::min(size, static_cast<std::size_t>(foreign - body.begin()));
  std::size_t key = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (body[i] == '\\') {  // an escape of JSON is no part of a key
      i += i + 1 < size && body[i + 1] == 'u' ? 5 : 1;
      continue;
    }
    key += chars::in(chars::alnum, body[i]) ? 1 : 0;
  }
  if (key < 24) return std::nullopt;
  return Secret{SecretKind::private_key, "private_key", at + from, size};
}

// "://user:password@": `at` is behind the at sign.
std::optional<Secret> read_url_password(std::string_view text, std::size_t at) {
  const std::size_t from = at > 300 ? at - 300 : 0;
  const auto slashes = text.substr(from, at - from).rfind("://");
  if (slashes == std::string_view::npos) return std::nullopt;
  const std::size_t begin = from + slashes + 3;
  const std::string_view rest = text.substr(begin, at - 1 - begin);
  if (rest.find_first_of("@/?#\\\"'<{") != std::string_view::npos) return std::nullopt;
  const auto [user, password] = cut(rest, ':');
  if (password.size() < 3 || password.front() == '*' || password.size() + user.size() + 1 != rest.size())
    return std::nullopt;
  return Secret{SecretKind::url_password, "url", begin + user.size() + 1, password.size()};
}

// Names whose value is a secret, in any case and with the quotes, escapes and signs of JSON, YAML, shells and code.
#define PAWL_TELLING_NAMES                                                                               \
  "(?:secret_?access_?key|api[_-]?key|client[_-]?secret|secret[_-]?key|access[_-]?key|access[_-]?token|" \
  "refresh[_-]?token|auth[_-]?token|session[_-]?token|password|passwd|pwd)"
constexpr std::string_view assigned_sign = PAWL_TELLING_NAMES R"((?:\\{0,3}["'])?[ \t]{0,4}[:=])";
constexpr std::string_view assigned_pattern =
    "(?i)" PAWL_TELLING_NAMES R"((?:\\{0,3}["'])?[ \t]{0,4}(?:=>|:=|:|=)[ \t]{0,4}(?:\\{0,3}["'])?)"
    R"(([^\s"'\\,;&<>{}()\[\]\x00-\x1f\x7f-\xff]+))";
#undef PAWL_TELLING_NAMES

bool is_assigned_secret(std::string_view value) {
  return value.size() >= 8 && value.size() <= 512 && mixed(value) && entropy(value) >= 2.8 && !value.starts_with('*') &&
         value.find("**") == std::string_view::npos;
}

// `at` is behind the sign that assigns.
std::optional<Secret> read_assigned(std::string_view text, std::size_t at) {
  static const RE2* const expression = [] {
    RE2::Options options;
    options.set_encoding(RE2::Options::EncodingLatin1);  // bytes
    options.set_log_errors(false);
    return new RE2(re2::StringPiece(assigned_pattern.data(), assigned_pattern.size()), options);  // as long as we run
  }();
  constexpr std::size_t before = 40, behind = 530;
  const std::size_t from = at > before ? at - before : 0;
  const std::string_view window = text.substr(from, at - from + behind);
  re2::StringPiece rest(window.data(), window.size()), value;
  while (RE2::FindAndConsume(&rest, *expression, &value)) {
    const auto start = static_cast<std::size_t>(value.data() - text.data());
    if (start < at) continue;
    if (start > at + 12 || !is_assigned_secret({value.data(), value.size()})) return std::nullopt;
    return Secret{SecretKind::assigned, "assigned", start, value.size()};
  }
  return std::nullopt;
}

constexpr Anchor table[] = {
    {SecretKind::token, "eyJ[A-Za-z0-9_-]{9}", false, 12, read_jwt},
    {SecretKind::token, "bearer ", true, 7, read_bearer},
    {SecretKind::token, "basic ", true, 6, read_basic},
    {SecretKind::private_key, "-----BEGIN ", false, 11, read_private_key},
    {SecretKind::url_password, R"(://[^\x00-\x20@/?#\\"'<{:]{0,100}:[^\x00-\x20@/?#\\"'<{]{3,150}@)", false, 0,
     read_url_password},
    {SecretKind::assigned, assigned_sign, true, 0, read_assigned},
    {SecretKind::email, "[A-Za-z0-9_%+-]@[A-Za-z0-9]", false, 2, read_email},
    {SecretKind::card, "[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]", false, 0, read_card},
    {SecretKind::card, "3[0-9]{3}[ -]?[0-9]{6}[ -]?[0-9]{4}", false, 0, read_card},
    {SecretKind::iban, "[A-Z]{2}[0-9]{2} ?[0-9A-Z]{4} ?[0-9A-Z]{4}", false, 0, read_iban},
    {SecretKind::phone, "\\+[1-9][0-9 ().-]{6}", false, 8, read_phone},
    {SecretKind::phone, "[2-9][0-9]{2}[-. ][2-9][0-9]{2}[-. ][0-9]{4}", false, 12, read_phone_of_us},
    {SecretKind::phone, "\\([2-9][0-9]{2}\\)[2-9][0-9]{2}[-. ][0-9]{4}", false, 13, read_phone_of_us},
    {SecretKind::phone, "\\([2-9][0-9]{2}\\) [2-9][0-9]{2}[-. ][0-9]{4}", false, 14, read_phone_of_us},
    {SecretKind::national_id, "[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}", false, 11, read_social_security},
    {SecretKind::national_id, "[0-9]{3}\\.[0-9]{3}\\.[0-9]{3}-[0-9]{2}", false, 14, read_cpf},
    {SecretKind::ip, "[0-9]\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]", false, 0, read_ip},
};

std::string class_text(chars::Set set) {
  std::string out = "[";
  if ((set & chars::upper) != 0) out += "A-Z";
  if ((set & chars::lower) != 0) out += "a-z";
  if ((set & chars::digit) != 0) out += "0-9";
  if ((set & chars::hex) != 0) out += "a-f0-9";
  if ((set & chars::underscore) != 0) out += "_";
  if ((set & chars::dot) != 0) out += ".~";
  if ((set & chars::base64) != 0) out += "+/=\\\\";
  if ((set & chars::dash) != 0) out += "-";
  return out + "]";
}

// So many characters of a body are looked for by Vectorscan, the rest by hand.
std::size_t looked_at(const SecretRule& rule) {
  return std::min<std::size_t>(rule.least, 16);
}

}  // namespace

std::span<const Anchor> anchors() {
  return table;
}

std::string pattern_of(const SecretRule& rule) {
  std::string out;
  for (const char c : rule.prefix) {
    if (!chars::in(chars::alnum, c)) out += '\\';
    out += c;
  }
  return fmt::format("{}{}{{{}}}", out, class_text(rule.body), looked_at(rule));
}

std::size_t lead_of(const SecretRule& rule) {
  return rule.prefix.size() + looked_at(rule);
}

std::optional<Secret> read_rule(const SecretRule& rule, std::string_view text, std::size_t at) {
  if (!rule.anywhere && !begins_here(text, at)) return std::nullopt;
  const std::size_t from = at + rule.prefix.size();
  const std::size_t size = run_of(text, from, rule.body);
  if (size < rule.least || size > rule.most) return std::nullopt;
  if (rule.mixed && !mixed(text.substr(from, size))) return std::nullopt;
  return Secret{rule.kind, rule.name, from, size};
}

}  // namespace pawl::guard
