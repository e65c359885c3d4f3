// The scanner finds the ends of values wherever quotes and backslashes stand.
#include "llm/json_scan.h"

#include <gtest/gtest.h>

#include <string>

#include "base/rng.h"

namespace pawl::llm::json {
namespace {

// A character at a time.
std::size_t end_of_string(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1;
  }
  return text.size();
}

TEST(JsonScan, AStringEndsAtTheFirstQuoteThatIsNotEscaped) {
  SeededRandom random(11);
  for (int round = 0; round < 20'000; ++round) {
    const std::uint64_t alphabet = 3 + random.below(40);  // some are all quotes and backslashes, some mostly text
    std::string text = "\"";
    for (std::uint64_t length = random.below(90); length > 0; --length) {
      const auto letter = random.below(alphabet);
      text += letter == 0 ? '"' : letter == 1 ? '\\' : static_cast<char>('a' + letter % 26);
    }
    ASSERT_EQ(skip_value(text, 0), end_of_string(text)) << text;
  }
}

TEST(JsonScan, ABackslashAtTheBorderOfSixteenBytesEscapesTheNext) {
  for (std::size_t before = 0; before < 70; ++before) {
    for (std::size_t slashes = 0; slashes < 40; ++slashes) {
      const std::string text = "\"" + std::string(before, 'x') + std::string(slashes, '\\') + "\" \", 1";
      const std::size_t first = 1 + before + slashes + 1;
      EXPECT_EQ(skip_value(text, 0), slashes % 2 == 0 ? first : first + 2) << text;
    }
  }
}

}  // namespace
}  // namespace pawl::llm::json
