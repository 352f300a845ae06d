// When a burst is over, as tables in milliseconds since its first change.

#include "core/settle.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reloadrun::core {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr TimePoint first{1000h};

TimePoint at(int ms) { return first + milliseconds(ms); }

Burst burst(int last_ms) { return {.first = first, .last = at(last_ms)}; }

struct Row {
  std::string what;
  Burst burst;
  int due_ms;
  Duration settle = 10ms;
};

void expect_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const auto due = settled_at(row.burst, row.settle) - first;
    EXPECT_EQ(std::chrono::duration_cast<milliseconds>(due).count(), row.due_ms) << row.what;
  }
}

Burst with(Burst changed, auto Burst::*field, auto value) {
  changed.*field = value;
  return changed;
}

TEST(Settle, QuietUpToTheBound) {
  expect_rows({
      {"one change", burst(0), 10},
      {"no settling", burst(0), 0, 0ms},
      {"more changes", burst(700), 710},
      {"just before the bound", burst(1985), 1995},
      {"beyond the bound", burst(1995), 2000},
      {"long beyond", burst(60000), 2000},
      {"a settle longer than the bound", burst(0), 2000, 5s},
  });
}

TEST(Settle, AVanishedFileIsMissedForAWhile) {
  const auto missing = [](int last, int since) {
    return with(burst(last), &Burst::missing_since, at(since));
  };
  expect_rows({
      {"missed from the beginning", missing(0, 0), 200},
      {"others change while it is missed", missing(150, 0), 200},
      {"and later than that", missing(300, 0), 310},
      {"missed late", missing(500, 500), 700},
      {"a settle that is longer", missing(0, 0), 400, 400ms},
      {"missed at the bound", missing(1900, 1900), 2000},
  });
}

TEST(Settle, AFileBeingWrittenIsWaitedForUpToTheBound) {
  Burst written = with(burst(30), &Burst::being_written, true);
  expect_rows({{"written", written, 2000},
               {"and another one vanished", with(written, &Burst::missing_since, at(0)), 2000}});
}

TEST(Settle, ASaveThatMayComeToNothingIsWaitedForUntilNothingIsWritten) {
  Burst held = with(burst(5000), &Burst::being_written, true);
  held.being_saved = true;
  expect_rows({{"held", held, 15000}});
}

TEST(Settle, AGitLockIsWaitedForWhateverTheBound) {
  const auto locked = [](int last, int stale) {
    return with(burst(last), &Burst::git_lock_stale_at, at(stale));
  };
  expect_rows({
      {"fresh", locked(100, 5000), 5000},
      {"old when the burst began", locked(100, 1000), 1000},
      {"forgotten before the burst", locked(100, -3000), 110},
      {"young in a long burst", locked(3000, 8000), 8000},
  });
}

TEST(Settle, GitsCommandsComeInChains) {
  const auto seen = [](int last, bool rebase) {
    return with(with(burst(last), &Burst::git_was_seen, true), &Burst::rebase, rebase);
  };
  expect_rows({
      {"no lock now", seen(50, false), 150},
      {"a rebase", seen(50, true), 300},
      {"a settle that is longer", seen(50, true), 450, 400ms},
      {"after a checkout of three seconds", seen(3000, false), 3100},
      {"between commits of a long rebase", seen(9000, true), 9250},
      {"something writes all the time", seen(20000, false), 10000},
      {"a rebase without git's lock seen", with(burst(50), &Burst::rebase, true), 60},
  });
}

TEST(Settle, AnUnfinishedExecutableIsWaitedForLonger) {
  const Burst linking = with(burst(100), &Burst::executable_unfinished, true);
  expect_rows({
      {"linking", linking, 30000},
      {"its file is missing meanwhile", with(linking, &Burst::missing_since, at(0)), 30000},
      {"under git", with(linking, &Burst::git_lock_stale_at, at(5000)), 30000},
  });
}

