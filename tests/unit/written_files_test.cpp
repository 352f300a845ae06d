// What builds have written, and what of it is accounted for.

#include "app/written_files.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

namespace reloadrun::app {
namespace {

class WrittenFilesTest : public testing::Test {
 protected:
  std::set<pid_t> on_their_way;
  std::set<std::string> open;
  std::chrono::milliseconds in_user_mode{0};
  WrittenFiles files{{[this](pid_t thread) {
                        return WrittenFiles::Thread{on_their_way.contains(thread), in_user_mode};
                      },
                      [this](const std::string& path) { return open.contains(path); }}};
};

TEST_F(WrittenFilesTest, AFileIsItsLastWrite) {
  EXPECT_EQ(files.of("/a").last, 0U);
  files.note("/a", 7);
  files.note("/b", 7);
  files.note("/a", 7);
  EXPECT_EQ(files.of("/a").last, 3U);
  EXPECT_EQ(files.of("/b").last, 2U);
  EXPECT_EQ(files.of("/ab").last, 0U);
}

TEST_F(WrittenFilesTest, ADirectoryStandsForAllBelowIt) {
  files.note("/x/dist", 7);
  EXPECT_EQ(files.of("/x/dist/js/a.js").last, 1U);
  EXPECT_EQ(files.of("/x/distant").last, 0U);
  files.account("/x/dist/js/a.js", 1);
  EXPECT_EQ(files.of("/x/dist/js/a.js").last, 0U);
  EXPECT_EQ(files.of("/x/dist/js/b.js").last, 1U);
}

TEST_F(WrittenFilesTest, WhatIsWrittenAfterItWasAccountedForIsNot) {
  files.note("/a", 7);
  files.note("/a", 7);
  files.account("/a", 1);
  EXPECT_EQ(files.of("/a").last, 2U);
  files.account("/a", 2);
  EXPECT_EQ(files.of("/a").last, 0U);
  files.note("/a", 7);
  EXPECT_EQ(files.of("/a").last, 3U);
}

TEST_F(WrittenFilesTest, AWriteIsDoneWhenAllItsThreadsArePastIt) {
  on_their_way = {7, 8};
  files.note("/a", 7);
  files.note("/a", 8);
  EXPECT_FALSE(files.of("/a").done);
  on_their_way.erase(8);
  EXPECT_FALSE(files.of("/a").done);
  on_their_way.erase(7);
  EXPECT_TRUE(files.of("/a").done);
  on_their_way = {7};  // in another call by now
  EXPECT_TRUE(files.of("/a").done);
}

TEST_F(WrittenFilesTest, AThreadThatComputesIsPastItsWrite) {
  on_their_way = {7};
  in_user_mode = std::chrono::hours(1);
  files.note("/a", 7);
  EXPECT_FALSE(files.of("/a").done);
  in_user_mode += WrittenFiles::surely_past - std::chrono::milliseconds(1);
  EXPECT_FALSE(files.of("/a").done);
  files.note("/b", 7);
  in_user_mode += std::chrono::milliseconds(1);
  EXPECT_TRUE(files.of("/a").done);
  EXPECT_FALSE(files.of("/b").done);
}

TEST_F(WrittenFilesTest, AllAreAccountedForButWhatIsUnderWay) {
  on_their_way = {8};
  open = {"/log"};
  files.note("/a", 7);
  files.note("/log", 7);
  files.note("/slow", 8);
  const auto settled = files.settle();
  files.note("/later", 7);
  open.clear();  // too late: its last words may not be seen
  files.account_all(settled);
  EXPECT_EQ(files.of("/a").last, 0U);
  EXPECT_EQ(files.of("/log").last, 2U);
  EXPECT_EQ(files.of("/slow").last, 3U);
  EXPECT_EQ(files.of("/later").last, 4U);
}

// The end of a build is told while a look goes on that began before it.
TEST_F(WrittenFilesTest, WhatIsFoundAtItsEndLaterWasNotSeenByAnEarlierLook) {
  on_their_way = {8};
  files.note("/slow", 8);
  const auto before_the_look = files.settle();
  on_their_way.clear();
  const auto at_the_end = files.settle();
  files.account_all(before_the_look);
  EXPECT_EQ(files.of("/slow").last, 1U);
  files.account_all(at_the_end);
  EXPECT_EQ(files.of("/slow").last, 0U);
  EXPECT_EQ(files.settle(), 0U);
}

}  // namespace
}  // namespace reloadrun::app
