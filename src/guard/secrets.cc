// Finds and masks: one pass that stops where three bytes could begin a secret, one for values behind telling names.
#include "guard/secrets.h"

#include <re2/re2.h>

#include <cmath>

#include "base/text.h"
#include "guard/fingerprints.h"
#include "guard/secrets_rules.h"

namespace pawl::guard {
namespace {

constexpr std::size_t max_pem = 64 << 10;

// Kinds that need more than a table row. Each gets the text and the position of its anchor.
struct Anchor {
  std::string_view first;  // three bytes or more; where case does not matter, the usual ways to write it
  SecretKind kind;
  std::optional<Secret> (*read)(std::string_view text, std::size_t at);
};

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

std::size_t run_of(std::string_view text, std::size_t from, chars::Set set) {
  std::size_t at = from;
  while (at < text.size() && chars::in(set, text[at])) ++at;
  return at - from;
}

// Nothing that a name is made of stands before `at`: "risk-…" holds no key. A letter that is part of an escape of JSON
// (\n, \u0022) is none.
bool begins_here(std::string_view text, std::size_t at) {
  if (at == 0 || !chars::in(chars::word, text[at - 1])) return true;
  if (at >= 2 && text[at - 2] == '\\') return true;
  return at >= 6 && text[at - 6] == '\\' && text[at - 5] == 'u';
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
  for (const char c : body.substr(0, size)) key += chars::in(chars::alnum, c) ? 1 : 0;
  if (key < 24) return std::nullopt;
  return Secret{SecretKind::private_key, "private_key", at + from, size};
}

// "://user:password@": at is the colon.
std::optional<Secret> read_url_password(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("://")) return std::nullopt;
  const std::string_view rest = text.substr(at + 3, 300);
  const auto end = std::find_if(rest.begin(), rest.end(), [](char c) {
    return c == '@' || c == '/' || c == '?' || c == '#' || c == '\\' || c == '"' || c == '\'' || c == '<' || c == '{' ||
           static_cast<unsigned char>(c) <= ' ';
  });
  if (end == rest.end() || *end != '@') return std::nullopt;
  const auto [user, password] = cut(rest.substr(0, static_cast<std::size_t>(end - rest.begin())), ':');
  if (password.size() < 3 || password.find_first_not_of('*') == std::string_view::npos) return std::nullopt;
  return Secret{SecretKind::url_password, "url", at + 3 + user.size() + 1, password.size()};
}

constexpr std::array anchors = {
    Anchor{"eyJ", SecretKind::token, read_jwt},
    Anchor{"bea", SecretKind::token, read_bearer},
    Anchor{"BEA", SecretKind::token, read_bearer},
    Anchor{"Bea", SecretKind::token, read_bearer},
    Anchor{"bas", SecretKind::token, read_basic},
    Anchor{"BAS", SecretKind::token, read_basic},
    Anchor{"Bas", SecretKind::token, read_basic},
    Anchor{"-----BEGIN ", SecretKind::private_key, read_private_key},
    Anchor{"://", SecretKind::url_password, read_url_password},
};

std::optional<Secret> read_rule(const SecretRule& rule, std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with(rule.prefix) || !begins_here(text, at)) return std::nullopt;
  const std::size_t from = at + rule.prefix.size();
  const std::size_t size = run_of(text, from, rule.body);
  if (size < rule.least || size > rule.most) return std::nullopt;
  if (rule.mixed && !mixed(text.substr(from, size))) return std::nullopt;
  return Secret{rule.kind, rule.name, from, size};
}

// Names whose value is a secret, in any case and with the quotes, escapes and signs of JSON, YAML, shells and code.
constexpr std::string_view assigned_pattern =
    R"((?i)(aws_?secret_?access_?key|aws_?session_?token|secret_?access_?key|(?:x-)?api[_-]?key|client[_-]?secret|)"
    R"(secret[_-]?key|access[_-]?token|refresh[_-]?token|auth[_-]?token|session[_-]?token|password|passwd|pwd))"
    R"((?:\\{0,3}["'])?[ \t]{0,4}(?:=>|:=|:|=)[ \t]{0,4}(?:\\{0,3}["'])?)"
    R"(([^\s"'\\,;&<>{}()\[\]\x00-\x1f\x7f-\xff]+))";

bool is_assigned_secret(std::string_view value) {
  return value.size() >= 8 && value.size() <= 512 && mixed(value) && entropy(value) >= 2.8 &&
         value.find("**") == std::string_view::npos;
}

void mask_one(std::span<char> text, const Secret& secret) {
  for (std::size_t i = secret.start; i < secret.start + secret.size; ++i) {
    if (secret.kind != SecretKind::private_key) {
      text[i] = '*';
    } else if (text[i] == '\\') {  // an escape of JSON: it and what it escapes stay
      i += i + 1 < text.size() && text[i + 1] == 'u' ? 5 : 1;
    } else if (chars::in(chars::alnum | chars::base64, text[i])) {
      text[i] = '*';
    }
  }
}

}  // namespace

