// PSI of a sliding distribution: quiet while nothing changes, loud when it does, silent while too little is known.
#include "stats/mix.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace pawl::stats {
namespace {

// A fair draw of one of three models by given shares; `days` days of hours, `hourly` calls each.
struct World {
  Mix mix{MixSettings{}};
  SeededRandom random{7};
  std::int64_t at = 0;
  int bad = 0;
  MixVerdict last;

  void days(int count, int hourly, double a, double b) {
    for (int h = 0; h < count * 24; ++h, at += 3600) {
      for (int i = 0; i < hourly; ++i) {
        const double x = random.unit();
        mix.add(x < a ? "a" : x < a + b ? "b" : "c", 1);
      }
      last = mix.close(at);
      bad += last.bad() ? 1 : 0;
    }
  }
};

TEST(Mix, IsQuietWhileNothingChangesAndLoudWhenItDoes) {
  World world;
  world.days(1, 40, .6, .3);
  EXPECT_TRUE(std::isnan(world.last.value)) << "nothing to compare with";
  world.days(19, 40, .6, .3);
  EXPECT_EQ(world.bad, 0);
  EXPECT_FALSE(world.last.learning);
  EXPECT_LT(world.last.value, .05);
  world.days(1, 40, .2, .3);
  EXPECT_TRUE(world.last.bad());
  world.days(30, 40, .2, .3);
  EXPECT_FALSE(world.last.bad()) << "what lasts is the new usual";
}

TEST(Mix, FewEventsSayNothing) {
  World world;
  world.days(20, 2, .6, .3);
  EXPECT_TRUE(std::isnan(world.last.value));
}

TEST(Mix, ANewCategoryIsSeenThroughTheOthers) {
  World world;
  world.days(16, 40, .6, .4);
  EXPECT_EQ(world.bad, 0);
  for (int h = 0; h < 24; ++h, world.at += 3600) {
    for (int i = 0; i < 40; ++i) world.mix.add(i < 20 ? "a" : "new", 1);
    world.last = world.mix.close(world.at);
  }
  EXPECT_TRUE(world.last.bad());
}

TEST(Mix, AmountsAreBinnedByDeciles) {
  Mix mix(MixSettings{.ordered = true});
  MixVerdict last;
  std::int64_t at = 0;
  const auto days = [&](int count, int from) {
    for (int h = 0; h < count * 24; ++h, at += 3600) {
      for (int i = 0; i < 50; ++i) mix.add(std::to_string(1000 + from + (i * 37 + h) % 100), 1);
      last = mix.close(at);
    }
  };
  days(16, 0);
  EXPECT_LT(last.value, .02);
  days(1, 30);
  EXPECT_TRUE(last.bad()) << "everything is slower";
}

}  // namespace
}  // namespace pawl::stats
