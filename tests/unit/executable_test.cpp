#include "proc/executable.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/fd.hpp"
#include "helpers/kernel.hpp"
#include "helpers/place.hpp"
#include "helpers/processes.hpp"
#include "proc/child.hpp"

namespace reloadrun::proc {

/// So that a failed expectation says it in a word.
void PrintTo(Wholeness wholeness, std::ostream* out) {
  static const char* const words[] = {"whole", "missing", "being_written", "not_executable",
                                      "no_program"};
  *out << words[static_cast<int>(wholeness)];
}

namespace {

namespace fs = std::filesystem;

class Executable : public testing::Test {
 protected:
  void write(const std::string& content, mode_t mode = 0755) const {
    std::ofstream(path_) << content;
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
  }
  [[nodiscard]] Fd open_to_write(const std::string& path, int flags = 0) const {
    return Fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0755));
  }

  test::Place place_;
  const std::string path_ = place_.work() / "program";
};

TEST_F(Executable, Whole) {
  fs::copy("/bin/true", path_);
  EXPECT_EQ(wholeness(path_), Wholeness::whole);
  fs::create_symlink(path_, place_.work() / "link");
  EXPECT_EQ(wholeness(place_.work() / "link"), Wholeness::whole);
  write("#!/bin/sh\n");
  EXPECT_EQ(wholeness(path_), Wholeness::whole);
  write("x");
  EXPECT_EQ(wholeness(path_), Wholeness::whole);  // whatever it is
}

TEST_F(Executable, Missing) {
  EXPECT_EQ(wholeness(path_), Wholeness::missing);
  fs::create_symlink("nowhere", path_);
  EXPECT_EQ(wholeness(path_), Wholeness::missing);
  EXPECT_EQ(wholeness("/dev/null/program"), Wholeness::missing);
}

TEST_F(Executable, BeingWrittenUntilItsWriterIsDone) {
  fs::copy("/bin/true", path_);
  {
    const Fd writer = open_to_write(path_);
    EXPECT_EQ(wholeness(path_), Wholeness::being_written);
  }
  EXPECT_EQ(wholeness(path_), Wholeness::whole);
}

TEST_F(Executable, EachStepOfALinker) {
  EXPECT_EQ(wholeness(path_), Wholeness::missing);
  Fd linker(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  EXPECT_EQ(wholeness(path_), Wholeness::being_written);
  ASSERT_EQ(::write(linker.get(), "\177ELF and so on", 14), 14);
  linker = Fd();
  EXPECT_EQ(wholeness(path_), Wholeness::not_executable);
  fs::permissions(path_, fs::perms(0755));
  EXPECT_EQ(wholeness(path_), Wholeness::whole);
}

TEST_F(Executable, NotExecutableForRootEither) {
  write("#!/bin/sh\n", 0644);
  EXPECT_EQ(wholeness(path_), Wholeness::not_executable);
  EXPECT_EQ(wholeness(place_.work()), Wholeness::not_executable);  // a directory
  fs::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0755), 0);
  EXPECT_EQ(wholeness(path_), Wholeness::not_executable);
}

TEST_F(Executable, NoProgram) {
  write("");
  EXPECT_EQ(wholeness(path_), Wholeness::no_program);
  write(std::string(4096, '\0'));
  EXPECT_EQ(wholeness(path_), Wholeness::no_program);
  write(std::string("\0\0\0x", 4));
  EXPECT_EQ(wholeness(path_), Wholeness::whole);
}

TEST_F(Executable, ARunningProgramIsWholeAndSoIsItsSuccessorWhenItsWriterIsDone) {
  fs::copy("/bin/sleep", path_);
  Pipe executed = make_pipe();
  const pid_t running = ::fork();
  if (running == 0) {
    ::execl(path_.c_str(), "sleep", "1000", nullptr);
    ::_exit(127);
  }
  executed.writing = Fd();
  char byte = 0;
  EXPECT_EQ(::read(executed.reading.get(), &byte, 1), 0);  // closed by exec

  errno = 0;
  EXPECT_FALSE(open_to_write(path_));
  EXPECT_EQ(errno, ETXTBSY);
  EXPECT_EQ(wholeness(path_), Wholeness::whole);

  const std::string aside = place_.work() / "program.new";
  fs::copy("/bin/true", aside);
  Fd writer = open_to_write(aside);
  fs::rename(aside, path_);
  EXPECT_EQ(wholeness(path_), Wholeness::being_written);
  writer = Fd();
  EXPECT_EQ(wholeness(path_), Wholeness::whole);
  ::kill(running, SIGKILL);
  EXPECT_EQ(wait_for_child(running), (Ending{true, SIGKILL}));
}

TEST_F(Executable, WithoutALeaseTheKernelsCheckTells) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  if (const auto why = test::why_lacking(test::Needed::checked_exec); !why.empty()) {
    GTEST_SKIP() << why;
  }
  fs::permissions(place_.beside("."), fs::perms(0755));
  const auto as_nobody_it_is = [this](Wholeness expected) {
    return test::in_child_without_rights([&] { return wholeness(path_) == expected; });
  };
  fs::copy("/bin/false", path_);  // executed, it would answer for us: with no
  EXPECT_TRUE(as_nobody_it_is(Wholeness::whole));
  fs::permissions(path_, fs::perms(0711));  // to be executed, not read
  EXPECT_TRUE(as_nobody_it_is(Wholeness::whole));
  {
    const Fd writer = open_to_write(path_);
    EXPECT_TRUE(as_nobody_it_is(Wholeness::being_written));
  }
  fs::permissions(path_, fs::perms(0744));
  EXPECT_TRUE(as_nobody_it_is(Wholeness::not_executable));
  fs::permissions(place_.work(), fs::perms(0700));
  EXPECT_TRUE(as_nobody_it_is(Wholeness::not_executable));
}

}  // namespace
}  // namespace reloadrun::proc
