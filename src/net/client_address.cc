// Reading the headers that proxies add, from the right to the left.
#include "net/client_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace pawl::net {

// One proxy's word: who asked it, and how.
struct TrustedProxies::Hop {
  std::string_view address;  // as written: with a port perhaps
  bool tls = false;
};

namespace {

constexpr int mapped_bits = 96;  // ::ffff:0:0/96

std::optional<std::array<std::uint8_t, 16>> bytes_of(std::string_view text) {
  std::array<std::uint8_t, 16> out{};
  const std::string whole(text);
  if (::inet_pton(AF_INET6, whole.c_str(), out.data()) == 1) return out;
  out = {};
  out[10] = out[11] = 0xFF;
  if (::inet_pton(AF_INET, whole.c_str(), out.data() + 12) == 1) return out;
  return std::nullopt;
}

std::string text_of(const std::array<std::uint8_t, 16>& bytes) {
  char out[INET6_ADDRSTRLEN] = {};
  const bool is_mapped = std::ranges::all_of(bytes.begin(), bytes.begin() + 10, [](auto b) { return b == 0; }) &&
                         bytes[10] == 0xFF && bytes[11] == 0xFF;
  ::inet_ntop(is_mapped ? AF_INET : AF_INET6, bytes.data() + (is_mapped ? 12 : 0), out, sizeof out);
  return out;
}

// "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80"; not "unknown" and not "_hidden".
std::optional<std::array<std::uint8_t, 16>> node(std::string_view text) {
  text = trim(text);
  if (text.starts_with('[')) return bytes_of(cut(text.substr(1), ']').first);
  if (std::ranges::count(text, ':') == 1) text = cut(text, ':').first;
  return bytes_of(text);
}

// Pieces between `mark`s that stand in no quoted string (RFC 9110 §5.6.4).
std::vector<std::string_view> unquoted_pieces(std::string_view text, char mark) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\') ++i;
    if (quoted || i >= text.size() || text[i] != mark) continue;
    out.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  out.push_back(text.substr(std::min(begin, text.size())));
  return out;
}

std::string_view without_quotes(std::string_view value) {
  value = trim(value);
  return value.size() >= 2 && value.front() == '"' && value.back() == '"' ? value.substr(1, value.size() - 2) : value;
}

}  // namespace

Result<TrustedProxies::Network> TrustedProxies::network(std::string_view text) {
  const auto [address, length] = cut(text, '/');
  const auto bytes = bytes_of(address);
  const bool is_v4 = address.find(':') == std::string_view::npos;
  const int most = is_v4 ? 32 : 128;
  const auto bits = text.find('/') == std::string_view::npos ? std::optional<std::int64_t>(most) : parse_int(length);
  if (!bytes || !bits || *bits < 0 || *bits > most)
    return fail(ErrorKind::invalid, "'{}' is no address and no network such as 10.0.0.0/8 or fd00::/8.", text);
  return Network{*bytes, static_cast<int>(*bits) + (is_v4 ? mapped_bits : 0)};
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& texts) {
  TrustedProxies out;
  for (const auto& text : texts) out.networks_.push_back(TRY(network(text)));
  return out;
}

bool TrustedProxies::trusts(std::string_view address) const {
  const auto bytes = bytes_of(address);
  if (!bytes) return false;
  return std::ranges::any_of(networks_, [&](const Network& network) {
    const auto whole = static_cast<std::size_t>(network.bits / 8);
    if (!std::equal(bytes->begin(), bytes->begin() + network.bits / 8, network.first.begin())) return false;
    const int rest = 8 - network.bits % 8;
    return rest == 8 || ((*bytes)[whole] >> rest) == (network.first[whole] >> rest);
  });
}

Asker TrustedProxies::walk(std::string_view peer, const std::vector<Hop>& hops) const {
  Asker asker{std::string(peer)};
  for (auto hop = hops.rbegin(); hop != hops.rend() && trusts(asker.address); ++hop) {
    const auto address = node(hop->address);
    if (!address) break;
    asker = {text_of(*address), hop->tls};
  }
  return asker;
}

Asker TrustedProxies::asker(std::string_view peer, const Headers& headers) const {
  if (networks_.empty() || !trusts(peer)) return {std::string(peer)};
  std::vector<Hop> plain, standard;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto [name, value] = headers[i];
    if (name == "x-forwarded-for")
      for (const auto piece : split(value, ',')) plain.push_back({piece});
    if (name != "forwarded") continue;
    for (const auto element : unquoted_pieces(value, ',')) {
      Hop hop;
      for (const auto pair : unquoted_pieces(element, ';')) {
        const auto [key, given] = cut(trim(pair), '=');
        if (equals_ignoring_case(key, "for")) hop.address = without_quotes(given);
        if (equals_ignoring_case(key, "proto")) hop.tls = equals_ignoring_case(without_quotes(given), "https");
      }
      standard.push_back(hop);
    }
  }
  const bool says_tls = equals_ignoring_case(trim(headers.get("x-forwarded-proto")), "https");
  const Asker one = walk(peer, plain), other = walk(peer, standard);
  if (!plain.empty() && !standard.empty() && one.address != other.address) return {std::string(peer), says_tls};
  Asker out = plain.empty() ? other : one;
  out.tls = out.tls || other.tls || says_tls;
  return out;
}

}  // namespace pawl::net
