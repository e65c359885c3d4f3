// Structured log lines on standard error, one JSON object or one readable line each.
#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pawl {

enum class Level { debug, info, warn, error };
using Fields = std::vector<std::pair<std::string_view, std::string>>;

class Log {
 public:
  enum class Format { text, json };
  Log(Format format, Level least) : format_(format), least_(least) {}
  bool enabled(Level level) const { return level >= least_; }  // ask before fields that are dear to make
  // Thread-safe: one write(2) a line. `event` is a short stable sentence; what varies goes into fields.
  void write(Level level, std::string_view event, const Fields& fields = {}) const;
  void info(std::string_view event, const Fields& fields = {}) const { write(Level::info, event, fields); }
  void warn(std::string_view event, const Fields& fields = {}) const { write(Level::warn, event, fields); }
  void error(std::string_view event, const Fields& fields = {}) const { write(Level::error, event, fields); }

 private:
  Format format_;
  Level least_;
};

}  // namespace pawl
