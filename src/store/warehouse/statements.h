// What the embedded and the remote warehouse share: how values are written, what the engine's errors mean, what is
// counted.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "warehouse.h"

namespace pawl::warehouse {

// A bound parameter goes through the engine's TSV unescaping: backslash, tab and newline are escaped.
std::string escaped(std::string_view value);
// What the engine is given for a parameter: it undoes one level of escaping. A scalar is escaped here; the texts of a
// list ({name:Array(String)}) stand in quotes with backslashes of their own, which are that one level.
std::string parameter_text(std::string_view sql, std::string_view name, std::string_view value);

// "Code: 159. DB::Exception: …" as an error of ours.
enum class Asked : std::uint8_t { query, insert };
Error engine_error(std::string_view text, Asked asked = Asked::query);

class ReadCounters {
 public:
  Result<Answer> count(Result<Answer> answer, Nanos took) {
    ++(answer ? reads_ : answer.error().kind == ErrorKind::unavailable ? late_ : failed_);
    time_ += took;
    return answer;
  }
  Stats stats() const { return {reads_, failed_, late_, time_}; }

 private:
  std::atomic<std::uint64_t> reads_ = 0, failed_ = 0, late_ = 0;
  std::atomic<Nanos> time_ = 0;
};

}  // namespace pawl::warehouse
