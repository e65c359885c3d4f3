// Settings of the server: one table of names; flag > environment > file > default.
#pragma once
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl::app {

struct Setting {
  std::string_view name;      // "listen": flag --listen, key `listen`, environment PAWL_LISTEN
  std::string_view fallback;  // default
  std::string_view about;
};
std::span<const Setting> settings_table();

// "otlp_http" or "otlp-http" → "PAWL_OTLP_HTTP".
std::string environment_name(std::string_view name);
std::string environment(const char* name);  // its value, "" where it is not set
// The keys of a TOML file as text. `invalid` names the line: no TOML, or a key that is none of `names` and the nearest.
Result<std::map<std::string, std::string>> read_settings(const std::string& file,
                                                         const std::vector<std::string_view>& names);

class Config {
 public:
  // `flags` are those that were given; `file` may be "". An unknown key names the nearest known one.
  static Result<Config> load(const std::map<std::string, std::string>& flags, const std::string& file,
                             const std::function<const char*(const char*)>& environment);
  const std::string& get(std::string_view name) const;
  Result<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most) const;
  std::vector<std::string> list(std::string_view name) const;  // comma-separated
  // Every setting with its value and where it came from; secrets are none of them.
  std::string print() const;

 private:
  struct Value {
    std::string text, source;
  };
  std::map<std::string, Value, std::less<>> values_;
};

struct Address {
  std::string host;
  std::uint16_t port = 0;
};
Result<Address> parse_address(std::string_view text);  // "127.0.0.1:7295", "[::1]:7295"
bool is_loopback(std::string_view host);

}  // namespace pawl::app
