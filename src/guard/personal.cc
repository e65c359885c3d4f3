// Reads personal data where a pattern said that it could be.
#include "guard/personal.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "guard/secrets_rules.h"

namespace pawl::guard {
namespace {

bool is_digit(std::string_view text, std::size_t at) {
  return at < text.size() && chars::in(chars::digit, text[at]);
}

bool is_alnum(std::string_view text, std::size_t at) {
  return at < text.size() && chars::in(chars::alnum, text[at]);
}

// No letter or digit stands before or behind it.
bool stands_alone(std::string_view text, std::size_t start, std::size_t size) {
  return begins_here(text, start) && !is_alnum(text, start + size);
}

bool is_luhn(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int value = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) value = value > 4 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return sum % 10 == 0;
}

int leading(std::string_view digits, std::size_t count) {
  int out = 0;
  for (const char c : digits.substr(0, count)) out = out * 10 + (c - '0');
  return out;
}

struct Issuer {
  std::string_view name;
  std::size_t digits;  // how many of `from` and `to` there are
  int from, to;
  std::size_t least, most;
};
// Ranges as the issuers publish them. Numbers of 19 digits begin like random ids too often: they are not looked for.
constexpr Issuer issuers[] = {
    {"visa", 1, 4, 4, 13, 16},         {"mastercard", 2, 51, 55, 16, 16}, {"mastercard", 4, 2221, 2720, 16, 16},
    {"amex", 2, 34, 34, 15, 15},       {"amex", 2, 37, 37, 15, 15},       {"discover", 4, 6011, 6011, 16, 16},
    {"discover", 3, 644, 659, 16, 16}, {"jcb", 4, 3528, 3589, 16, 16},    {"diners", 3, 300, 305, 14, 14},
    {"diners", 2, 36, 36, 14, 14},     {"diners", 2, 38, 39, 14, 14},     {"unionpay", 2, 62, 62, 16, 16}};

std::string_view issuer_of(std::string_view digits) {
  for (const Issuer& one : issuers) {
    if (digits.size() < one.least || digits.size() > one.most) continue;
    if (one.name == "visa" && digits.size() != 13 && digits.size() != 16) continue;
    const int lead = leading(digits, one.digits);
    if (lead >= one.from && lead <= one.to) return one.name;
  }
  return {};
}

// Digits with single spaces or dashes between them, around `inside`.
std::pair<std::size_t, std::size_t> run_of_groups(std::string_view text, std::size_t inside) {
  const auto joins = [&](std::size_t i) {
    return i > 0 && (text[i] == ' ' || text[i] == '-') && is_digit(text, i - 1) && is_digit(text, i + 1);
  };
  std::size_t from = inside, to = inside;
  while (from > 0 && inside - from < 40 && (is_digit(text, from - 1) || joins(from - 1))) --from;
  while (to < text.size() && to - inside < 40 && (is_digit(text, to) || joins(to))) ++to;
  return {from, to};
}

// The card that begins at `from` and holds the byte before `at`.
std::optional<Secret> card_at(std::string_view text, std::size_t from, std::size_t to, std::size_t at) {
  std::string digits;
  for (std::size_t i = from; i < to && digits.size() < 19; ++i) {
    if (!is_digit(text, i)) continue;
    digits += text[i];
    if (i + 1 < at || is_digit(text, i + 1)) continue;  // it ends where a group ends
    if (const auto name = issuer_of(digits); !name.empty() && is_luhn(digits))
      return Secret{SecretKind::card, name, from, i + 1 - from};
  }
  return std::nullopt;
}

struct Country {
  std::string_view code;
  std::size_t size;
};
// The registry of ISO 13616, as SWIFT publishes it.
constexpr Country countries[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
    {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DK", 18}, {"DO", 28},
    {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23},
    {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
    {"LV", 21}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NL", 18},
    {"NO", 15}, {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"SA", 24},
    {"SC", 31}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"ST", 25}, {"SV", 28}, {"TL", 23}, {"TN", 24},
    {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}};

std::optional<Secret> iban_at(std::string_view text, std::size_t at) {
  const auto country = std::ranges::find(countries, text.substr(at, 2), &Country::code);
  if (country == std::end(countries)) return std::nullopt;
  std::string bare;
  std::size_t end = at;
  while (end < text.size() && bare.size() < country->size) {
    if (chars::in(chars::upper | chars::digit, text[end])) {
      bare += text[end];
    } else if (text[end] != ' ' || text[end - 1] == ' ') {
      break;
    }
    ++end;
  }
  if (bare.size() != country->size || !stands_alone(text, at, end - at)) return std::nullopt;
  int rest = 0;
  for (const char c : bare.substr(4) + bare.substr(0, 4))
    rest = c <= '9' ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
  if (rest != 1) return std::nullopt;
  return Secret{SecretKind::iban, "iban", at, end - at};
}

// Where the local part of an address begins, the at sign being at `at`; a letter that an escape of JSON needs is left.
std::size_t local_from(std::string_view text, std::size_t at) {
  std::size_t from = at;
  const auto fits = [](char c) { return chars::in(chars::url, c) || c == '.' || c == '%' || c == '+'; };
  while (from > 0 && at - from < 64 && fits(text[from - 1])) --from;
  if (from > 0 && text[from - 1] == '\\') from = std::min(at, from + (text[from] == 'u' ? 5 : 1));
  while (from < at && text[from] == '.') ++from;
  return from;
}

constexpr std::string_view no_domains[] = {"png", "jpg", "jpeg", "gif",  "svg", "webp", "ico", "js",
                                           "ts",  "css", "json", "html", "md",  "py",   "tar", "gz"};

}  // namespace

bool begins_here(std::string_view text, std::size_t at) {
  if (at == 0 || !chars::in(chars::word, text[at - 1])) return true;
  if (at >= 2 && text[at - 2] == '\\') return true;
  return at >= 6 && text[at - 6] == '\\' && text[at - 5] == 'u';
}

std::optional<Secret> read_email(std::string_view text, std::size_t at) {
  const std::size_t from = local_from(text, at);
  if (from == at || text[at - 1] == '.') return std::nullopt;
  std::size_t end = at + 1;
  while (end < text.size() && end - at < 250 && (is_alnum(text, end) || text[end] == '-' || text[end] == '.')) ++end;
  while (!is_alnum(text, end - 1)) --end;
  const std::string_view domain = text.substr(at + 1, end - at - 1);
  const auto dot = domain.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || domain.find("..") != std::string_view::npos) return std::nullopt;
  const auto top = domain.substr(dot + 1);
  const bool letters = std::ranges::all_of(top, [](char c) { return chars::in(chars::upper | chars::lower, c); });
  if (top.size() < 2 || !letters || std::ranges::find(no_domains, to_lower(top)) != std::end(no_domains))
    return std::nullopt;
  if (text.substr(from, at - from) == "git") return std::nullopt;  // git@github.com:… is nobody's
  return Secret{SecretKind::email, "email", from, end - from};
}

