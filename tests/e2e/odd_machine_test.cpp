// Machines that lack something: large files, stacks, descriptors, processes, /dev/null, or that
// have too much of it, as a file without an end.

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

void limit(__rlimit_resource what, rlim_t value) {
  const rlimit both{value, value};
  if (::setrlimit(what, &both) != 0) ::_exit(95);
}

class OddMachine : public EndToEnd {
 protected:
  /// Started, restarted for an edit, and ended, as anywhere else.
  void expect_a_life(const Invocation& invocation) {
    place.edit("app.py", "one");
    Program program(invocation);
    reports.next("start");
    reports.next("ready");
    place.edit("app.py", "two");
    EXPECT_EQ(reports.next("start")["changed"], "'app.py'");
    reports.next("ready");
    end(program);
  }
};

class FileSizes : public OddMachine, public testing::WithParamInterface<rlim_t> {};

TEST_P(FileSizes, MayBeLimited) {
#ifdef WITH_THREAD_SANITIZER
  if (GetParam() == 0) GTEST_SKIP() << "the sanitizer writes a file of its own";
#endif
  auto invocation = reloadrun({}, target());
  invocation.prepare = [] { limit(RLIMIT_FSIZE, GetParam()); };
  place.edit("app.py", "one");
  Program program(invocation);
  EXPECT_EQ(reports.next("start")["blocked"], "");  // nor SIGXFSZ
  reports.next("ready");
  place.edit("app.py", "two");
  const auto second = reports.next("start");
  EXPECT_EQ(second["changed"], "'app.py'");
  EXPECT_EQ(second["ignored"], "");
  reports.next("ready");
  end(program);
}

INSTANTIATE_TEST_SUITE_P(Limits, FileSizes,
                         testing::Values(0, 1024, 1024 * 1000, rlim_t{1} << 32U, rlim_t{1} << 34U));

TEST_F(OddMachine, ArgumentsLargerThanAFileMayBe) {
  Words command{"true"};
  for (int i = 0; i < 10; ++i) command.emplace_back(100'000, 'x');
  auto invocation = reloadrun({}, command);
  invocation.prepare = [] { limit(RLIMIT_FSIZE, 1000); };
  Program program(invocation);
  EXPECT_EQ(program.wait(), (Ending{false, 1}));
  EXPECT_EQ(
      program.said(),
      "reloadrun: what a COMMAND begins with is larger than a file may be here: give it fewer "
      "arguments and paths, or a higher limit (ulimit -f)\n");
  wait_until_nothing_is_left();  // the reloader, which sees that nobody tells it to begin
}

TEST_F(OddMachine, AFullLogEndsNothing) {
  auto invocation = reloadrun({}, target());
  invocation.prepare = [this] {
    const int log = ::open(place.beside("log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (log < 0 || ::dup2(log, STDERR_FILENO) < 0) ::_exit(96);
    limit(RLIMIT_FSIZE, 20);
  };
  expect_a_life(invocation);
  EXPECT_EQ(content_of(place.beside("log")), "[reloadrun] watching");
}

class Stacks : public OddMachine, public testing::WithParamInterface<rlim_t> {};

TEST_P(Stacks, MayBeSmall) {
#ifdef WITH_SANITIZER
  GTEST_SKIP() << "a sanitizer needs a stack before main() begins";
#endif
  std::string deep = place.work();
  for (int i = 0; i < 1500; ++i) ASSERT_EQ(::mkdir((deep += "/d").c_str(), 0755), 0);
  auto invocation = reloadrun({"--build", "true", "--soft", "*.mo=HUP"}, target());
  invocation.environment = {"LARGE=" + std::string(2000, 'x')};
  invocation.prepare = [] { limit(RLIMIT_STACK, GetParam()); };
  expect_a_life(invocation);
}

INSTANTIATE_TEST_SUITE_P(Kilobytes, Stacks, testing::Values(32 << 10, 64 << 10, 128 << 10));

TEST_F(OddMachine, FewDescriptors) {
  auto invocation = reloadrun({"--keep-ports", "--follow", "--build", "true"}, target());
  invocation.prepare = [] {
    ::closefrom(3);
    limit(RLIMIT_NOFILE, 20);
  };
  expect_a_life(invocation);
}

#ifndef WITH_ADDRESS_SANITIZER  // its companion needs descriptors to look at an exception's type
TEST_F(OddMachine, TooFewDescriptors) {
  auto invocation = reloadrun({}, {"true"});
  invocation.prepare = [] {
    ::closefrom(3);
    limit(RLIMIT_NOFILE, 6);
  };
  Program program(invocation);
  EXPECT_EQ(program.wait(), (Ending{false, 1}));
  EXPECT_NE(program.said().find("Too many open files: allow it more open files (ulimit -n)\n"),
            std::string::npos)
      << program.said();
}
#endif

TEST_F(OddMachine, TooFewProcesses) {
#ifdef WITH_THREAD_SANITIZER
  GTEST_SKIP() << "the sanitizer has a thread of its own";
#endif
  if (::geteuid() != 0) GTEST_SKIP() << "only root becomes a user who has no other process";
  fs::permissions(place.work().parent_path(), fs::perms::all);
  auto invocation = reloadrun({}, {"true"});
  invocation.prepare = [] {
    constexpr uid_t nobody_else = 54321;
    if (::setgroups(0, nullptr) != 0 || ::setgid(nobody_else) != 0) ::_exit(96);
    limit(RLIMIT_NPROC, 1);
    if (::setuid(nobody_else) != 0) ::_exit(96);
  };
  Program program(invocation);
  EXPECT_EQ(program.wait(), (Ending{false, 1}));
  EXPECT_NE(program.said().find("allow it more processes (ulimit -u)\n"), std::string::npos)
      << program.said();
}

class NoDevNull : public OddMachine {
 protected:
  /// `closed`: of the standard descriptors.
  Invocation without_dev_null(Words options, std::vector<int> closed) {
    auto invocation = reloadrun(options, target());
    invocation.prepare = [closed] {
      for (const int fd : closed) ::close(fd);
      if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, "") != 0 ||
          ::mount("none", "/dev", "tmpfs", 0, "") != 0) {
        ::_exit(96);
      }
    };
    return invocation;
  }
};

TEST_F(NoDevNull, IsNoNeed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root takes /dev away";
  for (const std::vector<int>& closed : std::vector<std::vector<int>>{{}, {0}, {0, 1}, {0, 1, 2}}) {
    SCOPED_TRACE(closed.size());
    Program program(without_dev_null({}, closed));
    const auto start = reports.next("start");
    for (const int fd : closed) {
      EXPECT_EQ(("," + start["descriptors"]).find("," + std::to_string(fd) + ","),
                std::string::npos);
    }
    reports.next("ready");
    end(program);
  }
}

TEST_F(NoDevNull, NorForABuild) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root takes /dev away";
  expect_a_life(without_dev_null({"--build", "cat; echo built"}, {}));
}

