#include "proc/tree.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/fd.hpp"
#include "proc/child.hpp"

namespace reloadrun::proc {
namespace {

pid_t make_child() {
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (;;) ::pause();
  }
  return pid;
}

void end_child(pid_t pid) {
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

TEST(Tree, BothWaysOfListingChildrenAgree) {
  const std::set<pid_t> made{make_child(), make_child()};
  EXPECT_EQ(children_of(::getpid()), made);
  EXPECT_EQ(children_by_scan(::getpid()), made);
  for (const pid_t pid : made) end_child(pid);
  EXPECT_EQ(children_of(::getpid()), std::set<pid_t>{});
}

TEST(Tree, ChildrenOfOtherThreadsCount) {
  pid_t made = -1;
  int go_on[2];
  ASSERT_EQ(::pipe(go_on), 0);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  std::thread other([&] {
    made = make_child();
    char byte = 0;
    EXPECT_EQ(::write(ready[1], "x", 1), 1);
    EXPECT_EQ(::read(go_on[0], &byte, 1), 1);
  });
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(children_of(::getpid()), std::set<pid_t>{made});
  EXPECT_EQ(::write(go_on[1], "x", 1), 1);
  other.join();
  end_child(made);
}

// Each makes the next one and then waits for `go_on` to be closed; the last one stays.
[[noreturn]] void be_a_chain(int length, Pipe& go_on, Pipe& ready) {
  go_on.writing = Fd();
  if (length > 1) {
    if (::fork() == 0) be_a_chain(length - 1, go_on, ready);
    char byte = 0;
    static_cast<void>(!::read(go_on.reading.get(), &byte, 1));
    ::_exit(0);
  }
  const pid_t last = ::getpid();
  static_cast<void>(!::write(ready.writing.get(), &last, sizeof last));
  for (;;) ::pause();
}

TEST(Tree, NobodyIsOverlookedWhileItsParentsEnd) {
  become_subreaper();
  for (int round = 0; round < 10; ++round) {
    Pipe go_on = make_pipe();
    Pipe ready = make_pipe();
    constexpr int length = 20;
    if (::fork() == 0) be_a_chain(length, go_on, ready);
    pid_t last = 0;
    EXPECT_EQ(::read(ready.reading.get(), &last, sizeof last), int{sizeof last});
    go_on = Pipe();  // all the others end
    int overlooked = 0;
    for (std::size_t others = length; others > 0;) {
      const auto all = descendants();
      others = std::count_if(all.begin(), all.end(), [&](auto& one) { return one.pid != last; });
      if (others == all.size()) ++overlooked;
    }
    EXPECT_EQ(overlooked, 0);
    ::kill(last, SIGKILL);
    while (::wait(nullptr) > 0) {
    }
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST(Tree, TheSparedAreNotTouched) {
  const pid_t spared = make_child();
  const pid_t other = make_child();
  TreeStop tree({spared});
  ASSERT_EQ(tree.left().size(), 1U);
  EXPECT_EQ(tree.left().front().process.pid, other);
  tree.kill();
  EXPECT_EQ(wait_for_child(other), (Ending{true, SIGKILL}));
  EXPECT_TRUE(tree.left().empty());
  EXPECT_EQ(::kill(spared, 0), 0);
  end_child(spared);
}

}  // namespace
}  // namespace reloadrun::proc
