// Logs of Inspect as rows: epochs are trials, letters are numbers, an error is no outcome.
#include "inspect.h"

#include <gtest/gtest.h>

#include "rows.h"

namespace pawl::trials {
namespace {

TEST(Inspect, IsReadAsRows) {
  constexpr std::string_view log = R"({"version":2,"eval":{"task":"t"},"samples":[
    {"id":1,"epoch":1,"metadata":{"topic":"b"},"total_time":0.5,"scores":{"m":{"value":"C"},"d":{"value":{"x":1,"y/z":"P"}}}},
    {"id":1,"epoch":2,"scores":{"m":{"value":"N"},"d":{"value":[true,0.25]}}},
    {"id":"b","epoch":1,"error":{"message":"429"},"scores":{}}]})";
  const auto rows = rows_of_inspect(log);
  ASSERT_TRUE(rows);
  EXPECT_EQ(*rows,
            R"({"case":"1","trial":0,"status":"ok","cluster":"b","scores":{"m":1,"d.x":1,"d.y/z":0.5},"latency_ms":500}
{"case":"1","trial":1,"status":"ok","scores":{"m":0,"d.0":true,"d.1":0.25}}
{"case":"b","trial":0,"status":"infra_error","comment":"429","scores":{}}
)");
  Names names;
  const auto side = read_rows(std::string(log), names);
  EXPECT_EQ(side.outcomes, 2U);
  EXPECT_EQ(side.infra_errors, 1U);
  EXPECT_EQ(side.bad_count, 0U);
  for (const std::string_view other : {"", "{}", "[]", R"({"samples":[]})", R"({"case":"a","scores":{"m":1}})"})
    EXPECT_FALSE(rows_of_inspect(other)) << other;
}

}  // namespace
}  // namespace pawl::trials
