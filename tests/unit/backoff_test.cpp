#include "core/backoff.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace reloadrun::core {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesFromNothingToFiveSeconds) {
  Backoff backoff;
  std::vector<Backoff::Duration> delays;
  for (int i = 0; i < 9; ++i) delays.push_back(backoff.after_run_of(10ms));
  EXPECT_EQ(delays, (std::vector<Backoff::Duration>{0ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms,
                                                    5s, 5s}));
}

TEST(Backoff, IsForgottenAfterAGoodRun) {
  Backoff backoff;
  for (int i = 0; i < 5; ++i) backoff.after_run_of(0ms);
  EXPECT_EQ(backoff.after_run_of(4999ms), 1600ms);
  EXPECT_EQ(backoff.after_run_of(5s), 0ms);
  EXPECT_EQ(backoff.after_run_of(0ms), 100ms);
}

}  // namespace
}  // namespace reloadrun::core
