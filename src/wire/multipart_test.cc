// Bodies of LangSmith's clients, and bodies that are cut off.
#include "wire/multipart.h"

#include <gtest/gtest.h>

namespace pawl {
namespace {

std::vector<std::string> names(std::string_view body, std::string_view boundary) {
  std::vector<std::string> out;
  const auto walked = walk_multipart(body, boundary, [&](const Part& part) {
    out.push_back(fmt::format("{} {} {}", part.name, part.content_type, part.bytes));
  });
  if (!walked) out.push_back("error: " + walked.error().what);
  return out;
}

using Lines = std::vector<std::string>;

TEST(Multipart, PythonAndJavaScript) {
  const std::string python =
      "--b\r\nContent-Disposition: form-data; name=\"post.1\"\r\nContent-Type: application/json\r\nContent-Length: "
      "2\r\n\r\n{}\r\n--b\r\nContent-Disposition: form-data; name=\"post.1.inputs\"\r\n\r\n\r\n--b--\r\n";
  EXPECT_EQ(names(python, "b"), (Lines{"post.1 application/json {}", "post.1.inputs  "}));
  EXPECT_EQ(multipart_boundary_of_body(python), "b");
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=----LangSmithFormBoundaryX"),
            "----LangSmithFormBoundaryX");
  EXPECT_EQ(multipart_boundary("multipart/form-data; charset=utf-8; boundary=\"a b\""), "a b");
  const std::string js =
      "--x\r\nContent-Disposition: form-data; name=\"post.1\"; filename=\"blob\"\r\nContent-Type: application/json; "
      "length=9\r\n\r\n\"\r\n--x\r\n\"\r\n--x--\r\n";
  EXPECT_EQ(names(js, "x"), (Lines{"post.1 application/json; length=9 \"\r\n--x\r\n\""}));
}

TEST(Multipart, CutOffAnywhereIsAnError) {
  const std::string whole = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nbytes\r\n--b--";
  EXPECT_EQ(names(whole, "b").back(), "a  bytes");
  for (std::size_t size = 0; size < whole.size() - 1; ++size)
    EXPECT_TRUE(names(whole.substr(0, size), "b").back().starts_with("error: ")) << size;
  EXPECT_TRUE(names(whole, "").back().starts_with("error: "));
  EXPECT_TRUE(names(whole, "c").back().starts_with("error: "));
  EXPECT_EQ(names("--b--", "b"), Lines{});
}

}  // namespace
}  // namespace pawl