struct SecretScanner::State {
  std::optional<Fingerprints> fingerprints;  // of what is looked for
  std::array<std::vector<const SecretRule*>, 256> rules;
  std::array<std::vector<const Anchor*>, 256> anchored;
  std::unique_ptr<const RE2> assigned;

  std::optional<Secret> read(std::string_view text, std::size_t at) const {
    const auto first = static_cast<unsigned char>(text[at]);
    for (const SecretRule* rule : rules[first]) {
      if (rule->prefix[1] != text[at + 1]) continue;
      if (auto found = read_rule(*rule, text, at)) return found;
    }
    for (const Anchor* anchor : anchored[first]) {
      if (anchor->first[1] != text[at + 1]) continue;
      if (auto found = anchor->read(text, at)) return found;
    }
    return std::nullopt;
  }

  // Could a secret begin here, in bytes that may go on beyond its text?
  bool plausible(std::string_view bytes, std::size_t at) const {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const std::string_view rest = bytes.substr(at);
    return std::ranges::any_of(anchored[first], [&](const Anchor* one) { return rest.starts_with(one->first); }) ||
           std::ranges::any_of(rules[first], [&](const SecretRule* one) {
             return rest.starts_with(one->prefix) && run_of(rest, one->prefix.size(), one->body) >= one->least;
           });
  }

  // In order of their start; may overlap.
  std::vector<Secret> scan(std::string_view text) const {
    std::vector<Secret> found;
    for (std::size_t i = fingerprints->next(text, 0); i < text.size(); i = fingerprints->next(text, i + 1)) {
      if (const auto secret = read(text, i)) {
        found.push_back(*secret);
        i = secret->start + secret->size - 1;
      }
    }
    if (!assigned) return found;
    re2::StringPiece rest(text.data(), text.size()), value;
    while (RE2::FindAndConsume(&rest, *assigned, nullptr, &value)) {
      if (!is_assigned_secret({value.data(), value.size()})) continue;
      const auto start = static_cast<std::size_t>(value.data() - text.data());
      found.push_back({SecretKind::assigned, "assigned", start, value.size()});
    }
    std::sort(found.begin(), found.end(), [](const Secret& a, const Secret& b) {
      return a.start != b.start ? a.start < b.start : a.kind < b.kind;
    });
    return found;
  }
};

const SecretScanner& Scanners::of(SecretKinds kinds) {
  const std::lock_guard lock(mutex_);
  auto& made = made_[kinds];
  if (!made) made = std::make_unique<const SecretScanner>(kinds);
  return *made;
}

SecretScanner::SecretScanner(SecretKinds kinds) {
  auto state = std::make_unique<State>();
  std::vector<std::string_view> beginnings;
  for (const SecretRule& rule : secret_rules) {
    if ((kinds & only(rule.kind)) == 0) continue;
    beginnings.push_back(rule.prefix);
    state->rules[static_cast<unsigned char>(rule.prefix[0])].push_back(&rule);
  }
  for (const Anchor& anchor : anchors) {
    if ((kinds & only(anchor.kind)) == 0) continue;
    beginnings.push_back(anchor.first);
    state->anchored[static_cast<unsigned char>(anchor.first[0])].push_back(&anchor);
  }
  if ((kinds & only(SecretKind::assigned)) != 0) {
    RE2::Options options;
    options.set_encoding(RE2::Options::EncodingLatin1);  // bytes
    options.set_log_errors(false);
    state->assigned =
        std::make_unique<const RE2>(re2::StringPiece(assigned_pattern.data(), assigned_pattern.size()), options);
    PAWL_CHECK(state->assigned->ok(), "{}", state->assigned->error());
  }
  state->fingerprints.emplace(std::move(beginnings));
  state_ = std::move(state);
}

SecretScanner::SecretScanner(SecretScanner&&) noexcept = default;
SecretScanner& SecretScanner::operator=(SecretScanner&&) noexcept = default;
SecretScanner::~SecretScanner() = default;

std::vector<Secret> SecretScanner::find(std::string_view text) const {
  std::vector<Secret> apart;
  for (const Secret& secret : state_->scan(text)) {
    if (apart.empty() || secret.start >= apart.back().start + apart.back().size) {
      apart.push_back(secret);
    } else {  // one in the other, or across
      apart.back().size = std::max(apart.back().size, secret.start + secret.size - apart.back().start);
    }
  }
  return apart;
}

bool SecretScanner::may_hold(std::string_view bytes) const {
  if (state_->assigned) return true;
  const Fingerprints& marks = *state_->fingerprints;
  for (std::size_t i = marks.next(bytes, 0); i < bytes.size(); i = marks.next(bytes, i + 1)) {
    if (state_->plausible(bytes, i)) return true;
  }
  return false;
}

// What is hidden may have been in the way of something else, so look again. Each turn leaves fewer bytes to hide.
std::size_t SecretScanner::mask(std::span<char> text) const {
  std::size_t count = 0;
  for (auto found = state_->scan({text.data(), text.size()}); !found.empty();
       found = state_->scan({text.data(), text.size()})) {
    for (const Secret& secret : found) mask_one(text, secret);
    count += found.size();
  }
  return count;
}

}  // namespace pawl::guard