TEST(Settle, ADirectoryThatIsGoneIsWaitedForAsLong) {
  const Burst gone = with(burst(100), &Burst::directory_gone, true);
  expect_rows(
      {{"gone", gone, 30000}, {"with its files", with(gone, &Burst::missing_since, at(0)), 30000}});
  EXPECT_FALSE(is_certain(with(gone, &Burst::modified, true), at(200)));
}

TEST(Settle, ASlowedRestartKeepsItsTimeLastOfAll) {
  const Burst slowed = with(burst(0), &Burst::not_before, at(4000));
  expect_rows({
      {"slowed", slowed, 4000},
      {"the time has come before", with(burst(0), &Burst::not_before, at(5)), 10},
      {"the rest takes longer", with(slowed, &Burst::git_lock_stale_at, at(5000)), 5000},
      {"longer than a link",
       with(with(burst(0), &Burst::executable_unfinished, true), &Burst::not_before, at(31000)),
       31000},
  });
}

TEST(Settle, ATickIsWaitedOutWhateverTheBound) {
  expect_rows({
      {"longer than the settle", with(burst(0), &Burst::tick_over_at, at(10)), 10, 0ms},
      {"over before", with(burst(5), &Burst::tick_over_at, at(8)), 15},
      {"beyond the bound", with(burst(1999), &Burst::tick_over_at, at(2008)), 2008},
  });
}

TEST(Settle, ABurstIsCutOffWhenItGoesOn) {
  EXPECT_FALSE(is_cut_off(burst(0), 10ms, at(10)));
  EXPECT_TRUE(is_cut_off(burst(1995), 10ms, at(2000)));
  EXPECT_TRUE(is_cut_off(with(burst(0), &Burst::being_written, true), 10ms, at(2000)));
  EXPECT_TRUE(is_cut_off(with(burst(0), &Burst::missing_since, at(1900)), 10ms, at(2000)));
  EXPECT_FALSE(is_cut_off(with(burst(0), &Burst::missing_since, at(1800)), 10ms, at(2000)));
}

TEST(Settle, WhatNothingTellsOfIsLookedAtAgainSoonAtFirst) {
  constexpr Duration settle = 10ms;
  const auto later = [](Duration closed) {  // than it was closed, its close is seen
    Duration seen = 0ms;
    for (int looks = 0; seen < closed; ++looks) {
      EXPECT_LT(looks, 200);
      seen += recheck_after(seen);
    }
    return seen - closed;
  };
  for (const Duration closed : {10us, 100us, 1000us, 2000us, 5000us}) {
    EXPECT_LE(later(closed), settle - closed);
  }
  for (const Duration closed : {20ms, 200ms}) EXPECT_LE(later(closed), 20ms);
  for (const Duration closed : {1s, 2s, 10s}) EXPECT_LE(later(closed), 100ms);
}

TEST(Certain, IsAModifiedFileUnlessSomebodyIsNotDone) {
  const Burst modified = with(burst(0), &Burst::modified, true);
  EXPECT_TRUE(is_certain(modified, at(0)));
  EXPECT_TRUE(is_certain(with(modified, &Burst::missing_since, at(0)), at(0)));
  EXPECT_FALSE(is_certain(burst(0), at(0))) << "a file that appeared may be a temporary one";
  EXPECT_FALSE(is_certain(with(burst(0), &Burst::missing_since, at(0)), at(100)));
  EXPECT_FALSE(is_certain(with(modified, &Burst::being_written, true), at(0)));
  EXPECT_FALSE(is_certain(with(modified, &Burst::executable_unfinished, true), at(0)));
  EXPECT_FALSE(is_certain(with(modified, &Burst::git_lock_stale_at, at(5000)), at(0)));
  EXPECT_FALSE(is_certain(with(modified, &Burst::git_was_seen, true), at(0)));
  EXPECT_FALSE(is_certain(with(modified, &Burst::not_before, at(500)), at(499)));
  EXPECT_TRUE(is_certain(with(modified, &Burst::not_before, at(500)), at(500)));
}

}  // namespace
}  // namespace reloadrun::core
