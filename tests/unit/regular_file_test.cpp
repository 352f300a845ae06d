// What lies where a file is to be read, and never is one to wait for, or without an end.

#include "base/regular_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/fd.hpp"
#include "helpers/place.hpp"
#include "helpers/processes.hpp"
#include "watch/repository.hpp"
#include "watch/rule_file.hpp"

namespace reloadrun {
namespace {

namespace fs = std::filesystem;
using Fault = RegularFile::Fault;

constexpr std::size_t most = 100'000;

class RegularFileTest : public testing::Test {
 protected:
  std::string path(const char* name) const { return place_.work() / name; }
  RegularFile read(const char* name, int flags = 0) const {
    return read_regular_file(AT_FDCWD, path(name), most, flags);
  }

  /// Whether it comes to this end within seconds: a process that hangs is killed, by SIGALRM.
  bool ends_with(const char* name, Fault fault) const {
    return test::in_child([&] {
      ::alarm(10);
      return read(name).fault == fault;
    });
  }
  /// The same of whoever reads files: by what is read of this one.
  bool is_no_repository() const {
    return test::in_child([&] {
      ::alarm(10);
      return !watch::repository_of(place_.work());
    });
  }
  bool is_no_rule_file(const char* name, const std::string& why) const {
    return test::in_child([&] {
      ::alarm(10);
      const auto file = watch::read_rule_file(AT_FDCWD, path(name), watch::Links::followed);
      return file && !file->text && file->why == why;
    });
  }

  test::Place place_;
};

TEST_F(RegularFileTest, IsReadWhole) {
  std::string content(most, 'x');
  content[most / 2] = '\0';
  std::ofstream(path("file")) << content;
  const RegularFile file = read("file");
  EXPECT_TRUE(file);
  EXPECT_EQ(file.content, content);
  EXPECT_EQ(file.status.st_size, static_cast<off_t>(most));
  EXPECT_EQ(why_not(file, most), "");
}

TEST_F(RegularFileTest, WithOneByteTooManyIsNot) {
  std::ofstream(path("file")) << std::string(most + 1, 'x');
  const RegularFile file = read("file");
  EXPECT_EQ(file.fault, Fault::too_large);
  EXPECT_EQ(file.content, "");
  EXPECT_EQ(why_not(file, most), "larger than 97 KiB");
  EXPECT_EQ(why_not(file, most_text_bytes), "larger than 16 MiB");
}

TEST_F(RegularFileTest, WhoseSizeTellsNothingIsBounded) {
  EXPECT_NE(read_regular_file(AT_FDCWD, "/proc/self/status", most).content, "");
  EXPECT_EQ(read_regular_file(AT_FDCWD, "/proc/self/status", 100).fault, Fault::too_large);
}

TEST_F(RegularFileTest, OfATerabyteIsNotRead) {
  std::ofstream(path("sparse")) << "";
  if (::truncate(path("sparse").c_str(), off_t{1} << 40U) != 0)
    GTEST_SKIP() << "no such files here";
  EXPECT_TRUE(ends_with("sparse", Fault::too_large));
  EXPECT_TRUE(is_no_rule_file("sparse", "larger than 16 MiB"));
  fs::rename(path("sparse"), path(".git"));
  EXPECT_TRUE(is_no_repository());
}

TEST_F(RegularFileTest, IsNoFifo) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_TRUE(ends_with("fifo", Fault::not_regular));
  EXPECT_TRUE(is_no_rule_file("fifo", "no regular file"));
  // With a writer, for whom a reader would wait as well. It sees none.
  const Fd both(::open(path("fifo").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::write(both.get(), "gitdir: x\n", 10), 10);
  EXPECT_TRUE(ends_with("fifo", Fault::not_regular));
  fs::rename(path("fifo"), path(".git"));
  EXPECT_TRUE(is_no_repository());
}

TEST_F(RegularFileTest, IsNoDevice) {
  for (const char* device : {"/dev/zero", "/dev/null", "/dev/tty"}) {
    fs::remove(path("link"));
    fs::create_symlink(device, path("link"));
    EXPECT_TRUE(ends_with("link", Fault::not_regular)) << device;
    EXPECT_TRUE(is_no_rule_file("link", "no regular file")) << device;
    fs::remove(path(".git"));
    fs::create_symlink(device, path(".git"));
    EXPECT_TRUE(is_no_repository()) << device;
  }
  EXPECT_EQ(why_not(read("link"), most), "no regular file");
}

TEST_F(RegularFileTest, IsNoDirectoryAndNoSocket) {
  fs::create_directory(path("directory"));
  ASSERT_EQ(::mknod(path("socket").c_str(), S_IFSOCK | 0600, 0), 0);
  EXPECT_TRUE(ends_with("directory", Fault::not_regular));
  EXPECT_TRUE(ends_with("socket", Fault::not_regular));
}

TEST_F(RegularFileTest, AtTheEndOfLinks) {
  std::ofstream(path("file")) << "text";
  fs::create_symlink("file", path("link"));
  fs::create_symlink("loop", path("loop"));
  EXPECT_EQ(read("link").content, "text");
  EXPECT_EQ(read("link", O_NOFOLLOW).error, ELOOP);
  EXPECT_EQ(read("loop").error, ELOOP);
  EXPECT_EQ(read("missing").error, ENOENT);
  EXPECT_EQ(read("file/missing").error, ENOTDIR);
  EXPECT_EQ(why_not(read("missing"), most), "No such file or directory");
}

TEST_F(RegularFileTest, OfSomebodyElseMayBeUnreadable) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root has another user's file";
  std::ofstream(path("file")) << "text";
  fs::permissions(place_.work().parent_path(), fs::perms::all);
  fs::permissions(path("file"), fs::perms::owner_read);
  EXPECT_TRUE(test::in_child_without_rights([&] {
    const RegularFile file = read("file");
    return file.fault == Fault::unreadable && file.error == EACCES && file.status.st_size == 4;
  }));
}

/// One process puts everything in its place in turns, while another reads.
TEST_F(RegularFileTest, WhileItBecomesSomethingElse) {
  std::ofstream(path("file")) << "text";
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  fs::create_symlink("/dev/zero", path("zero"));
  fs::create_symlink("file", path("changing"));
  EXPECT_TRUE(test::in_child([&] {
    ::alarm(20);
    const pid_t changer = ::fork();
    if (changer == 0) {
      for (;;) {
        for (const char* target : {"fifo", "file", "zero", "missing"}) {
          ::unlink(path("new").c_str());
          if (::symlink(target, path("new").c_str()) != 0) ::_exit(1);
          ::rename(path("new").c_str(), path("changing").c_str());
        }
      }
    }
    bool good = true;
    for (int i = 0; i < 20'000 && good; ++i) {
      const RegularFile file = read("changing");
      good = file ? file.content == "text" : file.content.empty();
    }
    ::kill(changer, SIGKILL);
    return good;
  }));
}

TEST(ReadAll, StopsAtABound) {
  const Fd zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  std::string content;
  EXPECT_FALSE(read_all(zero.get(), content, most));
  EXPECT_EQ(errno, EFBIG);
  EXPECT_LE(content.size(), most);
}

}  // namespace
}  // namespace reloadrun