std::optional<Secret> read_card(std::string_view text, std::size_t at) {
  const auto [from, to] = run_of_groups(text, at - 1);
  if (!stands_alone(text, from, to - from) || to - from > 80) return std::nullopt;
  if (from > 0 && (text[from - 1] == '.' || text[from - 1] == '-')) return std::nullopt;  // 0.4111…, an id
  for (std::size_t i = from; i < at; ++i) {
    if (i > from && is_digit(text, i - 1)) continue;  // it begins where a group begins
    if (!is_digit(text, i)) continue;
    if (const auto card = card_at(text, i, to, at)) return card;
  }
  return std::nullopt;
}

std::optional<Secret> read_iban(std::string_view text, std::size_t at) {
  for (std::size_t back = 12; back <= 14 && back <= at; ++back) {
    if (const auto found = iban_at(text, at - back)) return found;
  }
  return std::nullopt;
}

std::optional<Secret> read_phone(std::string_view text, std::size_t at) {
  if (at > 0 && (is_alnum(text, at - 1) || text[at - 1] == '+') && !begins_here(text, at)) return std::nullopt;
  std::size_t digits = 0, end = at + 1, last = at;
  for (; end < text.size() && digits < 16; ++end) {
    if (is_digit(text, end)) {
      ++digits, last = end;
    } else if (std::string_view(" ().-").find(text[end]) == std::string_view::npos || end - last > 2) {
      break;
    }
  }
  if (digits < 8 || digits > 15 || is_alnum(text, last + 1)) return std::nullopt;
  return Secret{SecretKind::phone, "phone", at, last + 1 - at};
}

