#include "app/handover.hpp"

#include <gtest/gtest.h>

namespace reloadrun::app {
namespace {

TEST(ChangedVariable, OnePathALine) {
  EXPECT_EQ(changed_variable({}), "");
  EXPECT_EQ(changed_variable({"a"}), "a");
  EXPECT_EQ(changed_variable({"a", "b c", "d"}), "a\nb c\nd");
}

TEST(ChangedVariable, AddsToWhatLedToAStartThatFailed) {
  EXPECT_EQ(changed_variable({"b", "c", "ab"}, "ab\nb"), "ab\nb\nc");
}

TEST(ChangedVariable, CutAtAWholeLineWithin4KiB) {
  const std::string half(2047, 'x');
  EXPECT_EQ(changed_variable({half, half, "y"}), half + "\n" + half);  // 4095 bytes
  EXPECT_EQ(changed_variable({half, half + "xx", "y"}), half);
  EXPECT_EQ(changed_variable({std::string(4096, 'x')}).size(), 4096U);
  EXPECT_EQ(changed_variable({std::string(4097, 'x'), "y"}), "");
}

}  // namespace
}  // namespace reloadrun::app
