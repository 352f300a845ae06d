// Looks at real directories, with times set by utimensat.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "helpers/deadline.hpp"
#include "reloadrun/error.hpp"
#include "unit/looking.hpp"

namespace reloadrun::watch {
namespace {

TEST_F(Look, FindsRegularFilesBelowTheRoots) {
  write("b");
  write("a/c/d");
  write(".hidden/e");
  fs::create_directory("empty");
  EXPECT_EQ(look_at({}), (Paths{".hidden/e", "a/c/d", "b"}));
  EXPECT_EQ(look_at({"a"}), Paths{"a/c/d"});
  EXPECT_EQ(look_at({"./a/", "b", "b", "."}), (Paths{".hidden/e", "a/c/d", "b"}));
  const std::string here = place_.work();
  EXPECT_EQ(look_at({here + "/a"}), Paths{here + "/a/c/d"});
  EXPECT_EQ(look_at({"../work/b"}), Paths{"../work/b"});
}

TEST_F(Look, StampsSayWhatStatSays) {
  write("a", "12345");
  const timespec times[2]{{0, 0}, {1234567890, 123456789}};
  ASSERT_EQ(::utimensat(AT_FDCWD, "a", times, 0), 0);
  struct stat status {};
  ASSERT_EQ(::stat("a", &status), 0);
  const Stamp expected{.mtime_seconds = 1234567890,
                       .size = 5,
                       .inode = status.st_ino,
                       .mtime_nanoseconds = 123456789};
  EXPECT_EQ(Eyes().stamps().at("a"), expected);
}

TEST_F(Look, SeesOneNanosecondInEitherDirection) {
  write("a");
  const auto set_nanoseconds = [](long nanoseconds) {
    const timespec times[2]{{0, 0}, {1000, nanoseconds}};
    ASSERT_EQ(::utimensat(AT_FDCWD, "a", times, 0), 0);
  };
  set_nanoseconds(500);
  Eyes eyes;
  set_nanoseconds(501);
  EXPECT_EQ(eyes.changes(), "~a");
  set_nanoseconds(499);
  EXPECT_EQ(eyes.changes(), "~a");
  EXPECT_EQ(eyes.changes(), "");
}

TEST_F(Look, SeesAnotherFileOfTheSameTimeAndSize) {
  write("a", "one");
  write("b", "two");
  const timespec times[2]{{0, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, "a", times, 0), 0);
  ASSERT_EQ(::utimensat(AT_FDCWD, "b", times, 0), 0);
  Eyes eyes(roots({"a"}));
  fs::rename("b", "a");
  EXPECT_EQ(eyes.changes(), "~a");
}

TEST_F(Look, FollowsLinksToFilesAndRootsAlone) {
  write("real/file");
  fs::create_symlink("real/file", "link");
  fs::create_directory_symlink("real", "directory-link");
  fs::create_directory_symlink("..", "real/up");
  fs::create_symlink("nowhere", "dangling");
  fs::create_symlink("loop", "loop");
  EXPECT_EQ(look_at({}), (Paths{"link", "real/file"}));
  EXPECT_EQ(look_at({"directory-link"}), Paths{"directory-link/file"});
}

TEST_F(Look, LeavesOutWhatIsNoFile) {
  ASSERT_EQ(::mkfifo("fifo", 0600), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "socket");
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(socket);
  write("file");
  EXPECT_EQ(look_at({}), Paths{"file"});
}

TEST_F(Look, TakesWhatItCannotSeeForAbsent) {
  EXPECT_EQ(look_at({"nowhere"}), Paths{});
  write("file");
  const std::string too_long(300, 'x');
  EXPECT_EQ(look_at({too_long, "file", "file/below"}), Paths{"file"});
}

TEST_F(Look, ReachesDirectoriesDeeperThanDescriptorsGo) {
  fs::path deep = "d";
  for (int depth = 0; depth < 200; ++depth) deep /= "d";
  write(deep / "file");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{32, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_EQ(look_at({}).size(), 1U);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(Look, TakesOddNamesAsTheyAre) {
  const Paths names{std::string(255, 'n'), "\xff\xfe", " ", "-w", "new\nline"};
  for (const auto& name : names) write(name);
  auto sorted = names;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(look_at({}), sorted);
}

TEST_F(Look, KeepsToExtensionsExceptForNamedFiles) {
  for (const char* name : {"a.py", "b.html", "c.txt", "py", ".py", "d.tar.gz", "e.PY"}) write(name);
  EXPECT_EQ(look_at({}, {"py", "html"}), (Paths{"a.py", "b.html"}));
  EXPECT_EQ(look_at({}, {"tar.gz"}), Paths{"d.tar.gz"});
  EXPECT_EQ(look_at({".", "c.txt"}, {"py"}), (Paths{"a.py", "c.txt"}));
}

TEST_F(Look, NotesOfTheExecutableAloneWhetherItMayRun) {
  write("server");
  write("other");
  fs::permissions("server", fs::perms::owner_all);
  fs::permissions("other", fs::perms::owner_all);
  const auto seen = Eyes({}, {"./server"}).stamps();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_FALSE(seen.at("other").runnable);
  EXPECT_TRUE(seen.at("server").runnable);
  EXPECT_EQ(look_at({"other"}, {"py"}, {"server"}), (Paths{"other", "server"}));
}

TEST_F(Look, GoesWhereALinkLeadsAndNotWhereItsLettersDo) {
  write("real/sub/inner");
  write("real/file");
  fs::create_directory_symlink("real/sub", "link");
  EXPECT_EQ(look_at({"link/../file"}), Paths{"link/../file"});
  EXPECT_EQ(look_at({".//real/./sub/"}), Paths{"real/sub/inner"});
}

TEST_F(Look, SeesANewFileWhoseDirectoryWasGivenItsOldTime) {  // as rsync --times does it
  write("d/a");
  Eyes eyes;
  test::eventually("the directory is listed only when it has changed", [&eyes] {
    eyes.changes();
    return eyes.snapshot.directories.find("d")->second.listing_sure;
  });
  struct stat status {};
  ASSERT_EQ(::stat("d", &status), 0);
  write("d/b");
  const timespec times[2]{status.st_atim, status.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, "d", times, 0), 0);
  EXPECT_EQ(eyes.changes(), "+d/b");
}

TEST_F(Look, AtOneFileSeesTheDirectoryThatHasComeBackWithIt) {
  write("a/b/one");
  write("a/b/two");
  Eyes eyes;
  fs::remove_all("a");
  EXPECT_EQ(eyes.changes(), "-a/b/one -a/b/two");
  write("a/b/one");
  write("a/c/three");
  Changes found;
  for (const char* path : {"a/b/one", "/nowhere/around", "../nowhere/around"}) {
    eyes.looker.look_at(path, &found);
  }
  EXPECT_EQ(text_of(found), "+a/b/one +a/c/three");
}

TEST_F(Look, SeesTimesFarAway) {
  write("a");
  const timespec far[2]{{0, 0}, {99'999'999'999, 0}};
  const timespec past[2]{{0, 0}, {-1, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, "a", past, 0), 0);
  Eyes eyes;
  ASSERT_EQ(::utimensat(AT_FDCWD, "a", far, 0), 0);
  EXPECT_EQ(eyes.changes(), "~a");
}

#ifndef WITH_ADDRESS_SANITIZER  // its companion needs descriptors to look at an exception's type
TEST_F(Look, IsGivenUpRatherThanTakenForEmpty) {
  write("a/b");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_THROW(look_at({}), std::system_error);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}
#endif

TEST_F(Look, RequiresItsRoots) {
  write("file");
  Options options;
  options.watch = {"file", "."};
  EXPECT_NO_THROW(WatchSet(options, {}).require_roots());
  options.watch = {"file", "nowhere"};
  EXPECT_THROW(WatchSet(options, {}).require_roots(), Error);
}

}  // namespace
}  // namespace reloadrun::watch
