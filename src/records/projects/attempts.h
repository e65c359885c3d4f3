// How often somebody may try a password: failures by account and by address within a window.
#pragma once
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"

namespace pawl::projects {

// "2001:db8:1:2::7" → "2001:db8:1:2::/64": whoever has one address of a /64 has all of them. IPv4 as it is.
std::string address_group(std::string_view address);

// Thread-safe; memory is bounded: the oldest are forgotten first.
class Attempts {
 public:
  // Is this pair to be refused now?
  bool exhausted(std::string_view account, std::string_view address, Nanos now);
  void failed(std::string_view account, std::string_view address, Nanos now);
  void succeeded(std::string_view account);

 private:
  std::size_t recent(const std::string& key, Nanos now);
  void make_room(Nanos now);
  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<Nanos>> failures_;
};

}  // namespace pawl::projects
