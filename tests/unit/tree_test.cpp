#include "proc/tree.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

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
