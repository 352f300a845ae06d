#include "cli/nearest.hpp"

#include <gtest/gtest.h>

namespace reloadrun::cli {
namespace {

TEST(Nearest, DistanceCountsWhatFingersDo) {
  EXPECT_EQ(distance("", ""), 0U);
  EXPECT_EQ(distance("watch", "watch"), 0U);
  EXPECT_EQ(distance("wach", "watch"), 1U);
  EXPECT_EQ(distance("wattch", "watch"), 1U);
  EXPECT_EQ(distance("wstch", "watch"), 1U);
  EXPECT_EQ(distance("wathc", "watch"), 1U);
  EXPECT_EQ(distance("", "watch"), 5U);
  EXPECT_EQ(distance("ext", "watch"), 4U);
}

TEST(Nearest, IsMeantOrIsNot) {
  const std::vector<std::string> names{"watch", "watcher", "ignore", "interval", "listen", "list"};
  EXPECT_EQ(nearest("wach", names), "watch");
  EXPECT_EQ(nearest("watches", names), "watcher");
  EXPECT_EQ(nearest("lisen", names), "listen");
  EXPECT_EQ(nearest("inter", names), "interval");
  EXPECT_EQ(nearest("nonsense", names), std::nullopt);
  EXPECT_EQ(nearest("", names), std::nullopt);
  EXPECT_EQ(nearest(std::string(1 << 20, 'w'), names), std::nullopt);
  EXPECT_EQ(nearest("watch", {}), std::nullopt);
}

}  // namespace
}  // namespace reloadrun::cli
