// Looks that go where inotify's hints lead, and turns for what it does not see.

#include "watch/hints.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <set>
#include <sstream>

#include "helpers/processes.hpp"
#include "unit/looking.hpp"

namespace reloadrun::watch {
namespace {

class HintedLook : public Look {
 protected:
  /// Sets a directory's time so far back that its listing is trusted.
  static void age(const fs::path& directory) {
    fs::last_write_time(directory, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  Hints hints_;
};

TEST_F(HintedLook, SeesFilesMadeWrittenAndRemoved) {
  Eyes eyes({}, {}, &hints_);
  write("a");
  EXPECT_EQ(eyes.hinted(), "+a");
  write("a", "longer");
  EXPECT_EQ(eyes.hinted(), "~a");
  fs::remove("a");
  EXPECT_EQ(eyes.hinted(), "-a");
  EXPECT_EQ(eyes.hinted(), "");
  EXPECT_EQ(eyes.changes(), "");
}

TEST_F(HintedLook, SeesFilesRenamed) {
  write("a", "1");
  write("sub/b", "22");
  Eyes eyes({}, {}, &hints_);
  fs::rename("a", "c");
  EXPECT_EQ(eyes.hinted(), "-a +c");
  fs::rename("c", "sub/b");
  EXPECT_EQ(eyes.hinted(), "-c ~sub/b");
  fs::rename("sub/b", place_.beside("out"));
  EXPECT_EQ(eyes.hinted(), "-sub/b");
  fs::rename(place_.beside("out"), "in");
  EXPECT_EQ(eyes.hinted(), "+in");
}

TEST_F(HintedLook, SeesDirectoriesRenamed) {
  write("a/b/f");
  Eyes eyes({}, {}, &hints_);
  fs::rename("a", "c");
  EXPECT_EQ(eyes.hinted(), "-a/b/f +c/b/f");
  write("c/b/g");
  EXPECT_EQ(eyes.hinted(), "+c/b/g");
  fs::rename("c", place_.beside("out"));
  EXPECT_EQ(eyes.hinted(), "-c/b/f -c/b/g");
  write(place_.beside("out") / "b/h");
  EXPECT_EQ(eyes.hinted(), "");
  fs::rename(place_.beside("out"), "in");
  EXPECT_EQ(eyes.hinted(), "+in/b/f +in/b/g +in/b/h");
  write("in/b/i");
  EXPECT_EQ(eyes.hinted(), "+in/b/i");
}

TEST_F(HintedLook, SeesTwoDirectoriesThatChangePlaces) {
  write("a/one", "1");
  write("b/two", "22");
  Eyes eyes({}, {}, &hints_);
  ASSERT_EQ(::renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE), 0);
  EXPECT_EQ(eyes.hinted(), "-a/one +a/two +b/one -b/two");
  write("a/three");
  write("b/four");
  EXPECT_EQ(eyes.hinted(), "+a/three +b/four");
}

TEST_F(HintedLook, SeesDeepDirectoriesMadeAtOnce) {
  Eyes eyes({}, {}, &hints_);
  write("a/b/c/f");
  EXPECT_EQ(eyes.hinted(), "+a/b/c/f");
  write("a/b/g");
  write("a/b/c/f", "longer");
  EXPECT_EQ(eyes.hinted(), "~a/b/c/f +a/b/g");
  EXPECT_EQ(eyes.changes(), "");
}

TEST_F(HintedLook, SeesADirectoryRemovedAndMadeAgain) {
  write("d/old");
  Eyes eyes({}, {}, &hints_);
  fs::remove_all("d");
  write("d/new");  // in a directory of the same inode, on some file systems
  EXPECT_EQ(eyes.hinted(), "+d/new -d/old");
  write("d/newer");
  EXPECT_EQ(eyes.hinted(), "+d/newer");
}

TEST_F(HintedLook, SeesItsRootReplaced) {
  write("src/old");
  Eyes eyes(roots({"src"}), {}, &hints_);
  fs::remove_all("src");
  write("src/new");
  EXPECT_EQ(eyes.hinted(), "+src/new -src/old");
  write("src/newer");
  EXPECT_EQ(eyes.hinted(), "+src/newer");
  fs::rename("src", "away");
  EXPECT_EQ(eyes.hinted(), "-src/new -src/newer");
  EXPECT_EQ(eyes.looker.take_warnings(), Warnings{"'src' is gone: waiting for it to come back"});
  write("away/new", "longer");
  EXPECT_EQ(eyes.hinted(), "");
  fs::rename("away", "src");
  EXPECT_EQ(eyes.hinted(), "+src/new +src/newer");
  write("src/newest");
  EXPECT_EQ(eyes.hinted(), "+src/newest");
}

TEST_F(HintedLook, SeesItsRootMadeAFileAndADirectoryAgain) {
  write("src/a");
  Eyes eyes(roots({"src"}), {}, &hints_);
  fs::remove_all("src");
  write("src");
  EXPECT_EQ(eyes.hinted(), "+src -src/a");
  fs::remove("src");
  write("src/b");
  EXPECT_EQ(eyes.hinted(), "-src +src/b");
}

TEST_F(HintedLook, SeesARootThatIsALinkLeadElsewhere) {
  write("one/a", "1");
  write("two/a", "22");
  fs::create_directory_symlink("one", "src");
  Eyes eyes(roots({"src"}), {}, &hints_);
  fs::create_directory_symlink("two", "other");
  fs::rename("other", "src");
  EXPECT_EQ(eyes.hinted(), "~src/a");
  write("two/b");
  EXPECT_EQ(eyes.hinted(), "+src/b");
  write("one/b");
  EXPECT_EQ(eyes.hinted(), "");
}

TEST_F(HintedLook, SeesItsRootWithinAnotherRootAgain) {
  write(".gitignore", "*.tmp\n");
  write("src/a");
  Eyes eyes(roots({".", "src"}), {}, &hints_);
  fs::remove_all("src");
  EXPECT_EQ(eyes.hinted(), "-src/a");
  write("src/b");
  EXPECT_EQ(eyes.hinted(), "+src/b");
  write(".gitignore", "src/\n");  // says nothing about a root
  eyes.hinted();
  write("src/c");
  EXPECT_EQ(eyes.hinted(), "+src/c");
  EXPECT_EQ(eyes.paths(), (Paths{".gitignore", "src/b", "src/c"}));
}

TEST_F(HintedLook, SeesItsWorkingDirectoryRemoved) {
  for (Hints* by : {&hints_, static_cast<Hints*>(nullptr)}) {
    fs::current_path(place_.work());
    write("d/a");
    fs::current_path("d");
    Eyes eyes({}, {}, by);
    fs::remove_all(place_.work() / "d");
    EXPECT_EQ(eyes.turn(), "-a");
    EXPECT_EQ(eyes.turn(), "");
    write(place_.work() / "d/a");
    EXPECT_EQ(eyes.turn(), "");
    fs::current_path(place_.work() / "d");
    EXPECT_EQ(eyes.turn(), "+a");
    write("a", "longer");
    EXPECT_EQ(by != nullptr ? eyes.hinted() : eyes.turn(), "~a");
  }
}

TEST_F(HintedLook, SeesTheDirectoryAroundItsRootRenamed) {
  write("a/src/f");
  Eyes eyes(roots({"a/src"}), {}, &hints_);
  fs::rename("a", "b");
  EXPECT_EQ(eyes.hinted(), "-a/src/f");
  fs::rename("b", "a");
  EXPECT_EQ(eyes.turn(Duration::zero()), "+a/src/f");  // nothing told of this
  write("a/src/g");
  EXPECT_EQ(eyes.hinted(), "+a/src/g");
}

TEST_F(HintedLook, SeesARootBehindALinkThatLeadsElsewhere) {
  write("one/src/a", "1");
  write("two/src/a", "22");
  fs::create_directory_symlink("one", "current");
  Eyes eyes(roots({"current/src"}), {}, &hints_);
  fs::create_directory_symlink("two", "other");
  fs::rename("other", "current");
  EXPECT_EQ(eyes.hinted(), "");
  EXPECT_EQ(eyes.turn(Duration::zero()), "~current/src/a");
  write("two/src/b");
  EXPECT_EQ(eyes.hinted(), "+current/src/b");
}

TEST_F(HintedLook, SeesAFileBecomeADirectoryAndBack) {
  write("thing");
  Eyes eyes({}, {}, &hints_);
  fs::remove("thing");
  write("thing/inside");
  EXPECT_EQ(eyes.hinted(), "-thing +thing/inside");
  fs::remove_all("thing");
  write("thing");
  EXPECT_EQ(eyes.hinted(), "+thing -thing/inside");
  fs::remove("thing");
  ASSERT_EQ(::mkfifo("thing", 0600), 0);
  EXPECT_EQ(eyes.hinted(), "-thing");
}

TEST_F(HintedLook, SeesThroughLinksInTurns) {
  write("real/file");
  write(place_.beside("far"));
  fs::create_symlink("real/file", "near-link");
  fs::create_symlink(place_.beside("far"), "far-link");
  age(".");
  Eyes eyes({}, {}, &hints_);
  write("real/file", "longer");
  write(place_.beside("far"), "longer");
  EXPECT_EQ(eyes.hinted(), "~real/file");
  EXPECT_EQ(eyes.turn(Duration::zero()), "~far-link ~near-link");
  fs::remove("near-link");
  fs::create_symlink(place_.beside("far"), "near-link");
  EXPECT_EQ(eyes.hinted(), "~near-link");
}

TEST_F(HintedLook, SeesWhereADanglingLinkLeadsWhenItIsThere) {
  fs::create_symlink(place_.beside("far"), "link");
  age(".");
  Eyes eyes({}, {}, &hints_);
  for (int time = 0; time < 2; ++time) {
    write(place_.beside("far"), "here");
    EXPECT_EQ(eyes.turn(Duration::zero()), "+link");
    fs::remove(place_.beside("far"));
    EXPECT_EQ(eyes.turn(Duration::zero()), "-link");
    EXPECT_EQ(eyes.turn(Duration::zero()), "");
  }
}

TEST_F(HintedLook, SeesWritingByAnotherNameInTurns) {
  write("a");
  fs::create_hard_link("a", place_.beside("outside"));
  Eyes eyes({}, {}, &hints_);
  write(place_.beside("outside"), "longer");
  EXPECT_EQ(eyes.hinted(), "");
  EXPECT_EQ(eyes.turn(Duration::zero()), "~a");
}

TEST_F(HintedLook, TakesReadingAndRightsForNoChange) {
  write("d/a", "text");
  Eyes eyes({}, {}, &hints_);
  EXPECT_EQ(test::content_of("d/a"), "text");
  fs::permissions("d/a", fs::perms::owner_read);
  fs::permissions("d", fs::perms::owner_all);
  fs::permissions(".", fs::perms::owner_all);
  fs::create_directory("empty");
  fs::remove("empty");
  EXPECT_EQ(eyes.hinted(), "");
  write("d/b");  // still watched
  EXPECT_EQ(eyes.hinted(), "+d/b");
}

TEST_F(HintedLook, NamesOddNamesOneByOne) {
  const Paths names{std::string(255, 'n'), "\xff\xfe", " ", "-w", "new\nline", "*", "a\\b"};
  Eyes eyes({}, {}, &hints_);
  for (const auto& name : names) {
    write(name);
    EXPECT_EQ(eyes.hinted(), "+" + name);
    write("d/" + name);
    EXPECT_EQ(eyes.hinted(), "+d/" + name);
  }
}

/// More events than inotify keeps.
void overflow(const fs::path& directory) {
  const auto most = std::stoi(test::content_of("/proc/sys/fs/inotify/max_queued_events"));
  for (int i = 0; i < most; i += 2) {
    // Other names one after another: the same event at the queue's end would be merged.
    fs::create_directory(directory / ("x" + std::to_string(i % 4)));
    fs::remove(directory / ("x" + std::to_string(i % 4)));
  }
}

TEST_F(HintedLook, LooksAtEverythingAfterAnOverflow) {
  write("d/a");
  write("e/b");
  Eyes eyes({}, {}, &hints_);
  overflow(".");
  write("d/a", "longer");
  write("e/f/g");
  EXPECT_EQ(eyes.hinted(), "~d/a +e/f/g");
  write("e/f/h");
  EXPECT_EQ(eyes.hinted(), "+e/f/h");
}

TEST_F(HintedLook, WatchesADirectoryAgainWhoseEndWasLostInAnOverflow) {
  write("d/a");
  Eyes eyes({}, {}, &hints_);
  overflow(".");
  struct stat before {};
  struct stat after {};
  ASSERT_EQ(::stat("d", &before), 0);
  fs::remove_all("d");
  write("d/a", "longer");
  ASSERT_EQ(::stat("d", &after), 0);
  EXPECT_EQ(eyes.hinted(), "~d/a");
  write("d/b");
  EXPECT_EQ(eyes.hinted(), "+d/b") << "the same inode: " << (before.st_ino == after.st_ino);
}

TEST_F(HintedLook, LooksInTurnsAtWhatItMayNotWatch) {
  for (const char* name : {"a/1", "b/2", "c/3", "d/4"}) write(name);
  Hints few(3);
  Eyes eyes({}, {}, &few);
  EXPECT_EQ(few.count(), 3U);
  EXPECT_TRUE(few.exhausted());
  for (const char* name : {"a/1", "b/2", "c/3", "d/4"}) write(name, "longer");
  std::stringstream both(eyes.hinted() + " " + eyes.turn(Duration::zero()));
  std::set<std::string> seen;
  for (std::string word; both >> word;) EXPECT_TRUE(seen.insert(word).second) << word;
  EXPECT_EQ(seen, (std::set<std::string>{"~a/1", "~b/2", "~c/3", "~d/4"}));
  fs::remove_all("a");
  fs::remove_all("b");
  fs::remove_all("c");
  eyes.hinted();
  EXPECT_EQ(eyes.turn(Duration::zero()) + eyes.turn(Duration::zero()), "");
  EXPECT_EQ(few.count(), 2U);  // a watch that has become free is used
  write("d/4", "longer still");
  EXPECT_EQ(eyes.hinted(), "~d/4");
}

TEST_F(HintedLook, LooksIntoWhatItMayNotReadOnceItMay) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs a process without rights beside one with them";
  fs::permissions(place_.beside(""), fs::perms::all);
  constexpr unsigned nobody = 65534;
  ASSERT_EQ(::chown(".", nobody, nobody), 0);
  for (const bool with_hints : {true, false}) {
    EXPECT_TRUE(test::in_child_without_rights([&] {
      write("closed/a");
      write("open/b");
      fs::permissions("closed", fs::perms::none);
      age(".");
      Hints hints;
      Eyes eyes({}, {}, with_hints ? &hints : nullptr);
      std::string told;
      for (const std::string& line : eyes.looker.take_warnings()) told += line;
      told += "; " + eyes.turn();
      for (const std::string& line : eyes.looker.take_warnings()) told += line;
      fs::permissions("closed", fs::perms::owner_all);
      told += "; " + (with_hints ? eyes.hinted() : eyes.turn());
      fs::permissions("closed", fs::perms::none);
      told += "; " + (with_hints ? eyes.hinted() : eyes.turn());
      fs::permissions("closed", fs::perms::owner_all);
      fs::remove_all("closed");
      const bool right = told ==
                         "cannot look into 'closed' (Permission denied): nothing in it is watched"
                         "; ; +closed/a; -closed/a";
      if (!right) std::cerr << told << '\n';
      return right;
    })) << "with hints: "
        << with_hints;
    fs::remove_all("open");
  }
}

TEST_F(HintedLook, LooksInATurnAtWhatIsNotCoveredFirst) {
  write("covered/a");
  write("linked/b");
  fs::create_hard_link("linked/b", place_.beside("outside"));
  Eyes eyes({}, {}, &hints_);
  write("covered/a", "longer");
  write(place_.beside("outside"), "longer");
  EXPECT_EQ(eyes.turn(Duration::zero()), "~linked/b");
  EXPECT_EQ(eyes.turn(), "~covered/a");
}

TEST_F(HintedLook, GivesEachDirectoryItsTurnOnceARound) {
  constexpr int directories = 400;
  for (int i = 0; i < directories; ++i) write("d" + std::to_string(i) + "/f");
  Eyes eyes({}, {}, &hints_);
  for (int i = 0; i < directories; ++i) write("d" + std::to_string(i) + "/f", "longer");
  int turns = 0;
  std::set<std::string> seen;
  for (; seen.size() < directories && turns < 100'000; ++turns) {
    std::stringstream changes(eyes.turn(std::chrono::microseconds(50)));
    for (std::string word; changes >> word;) EXPECT_TRUE(seen.insert(word).second) << word;
  }
  EXPECT_EQ(seen.size(), directories);
  EXPECT_GT(turns, 5);  // none costs 10 times its budget
  EXPECT_EQ(eyes.turn(), "");
}

TEST_F(HintedLook, KeepsToItsBudgetInTheLongRun) {
  for (int i = 0; i < 50; ++i) write("d" + std::to_string(i) + "/f");
  write("zzz/f");
  Eyes eyes({}, {}, &hints_);
  write("zzz/f", "longer");
  // So small that the first directory of a turn costs more: it is saved by the turns that follow.
  int turns = 0;
  while (turns < 1'000'000 && eyes.turn(std::chrono::nanoseconds(500)).empty()) ++turns;
  EXPECT_GT(turns, 50);
  EXPECT_LT(turns, 1'000'000);
}

}  // namespace
}  // namespace reloadrun::watch
