// Counting failures.
#include "attempts.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace pawl::projects {
namespace {

constexpr Nanos window = 15 * minute;
constexpr std::size_t account_failures = 10, address_failures = 30, most_kept = 100'000;

std::string account_key(std::string_view account) {
  return fmt::format("account {}", account);
}
std::string address_key(std::string_view address) {
  return fmt::format("address {}", address_group(address));
}

}  // namespace

std::string address_group(std::string_view address) {
  const std::string text(address);
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  const bool is_v4 = std::all_of(bytes.begin(), bytes.begin() + 10, [](auto b) { return b == 0; }) &&
                     bytes[10] == 0xFF && bytes[11] == 0xFF;
  if (is_v4) return fmt::format("{}.{}.{}.{}", bytes[12], bytes[13], bytes[14], bytes[15]);
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(AF_INET6, bytes.data(), out.data(), out.size());
  return std::string(out.data()) + "/64";
}

std::size_t Attempts::recent(const std::string& key, Nanos now) {
  const auto found = failures_.find(key);
  if (found == failures_.end()) return 0;
  std::erase_if(found->second, [&](Nanos at) { return at < now - window; });
  const std::size_t left = found->second.size();
  if (left == 0) failures_.erase(found);
  return left;
}

bool Attempts::exhausted(std::string_view account, std::string_view address, Nanos now) {
  const std::lock_guard lock(mutex_);
  return recent(account_key(account), now) >= account_failures || recent(address_key(address), now) >= address_failures;
}

void Attempts::make_room(Nanos now) {
  if (failures_.size() < most_kept) return;
  std::erase_if(failures_, [&](const auto& one) { return one.second.back() < now - window; });
  if (failures_.size() < most_kept) return;
  std::vector<Nanos> last;
  for (const auto& [key, at] : failures_) last.push_back(at.back());
  const auto middle = last.begin() + static_cast<std::ptrdiff_t>(last.size() / 2);
  std::nth_element(last.begin(), middle, last.end());
  std::erase_if(failures_, [&](const auto& one) { return one.second.back() <= *middle; });
}

void Attempts::failed(std::string_view account, std::string_view address, Nanos now) {
  const std::lock_guard lock(mutex_);
  make_room(now);
  for (const auto& key : {account_key(account), address_key(address)}) failures_[key].push_back(now);
}

void Attempts::succeeded(std::string_view account) {
  const std::lock_guard lock(mutex_);
  failures_.erase(account_key(account));
}

}  // namespace pawl::projects
