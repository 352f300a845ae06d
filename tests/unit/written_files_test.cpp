// What builds have written, and what of it is accounted for.

#include "app/written_files.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <set>
#include <string>

namespace reloadrun::app {
namespace {

class WrittenFilesTest : public testing::Test {
 protected:
  static FileIdentity number(const std::string& directory) {
    return {1, std::hash<std::string>()(directory), 0};
  }
  /// A file that is not there, with all the directories around it.
  static KnownFile at(const std::string& path) {
    KnownFile file{path, {}};
    for (std::string part = path; !name_in(part).empty(); part = directory_around(part)) {
      file.keys.push_back({number(directory_around(part)), std::string(name_in(part))});
    }
    return file;
  }
  /// What a call names: its directory, and nothing around that.
  static KnownFile named(const std::string& path) {
    KnownFile file = at(path);
    file.keys.resize(1);
    return file;
  }
  static KnownFile with(KnownFile file, FileIdentity identity) {
    file.keys.push_back({identity, ""});
    return file;
  }

  std::set<pid_t> on_their_way;
  std::set<std::string> open;
  std::chrono::milliseconds in_user_mode{0};
  WrittenFiles files{{[this](pid_t thread) {
                        return WrittenFiles::Thread{on_their_way.contains(thread), in_user_mode};
                      },
                      [this](const std::string& path) { return open.contains(path); }}};
};

TEST_F(WrittenFilesTest, AFileIsItsLastWrite) {
  EXPECT_EQ(files.of(at("/a")).last, 0U);
  files.note(named("/a"), 7);
  files.note(named("/b"), 7);
  files.note(named("/a"), 7);
  EXPECT_EQ(files.of(at("/a")).last, 3U);
  EXPECT_EQ(files.of(at("/b")).last, 2U);
  EXPECT_EQ(files.of(at("/ab")).last, 0U);
}

TEST_F(WrittenFilesTest, ADirectoryStandsForAllBelowIt) {
  files.note(named("/x/dist"), 7);
  EXPECT_EQ(files.of(at("/x/dist/js/a.js")).last, 1U);
  EXPECT_EQ(files.of(at("/x/distant")).last, 0U);
  files.account("/x/dist/js/a.js", 1);
  EXPECT_EQ(files.of(at("/x/dist/js/a.js")).last, 0U);
  EXPECT_EQ(files.of(at("/x/dist/js/b.js")).last, 1U);
}

TEST_F(WrittenFilesTest, WhatIsWrittenAfterItWasAccountedForIsNot) {
  files.note(named("/a"), 7);
  files.note(named("/a"), 7);
  files.account("/a", 1);
  EXPECT_EQ(files.of(at("/a")).last, 2U);
  files.account("/a", 2);
  EXPECT_EQ(files.of(at("/a")).last, 0U);
  files.note(named("/a"), 7);
  EXPECT_EQ(files.of(at("/a")).last, 3U);
}

TEST_F(WrittenFilesTest, AWriteIsDoneWhenAllItsThreadsArePastIt) {
  on_their_way = {7, 8};
  files.note(named("/a"), 7);
  files.note(named("/a"), 8);
  EXPECT_FALSE(files.of(at("/a")).done);
  on_their_way.erase(8);
  EXPECT_FALSE(files.of(at("/a")).done);
  on_their_way.erase(7);
  EXPECT_TRUE(files.of(at("/a")).done);
  on_their_way = {7};  // in another call by now
  EXPECT_TRUE(files.of(at("/a")).done);
}

TEST_F(WrittenFilesTest, AThreadThatComputesIsPastItsWrite) {
  on_their_way = {7};
  in_user_mode = std::chrono::hours(1);
  files.note(named("/a"), 7);
  EXPECT_FALSE(files.of(at("/a")).done);
  in_user_mode += WrittenFiles::surely_past - std::chrono::milliseconds(1);
  EXPECT_FALSE(files.of(at("/a")).done);
  files.note(named("/b"), 7);
  in_user_mode += std::chrono::milliseconds(1);
  EXPECT_TRUE(files.of(at("/a")).done);
  EXPECT_FALSE(files.of(at("/b")).done);
}

TEST_F(WrittenFilesTest, AllAreAccountedForButWhatIsUnderWay) {
  on_their_way = {8};
  open = {"/log"};
  files.note(named("/a"), 7);
  files.note(named("/log"), 7);
  files.note(named("/slow"), 8);
  const auto settled = files.settle();
  files.note(named("/later"), 7);
  open.clear();  // too late: its last words may not be seen
  files.account_all(settled);
  EXPECT_EQ(files.of(at("/a")).last, 0U);
  EXPECT_EQ(files.of(at("/log")).last, 2U);
  EXPECT_EQ(files.of(at("/slow")).last, 3U);
  EXPECT_EQ(files.of(at("/later")).last, 4U);
}

TEST_F(WrittenFilesTest, AFileIsTheSameUnderAnyOfItsNames) {
  const FileIdentity file{1, 7, 70};
  files.note(with(named("/a"), file), 7);
  EXPECT_EQ(files.of(with(at("/x/other"), file)).last, 1U);
  EXPECT_EQ(files.of(with(at("/x/another"), {1, 7, 71})).last, 0U);  // it has got the number since
  EXPECT_EQ(files.of(with(at("/a"), {1, 8, 80})).last, 1U);          // put in its place
  files.account("/x/other", 1);
  EXPECT_EQ(files.of(with(at("/x/other"), file)).last, 0U);
  EXPECT_EQ(files.of(with(at("/a"), file)).last, 1U);
}

TEST_F(WrittenFilesTest, ADirectoryIsTheSameByAnyPath) {
  KnownFile elsewhere = named("/x/a");
  elsewhere.path = "/mnt/a";
  files.note(elsewhere, 7);
  EXPECT_EQ(files.of(at("/x/a")).last, 1U);
  EXPECT_EQ(files.of(at("/mnt/a")).last, 0U);  // another file, here
}

TEST_F(WrittenFilesTest, AFileWithoutAPathHereIsNotAskedFor) {
  open = {"", "/x/log"};
  KnownFile unreachable = named("/x/a");
  unreachable.path.clear();
  files.note(unreachable, 7);
  files.note(with(named("/x/log"), {1, 7, 70}), 7);
  files.account_all(files.settle());
  EXPECT_EQ(files.of(at("/x/a")).last, 0U);
  EXPECT_EQ(files.of(at("/x/log")).last, 2U);
  EXPECT_EQ(files.of(with(at("/other"), {1, 7, 70})).last, 2U);
}

// Until then it may be found again, by whoever looks.
TEST_F(WrittenFilesTest, WhatIsAccountedForStaysSoWhileItsWriteIsKnown) {
  open = {"/dist"};
  files.note(named("/dist"), 7);
  files.note(named("/done"), 7);
  files.account("/dist/a", 1);
  files.account_all(files.settle());
  EXPECT_EQ(files.of(at("/dist/a")).last, 0U);
  EXPECT_EQ(files.of(at("/dist/b")).last, 1U);
}

// The end of a build is told while a look goes on that began before it.
TEST_F(WrittenFilesTest, WhatIsFoundAtItsEndLaterWasNotSeenByAnEarlierLook) {
  on_their_way = {8};
  files.note(named("/slow"), 8);
  const auto before_the_look = files.settle();
  on_their_way.clear();
  const auto at_the_end = files.settle();
  files.account_all(before_the_look);
  EXPECT_EQ(files.of(at("/slow")).last, 1U);
  files.account_all(at_the_end);
  EXPECT_EQ(files.of(at("/slow")).last, 0U);
  EXPECT_EQ(files.settle(), 0U);
}

}  // namespace
}  // namespace reloadrun::app
