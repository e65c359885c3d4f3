// Whom a text mentions.
#include "features/comments/comments.h"

#include <gtest/gtest.h>

namespace pawl::comments {
namespace {

TEST(Mentions, AreWordsBehindAnAtSign) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(mentions_in("@Bob, see @eve.m and @bob."), (Words{"bob", "eve.m"}));
  EXPECT_EQ(mentions_in("(@bob@example.com) bob@example.com @"), Words{"bob@example.com"});
  EXPECT_EQ(mentions_in("`@bob` and ```\n@eve\n```"), Words{});
  EXPECT_EQ(mentions_in(""), Words{});
}

}  // namespace
}  // namespace pawl::comments
