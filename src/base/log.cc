// Log lines.
#include "base/log.h"

#include <unistd.h>

#include <array>

#include "base/json.h"
#include "base/time.h"

namespace pawl {

void Log::write(Level level, std::string_view event, const Fields& fields) const {
  if (!enabled(level)) return;
  static constexpr std::array<std::string_view, 4> names = {"debug", "info", "warn", "error"};
  const std::string_view name = names[static_cast<std::size_t>(level)];
  const std::string at = format_time(SystemClock().now());
  std::string line;
  if (format_ == Format::json) {
    JsonWriter json;
    json.object().field("at", at).field("level", name).field("event", event);
    for (const auto& [key, value] : fields) json.field(key, value);
    line = json.end().take();
  } else {
    line = fmt::format("{}Z {:5} {}", at.substr(0, 23), name, event);
    for (const auto& [key, value] : fields) {
      line += fmt::format(" {}={}", key, value.find_first_of(" \"\n") == std::string::npos ? value : json_quote(value));
    }
  }
  line += '\n';
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace pawl
