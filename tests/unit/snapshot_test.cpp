// When a stamp differs, and what differences add up to.

#include "watch/snapshot.hpp"

#include <gtest/gtest.h>

#include "watch/pending.hpp"

namespace reloadrun::watch {
namespace {

using namespace std::chrono_literals;
using Kind = Change::Kind;

Stamp stamp(std::int64_t seconds, std::uint64_t content = 0, std::uint64_t size = 10) {
  return {.mtime_seconds = seconds, .size = size, .inode = 7, .content = content};
}

TEST(Stamps, DifferInEachPart) {
  const Stamp before = stamp(1000);
  EXPECT_FALSE(differs(before, before));
  for (const auto change :
       {+[](Stamp& after) { --after.mtime_seconds; },
        +[](Stamp& after) { ++after.mtime_nanoseconds; }, +[](Stamp& after) { ++after.size; },
        +[](Stamp& after) { ++after.inode; }}) {
    Stamp after = before;
    change(after);
    EXPECT_TRUE(differs(before, after));
  }
}

TEST(Stamps, DifferByAnXBitGivenAndNotByOneTaken) {
  Stamp runnable = stamp(1000);
  runnable.runnable = true;
  EXPECT_TRUE(differs(stamp(1000), runnable));
  EXPECT_FALSE(differs(runnable, stamp(1000)));
}

TEST(Stamps, DifferByTheirContentAloneWhereItIsKnown) {
  EXPECT_FALSE(differs(stamp(1000, 5), stamp(2000, 5)));
  EXPECT_TRUE(differs(stamp(1000, 5), stamp(1000, 6)));
  EXPECT_TRUE(differs(stamp(1000, 5), stamp(2000, 0)));  // it cannot be read any more
  EXPECT_FALSE(differs(stamp(1000, 0), stamp(1000, 5)));
}

class PendingChanges : public testing::Test {
 protected:
  void add(Kind kind, Stamp before, Stamp after) {
    now_ += 1s;
    pending_.add({{kind, "a", before, after}}, now_);
  }
  Pending pending_;
  TimePoint now_{};
};

TEST_F(PendingChanges, AreNoneWhenAFileIsPutBack) {
  add(Kind::modified, stamp(1), stamp(2));
  EXPECT_FALSE(pending_.empty());
  add(Kind::modified, stamp(2), stamp(1));
  EXPECT_TRUE(pending_.empty());
}

TEST_F(PendingChanges, AreNoneWhenAFileAppearsAndVanishes) {
  add(Kind::appeared, {}, stamp(1));
  add(Kind::modified, stamp(1), stamp(2));
  add(Kind::vanished, stamp(2), {});
  EXPECT_TRUE(pending_.empty());
}

TEST_F(PendingChanges, AddUpToOneOfEachFile) {
  add(Kind::vanished, stamp(1), {});
  EXPECT_EQ(pending_.items().at("a").missing_since, Deadline(now_));
  add(Kind::appeared, {}, stamp(2));
  EXPECT_EQ(pending_.items().at("a").missing_since, std::nullopt);
  add(Kind::modified, stamp(2), stamp(3));
  EXPECT_EQ(pending_.last() - pending_.first(), 2s);
  const Changes all = pending_.take();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].kind, Kind::modified);
  EXPECT_EQ(all[0].before, stamp(1));
  EXPECT_EQ(all[0].after, stamp(3));
  EXPECT_TRUE(pending_.empty());
}

TEST_F(PendingChanges, AreMissedAsLongAsBytesThatCountAre) {
  add(Kind::modified, stamp(1, 5), stamp(2, 6, 0));
  EXPECT_EQ(pending_.items().at("a").missing_since, Deadline(now_));
  add(Kind::modified, stamp(2, 6, 0), stamp(3, 6, 0));
  EXPECT_EQ(pending_.items().at("a").missing_since, Deadline(now_)) << "truncated once more";
  add(Kind::modified, stamp(3, 6, 0), stamp(4, 7));
  EXPECT_EQ(pending_.items().at("a").missing_since, std::nullopt);
}

TEST_F(PendingChanges, OfAFileThatAppearedStayThat) {
  add(Kind::appeared, {}, stamp(1));
  add(Kind::modified, stamp(1), stamp(2));
  EXPECT_EQ(pending_.take()[0].kind, Kind::appeared);
}

TEST_F(PendingChanges, OfAFileThatVanishedInTheEnd) {
  add(Kind::modified, stamp(1), stamp(2));
  add(Kind::vanished, stamp(2), {});
  const Change change = pending_.take()[0];
  EXPECT_EQ(change.kind, Kind::vanished);
  EXPECT_EQ(change.before, stamp(1));
}

}  // namespace
}  // namespace reloadrun::watch
