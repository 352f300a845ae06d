// The sockets that a new program is given, wherever its parent has them; and which program it is.

#include "proc/spawn.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "fmt/format.h"
#include "helpers/environment.hpp"
#include "helpers/place.hpp"
#include "helpers/processes.hpp"
#include "proc/child.hpp"

namespace reloadrun::proc {
namespace {

using namespace std::string_literals;

/// "socket:[12345]", as /proc has it.
std::string identity(int fd) {
  std::array<char, 64> text{};
  const ssize_t size =
      ::readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), text.data(), text.size());
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

/// Whether sh finds its own pid in LISTEN_PID, and from descriptor 3 on the sockets that its parent
/// has at these numbers, and no other descriptor: neither close-on-exec nor non-blocking, which all
/// are there.
bool arrives(const std::vector<int>& at, const std::vector<sock_filter>& filter = {}) {
  return test::in_child([&] {
    ::closefrom(3);
    for (const int number : at) {
      const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      if (fd != number && (::dup3(fd, number, O_CLOEXEC) < 0 || ::close(fd) != 0)) return false;
    }
    std::string expected;
    for (const int number : at) expected += identity(number) + " ";
    Pipe output = make_pipe();
    Program program;
    program.file = "/bin/sh";
    program.arguments = {"sh", "-c",
                         "[ $LISTEN_PID = $$ ] && [ $GIVEN = yes ] || exit 1\n"
                         "for fd in $(seq 3 16); do\n"
                         "  readlink /proc/$$/fd/$fd || continue\n"
                         "  grep -qx 'flags:.02' /proc/$$/fdinfo/$fd || echo wrong flags\n"
                         "done"};
    program.environment = {"GIVEN=yes", "PATH=/usr/bin:/bin"};
    program.pid_variable = "LISTEN_PID";
    program.sockets = at;
    program.output_fd = output.writing.get();
    program.filter = filter;
    const auto spawned = spawn(program);
    output.writing = Fd();
    std::string said;
    if (spawned.error != 0 || !read_all(output.reading.get(), said)) return false;
    for (char& c : said) {
      if (c == '\n') c = ' ';
    }
    static_cast<void>(wait_for_child(spawned.pid));
    if (said != expected) fmt::print(stderr, "{} and not {}\n", said, expected);
    return said == expected;
  });
}

const std::vector<sock_filter> lets_all_pass{{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};

TEST(SpawnWithSockets, GivesThemFromDescriptor3On) {
  EXPECT_TRUE(arrives({20}));
  EXPECT_TRUE(arrives({20, 21, 30}));
  // Over all that spawn() has opened itself.
  EXPECT_TRUE(arrives({20, 21, 22, 23, 24, 25, 26, 27, 28, 29}));
}

TEST(SpawnWithSockets, GivesThemWhereverTheyAre) {
  EXPECT_TRUE(arrives({3}));
  EXPECT_TRUE(arrives({3, 4, 5}));
  EXPECT_TRUE(arrives({4, 3}));     // each in the place of the other
  EXPECT_TRUE(arrives({5, 3, 4}));  // in a ring
  EXPECT_TRUE(arrives({6, 3, 5, 4}));
  EXPECT_TRUE(arrives({7, 6, 5, 4, 3}));
}

TEST(SpawnWithSockets, LeavesTheFilterItsWay) {
  EXPECT_TRUE(arrives({20, 21, 22, 23, 24}, lets_all_pass));
  EXPECT_TRUE(arrives({5, 4, 3}, lets_all_pass));
}

TEST(SpawnWithSockets, TellsOfAnExecThatFails) {
  EXPECT_TRUE(test::in_child([] {
    ::closefrom(3);
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    Program program;
    program.file = "/nonexistent";
    program.arguments = {"nonexistent"};
    program.sockets.assign(6, socket.get());
    return spawn(program).error == ENOENT && ::fcntl(socket.get(), F_GETFD) == FD_CLOEXEC;
  }));
}

TEST(SpawnWithSockets, LeavesTheParentsDescriptorsAsTheyAre) {
  EXPECT_TRUE(test::in_child([] {
    ::closefrom(3);
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const std::string before = identity(socket.get());
    Program program;
    program.file = "/bin/true";
    program.arguments = {"true"};
    program.sockets = {socket.get(), socket.get()};
    const auto spawned = spawn(program);
    static_cast<void>(wait_for_child(spawned.pid));
    return identity(socket.get()) == before && ::fcntl(4, F_GETFD) < 0 &&
           ::fcntl(socket.get(), F_GETFD) == FD_CLOEXEC;
  }));
}

TEST(FindExecutable, TakesTheFirstInPathThatMayBeExecuted) {
  const test::Place place;
  const std::string plain = place.beside("plain");
  const std::string executable = place.beside("executable");
  for (const auto& directory : {plain, executable}) {
    ASSERT_EQ(::mkdir(directory.c_str(), 0755), 0);
    std::ofstream(directory + "/tool") << "#!/bin/sh\n";
  }
  ASSERT_EQ(::chmod((plain + "/tool").c_str(), 0644), 0);
  ASSERT_EQ(::chmod((executable + "/tool").c_str(), 0755), 0);
  const auto found = [](const std::string& path) {
    const test::Environment environment({{"PATH", path}});
    return find_executable("tool");
  };
  EXPECT_EQ(found(plain + ":/nowhere:" + executable).file, executable + "/tool");
  EXPECT_EQ(found(plain).file, "");
  EXPECT_EQ(found(plain + ":/nowhere").error, EACCES);
  EXPECT_EQ(found(plain + ":/nowhere").candidates,
            (std::vector{plain + "/tool", "/nowhere/tool"s}));
  EXPECT_EQ(found("/nowhere").error, ENOENT);
}

}  // namespace
}  // namespace reloadrun::proc
