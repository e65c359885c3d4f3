// Each name once.
#include "attributes.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "base/text.h"

namespace pawl::traces {
namespace {

constexpr std::size_t buckets = 512, few = 256;

// Names of one namespace differ at their ends and in length.
std::size_t bucket_of(std::string_view name) {
  std::uint64_t end = 0;
  const std::size_t size = std::min<std::size_t>(name.size(), 8);
  std::memcpy(&end, name.data() + name.size() - size, size);
  const std::uint64_t middle = name.empty() ? 0 : static_cast<unsigned char>(name[name.size() / 2]);
  return static_cast<std::size_t>(((end ^ (name.size() << 32U) ^ (middle << 24U)) * 0x9E3779B97F4A7C15ULL) >> 55U);
}

// Which entries a later one of the same name replaces; empty where there are none.
std::vector<bool> replaced_of_few(const Attributes& attributes) {
  std::vector<bool> replaced;
  std::array<std::uint16_t, buckets> heads{};  // index + 1 of the last entry in the bucket
  std::array<std::uint16_t, few> before;       // likewise, of the one before it
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const std::string_view name = attributes[i].first;
    std::uint16_t& head = heads[bucket_of(name)];
    for (std::size_t at = head; at != 0; at = before[at - 1]) {
      if (attributes[at - 1].first != name) continue;
      replaced.resize(attributes.size());
      replaced[at - 1] = true;
    }
    before[i] = head;
    head = static_cast<std::uint16_t>(i + 1);
  }
  return replaced;
}

std::vector<bool> replaced_of_many(const Attributes& attributes) {
  std::vector<bool> replaced;
  std::unordered_map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const auto [known, news] = last.try_emplace(attributes[i].first, i);
    if (news) continue;
    replaced.resize(attributes.size());
    replaced[known->second] = true;
    known->second = i;
  }
  return replaced;
}

}  // namespace

void keep_last(Attributes& attributes) {
  const auto replaced = attributes.size() <= few ? replaced_of_few(attributes) : replaced_of_many(attributes);
  if (replaced.empty()) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (replaced[i]) continue;
    if (kept != i) attributes[kept] = std::move(attributes[i]);
    ++kept;
  }
  attributes.resize(kept);
}

void add_attributes(Attributes& out, std::string_view prefix, otlp::Attributes attributes) {
  for (const auto& attribute : attributes) {
    std::string key(prefix);
    key += attribute.key;
    out.emplace_back(std::move(key), repair_utf8(otlp::to_text(attribute.value)));
  }
}

}  // namespace pawl::traces