std::optional<Secret> read_phone_of_us(std::string_view text, std::size_t at) {
  std::size_t end = at, digits = 0;
  for (; end < text.size() && digits < 10; ++end) digits += is_digit(text, end) ? 1 : 0;
  if (!stands_alone(text, at, end - at) ||
      (at > 0 && std::string_view("-.+").find(text[at - 1]) != std::string_view::npos))
    return std::nullopt;
  if (end < text.size() && (text[end] == '-' || (text[end] == '.' && is_digit(text, end + 1)))) return std::nullopt;
  return Secret{SecretKind::phone, "phone", at, end - at};
}

std::optional<Secret> read_social_security(std::string_view text, std::size_t at) {
  constexpr std::size_t size = 11;
  const auto number = text.substr(at, size);
  if (!stands_alone(text, at, size) || (at > 0 && text[at - 1] == '-') || text.substr(at + size, 1) == "-")
    return std::nullopt;
  // Never given out (Social Security Administration): area 000, 666; group 00; serial 0000.
  if (number.starts_with("000") || number.starts_with("666") || number.substr(4, 2) == "00" || number.ends_with("0000"))
    return std::nullopt;
  return Secret{SecretKind::national_id, "us_ssn", at, size};
}

std::optional<Secret> read_cpf(std::string_view text, std::size_t at) {
  constexpr std::size_t size = 14;
  std::string digits;
  for (const char c : text.substr(at, size))
    if (chars::in(chars::digit, c)) digits += c;
  if (!stands_alone(text, at, size) || digits.find_first_not_of(digits[0]) == std::string::npos) return std::nullopt;
  for (const std::size_t count : {std::size_t{9}, std::size_t{10}}) {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += static_cast<std::size_t>(digits[i] - '0') * (count + 1 - i);
    const std::size_t check = sum * 10 % 11 % 10;
    if (check != static_cast<std::size_t>(digits[count] - '0')) return std::nullopt;
  }
  return Secret{SecretKind::national_id, "br_cpf", at, size};
}

std::optional<Secret> read_ip(std::string_view text, std::size_t at) {
  const auto fits = [&](std::size_t i) { return is_digit(text, i) || (i < text.size() && text[i] == '.'); };
  std::size_t from = at - 1, end = at;
  while (from > 0 && at - from < 20 && fits(from - 1)) --from;
  while (end - from < 20 && fits(end)) ++end;
  while (end > from && text[end - 1] == '.') --end;
  const auto pieces = split(text.substr(from, end - from), '.');
  if (pieces.size() != 4 || !stands_alone(text, from, end - from)) return std::nullopt;
  for (const auto piece : pieces) {
    const auto number = parse_int(piece);
    if (!number || piece.size() > 3 || *number > 255 || (piece.size() > 1 && piece[0] == '0')) return std::nullopt;
  }
  const auto first = *parse_int(pieces[0]);
  if (first == 0 || first == 127) return std::nullopt;  // this machine, and what looks like a version
  return Secret{SecretKind::ip, "ip", from, end - from};
}

}  // namespace pawl::guard
