// Files that are written twice within one tick of the clock, the size the same: the second time,
// stat() tells of nothing. Clocks tick differently, so the mtime is put back here.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <chrono>

#include "unit/looking.hpp"
#include "watch/pending.hpp"

namespace reloadrun::watch {
namespace {

using namespace std::chrono_literals;

class Racy : public Look {
 protected:
  static timespec mtime_of(const fs::path& file) {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return status.st_mtim;
  }
  static void set_mtime(const fs::path& file, const timespec& mtime) {
    const std::array times{timespec{0, UTIME_OMIT}, mtime};
    EXPECT_EQ(::utimensat(AT_FDCWD, file.c_str(), times.data(), 0), 0);
  }
  /// Writes again, in the tick that the file has.
  static void write_in_its_tick(const fs::path& file, const std::string& content) {
    const timespec before = mtime_of(file);
    write(file, content);
    set_mtime(file, before);
  }
  static const File& file_of(const Eyes& eyes, const std::string& name) {
    for (const File& file : eyes.snapshot.directories.find(".")->second.files) {
      if (std::string_view(file.name) == name) return file;
    }
    throw std::out_of_range(name);
  }
  /// Writes, and looks within the tick, however busy the machine is.
  static void look_within_the_tick(Eyes& eyes, const std::string& content) {
    do {
      write("a", content);
      eyes.hints != nullptr ? eyes.hinted() : eyes.turn();
    } while (!file_of(eyes, "a").seen.racy);
  }
  static void age(const fs::path& file) { set_mtime(file, {1'000'000'000, 0}); }

  Hints hints_;
};

TEST_F(Racy, AWriteThatHintsTellOfIsAChange) {
  write("a", "zero");
  Eyes eyes({}, {}, &hints_);
  look_within_the_tick(eyes, "one!");
  write_in_its_tick("a", "two!");
  EXPECT_EQ(eyes.hinted(), "~a");
  EXPECT_EQ(eyes.hinted(), "");
}

TEST_F(Racy, IsWhatALaterLookHasFoundTheSame) {
  write("a", "zero");
  Eyes eyes({}, {}, &hints_);
  look_within_the_tick(eyes, "one!");
  write_in_its_tick("a", "two!");
  const TimePoint long_over = Clock::now() + 3 * clock_tick;
  while (Clock::now() < long_over) EXPECT_EQ(eyes.turn(), "");  // the hint is not read meanwhile
  EXPECT_EQ(eyes.hinted(), "~a");
}

TEST_F(Racy, IsNoChangeWithoutAWrite) {
  write("a", "zero");
  Eyes eyes({}, {}, &hints_);
  look_within_the_tick(eyes, "one!");
  fs::permissions("a", fs::perms::owner_all);
  EXPECT_EQ(eyes.hinted(), "");
}

TEST_F(Racy, IsComparedByItsBytesWithContent) {
  Options options;
  options.content = true;
  write("a", "zero");
  Eyes eyes(options, {}, &hints_);
  look_within_the_tick(eyes, "one!");
  write_in_its_tick("a", "two!");
  EXPECT_EQ(eyes.hinted(), "~a");
  look_within_the_tick(eyes, "one!");
  write_in_its_tick("a", "one!");
  EXPECT_EQ(eyes.hinted(), "");
}

TEST_F(Racy, IsAlsoAFileThatIsNamed) {
  write("a", "zero");
  Eyes eyes(roots({"a"}), {}, &hints_);
  const auto racy = [&eyes] {
    return eyes.snapshot.directories.find(".")->second.named[0].seen->racy;
  };
  do {
    write("a", "one!");
    eyes.hinted();
  } while (!racy());
  write_in_its_tick("a", "two!");
  EXPECT_EQ(eyes.hinted(), "~a");
}

TEST_F(Racy, HasItsTickWaitedOutWhereNoHintTells) {
  for (Hints* const hints : {static_cast<Hints*>(nullptr), &hints_}) {
    write("a", "zero");
    age("a");
    Eyes eyes({}, {}, hints);
    EXPECT_EQ(eyes.looker.tick_over_at(), TimePoint{});
    look_within_the_tick(eyes, "one!");
    const TimePoint over_at = eyes.looker.tick_over_at();
    if (hints == nullptr) {
      EXPECT_GT(over_at, TimePoint{});
      EXPECT_LE(over_at, Clock::now() + clock_tick);
    } else {
      EXPECT_EQ(over_at, TimePoint{});
    }
  }
}

/// Files whose mtime and size are put back after a write, as `cp -p` does: their ctime tells.
class PutBack : public Racy {
 protected:
  PutBack() {
    write("a", "one");
    age("a");
  }
  /// Another three bytes, with the old mtime.
  static void write_and_put_back(const std::string& content) {
    test::let_change_time_pass();
    write("a", content);
    age("a");
  }
  /// Everything that changes the ctime of a file and not a byte of it.
  static void do_anything_but_write() {
    test::let_change_time_pass();
    fs::permissions("a", fs::perms::owner_all);
    fs::create_hard_link("a", "../other");
    fs::remove("../other");
    fs::rename("a", "../b");
    fs::rename("../b", "a");
    const Fd open(::open("a", O_WRONLY | O_CLOEXEC));  // as touch -d does
    const timespec old{1'000'000'000, 0};
    const std::array both{old, old};  // one alone is told as a write, or as a read
    EXPECT_EQ(::futimens(open.get(), both.data()), 0);
  }
  static Options by_content() {
    Options options;
    options.content = true;
    return options;
  }
};

TEST_F(PutBack, IsAChangeThatHintsTellOf) {
  for (const Options& options : {Options(), by_content(), roots({"a"})}) {
    write_and_put_back("one");
    Eyes eyes(options, {}, &hints_);
    write_and_put_back("two");
    EXPECT_EQ(eyes.hinted(), "~a");
    do_anything_but_write();
    EXPECT_EQ(eyes.hinted(), "");
    write_and_put_back("six");
    EXPECT_EQ(eyes.hinted(), "~a");
    EXPECT_EQ(eyes.hinted(), "");
  }
}

TEST_F(PutBack, IsAChangeWhateverALookHasSeenBeforeItsHint) {
  Eyes eyes({}, {}, &hints_);
  write_and_put_back("two");
  EXPECT_EQ(eyes.turn(), "");
  EXPECT_EQ(eyes.hinted(), "~a");
  EXPECT_EQ(eyes.hinted(), "");
}

/// Where hints lead, look by look, joined into what is pending.
struct Following {
  explicit Following(Hints& hints) : eyes({}, {}, &hints) {}
  void look() {
    Changes found;
    eyes.looker.follow(eyes.hints->read(), &found);
    pending.add(found, {});
  }

  Eyes eyes;
  Pending pending;
};

TEST_F(PutBack, IsAChangeWhateverHintsHaveToldOfHalfOfIt) {
  Following following(hints_);
  test::let_change_time_pass();
  Fd open(::open("a", O_WRONLY | O_TRUNC | O_CLOEXEC));
  following.look();
  ASSERT_EQ(::write(open.get(), "two", 3), 3);
  following.look();
  age("a");
  open = Fd();
  following.look();
  EXPECT_EQ(following.pending.paths(), Paths{"a"});
}

TEST_F(PutBack, IsAChangeOfAFileThatWasRemoved) {
  Following following(hints_);
  fs::remove("a");
  following.look();
  write_and_put_back("two");  // the inode may be the same again
  following.look();
  EXPECT_EQ(following.pending.paths(), Paths{"a"});
}

TEST_F(PutBack, IsNoneWhenTheFileItselfIs) {
  Following following(hints_);
  fs::rename("a", "a~");
  following.look();
  write("a", "two");
  following.look();
  fs::rename("a~", "a");
  following.look();
  EXPECT_EQ(following.pending.paths(), Paths{});
}

TEST_F(PutBack, IsSeenByCtimeWhereBytesCount) {
  Eyes eyes(by_content());
  for (const std::string content : {"two", "six"}) {
    write_and_put_back(content);
    EXPECT_EQ(eyes.turn(), "~a");
    EXPECT_EQ(eyes.turn(), "");
    write_and_put_back(content);
    do_anything_but_write();
    EXPECT_EQ(eyes.turn(), "");
  }
}

TEST_F(PutBack, IsNotLookedForWithoutHints) {
  Eyes eyes;
  write_and_put_back("two");
  EXPECT_EQ(eyes.turn(), "");
}

TEST_F(PutBack, IsReadAgainWithinATick) {
  // As by a clock that does not tick between two writes, of which a look has seen one.
  Eyes eyes(by_content());
  const auto seen = [&]() -> Seen& {
    return eyes.snapshot.directories.find(".")->second.files.at(0).seen;
  };
  const std::uint64_t old_content = seen().stamp.content;
  write_and_put_back("two");
  EXPECT_EQ(eyes.turn(), "~a");
  seen().stamp.content = old_content;
  seen().racy = false;
  EXPECT_EQ(eyes.turn(), "");  // nothing tells
  seen().racy = true;
  EXPECT_EQ(eyes.turn(), "~a");
}

TEST_F(Racy, AddsUpToAChange) {
  const Stamp same{.mtime_seconds = 1, .size = 2};
  const Change again{Change::Kind::modified, "a", same, same, true};
  Pending pending;
  pending.add(Changes{again}, TimePoint(1s));
  EXPECT_EQ(pending.paths(), std::vector<std::string>{"a"});
  pending.add(Changes{again}, TimePoint(2s));
  EXPECT_EQ(pending.paths(), std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace reloadrun::watch