TEST_F(OddMachine, GitLeadsToWhatHasNoEnd) {
  std::ofstream(place.work() / "a") << "text";
  fs::create_symlink("/dev/zero", place.work() / ".git");
  for (const char* name : {".gitignore", ".ignore"}) {
    std::ofstream(place.work() / name) << "*.o\n";
    ASSERT_EQ(::truncate((place.work() / name).c_str(), off_t{1} << 40U), 0);
  }
  auto invocation = reloadrun({"--list"}, {});
  invocation.arguments.pop_back();
  Program program(invocation);
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_EQ(program.printed(), ".gitignore\n.ignore\na\n");
  EXPECT_EQ(program.said(),
            "[reloadrun] .gitignore cannot be read (larger than 16 MiB): left out\n"
            "[reloadrun] .ignore cannot be read (larger than 16 MiB): left out\n");
}

TEST_F(OddMachine, GitsConfigurationOfATerabyteIsNamed) {
  fs::create_directories(place.work() / ".git");
  std::ofstream(place.work() / ".git/HEAD") << "ref: refs/heads/main\n";
  std::ofstream(place.work() / ".git/config") << "";
  ASSERT_EQ(::truncate((place.work() / ".git/config").c_str(), off_t{1} << 40U), 0);
  auto invocation = reloadrun({"--list"}, {});
  invocation.arguments.pop_back();
  Program program(invocation);
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_EQ(program.said(), "[reloadrun] " + (place.work() / ".git/config").string() +
                                " is larger than 16 MiB: it is not read\n");
}

TEST_F(OddMachine, StdinWithoutAnEndIsNoList) {
  auto invocation = reloadrun({"--files-from", "-"}, {"true"});
  invocation.prepare = [] {
    const int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    if (zero < 0 || ::dup2(zero, STDIN_FILENO) < 0) ::_exit(96);
  };
  Program program(invocation);
  EXPECT_EQ(program.wait(), (Ending{false, 2}));
  EXPECT_EQ(program.said(),
            "reloadrun: the list on stdin is larger than 256 MiB: give the right list of files on "
            "stdin, or a shorter one\n");
}

/// Deeper than any path may be.
TEST_F(OddMachine, AnEndlessTreeIsSaid) {
  const std::string name(200, 'd');
  ASSERT_EQ(::chdir(place.work().c_str()), 0);
  for (int depth = 0; depth < 30; ++depth) {
    std::ofstream("file") << depth;
    ASSERT_EQ(::mkdir(name.c_str(), 0755), 0);
    ASSERT_EQ(::chdir(name.c_str()), 0);
  }
  ASSERT_EQ(::chdir("/"), 0);
  Program program(reloadrun({}, target()));
  const auto line = program.expect("goes deeper");
  EXPECT_EQ(line, "[reloadrun] '" + name.substr(0, 100) +
                      "...' goes deeper than a path of 4095 bytes: nothing in it is watched");
  reports.next("start");
  reports.next("ready");
  place.edit("file", "what can be reached is watched");
  EXPECT_EQ(reports.next("start")["changed"], "'file'");
  reports.next("ready");
  place.edit(name + "/" + name + "/file", "so far");
  reports.next("start");
  reports.next("ready");
  EXPECT_EQ(count(program.said(), "goes deeper"), 1);
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
