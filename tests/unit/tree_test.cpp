#include "proc/tree.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "base/fd.hpp"
#include "helpers/deadline.hpp"
#include "helpers/debugger.hpp"
#include "helpers/processes.hpp"
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

/// Whether `holds` comes true.
void wait_until(const std::function<bool()>& holds) { test::eventually("an end", holds); }

/// A child of two threads, held by a debugger of its own until `let_go` is closed.
struct Held {
  pid_t pid = -1;
  pid_t debugger = -1;
  Pipe let_go = make_pipe();

  Held() {
    Pipe ready = make_pipe();
    pid = ::fork();
    if (pid == 0) {
      std::thread([&] {
        static_cast<void>(!::write(ready.writing.get(), "x", 1));
        for (;;) ::pause();
      }).detach();
      for (;;) ::pause();
    }
    expect_byte(ready);
    debugger = ::fork();
    if (debugger == 0) {
      let_go.writing = Fd();
      {
        const test::Debugger holds(pid);
        static_cast<void>(!::write(ready.writing.get(), "x", 1));
        char byte = 0;
        static_cast<void>(!::read(let_go.reading.get(), &byte, 1));
      }
      ::_exit(0);
    }
    expect_byte(ready);
  }

 private:
  static void expect_byte(const Pipe& pipe) {
    char byte = 0;
    EXPECT_EQ(::read(pipe.reading.get(), &byte, 1), 1);
  }
};

TEST(Tree, WhatADebuggerKeepsIsGone) {
  Held held;
  const std::set<pid_t> spared{held.debugger};
  const Fd handle = open_process(held.pid);
  EXPECT_FALSE(none_alive_but(spared));
  EXPECT_EQ(ending_of(held.pid, handle), std::nullopt);
  ::kill(held.pid, SIGKILL);
  wait_until([&] { return is_zombie(held.pid); });
  EXPECT_FALSE(has_ended(held.pid)) << "nothing is kept, and nothing tested";
  EXPECT_TRUE(none_alive_but(spared));
  EXPECT_TRUE(TreeStop(spared).left().empty());
  EXPECT_EQ(ending_of(held.pid, handle), (Ending{true, SIGKILL}));
  held.let_go.writing = Fd();
  EXPECT_EQ(wait_for_child(held.debugger), Ending{});
  EXPECT_EQ(wait_for_child(held.pid), (Ending{true, SIGKILL}));
}

TEST(Tree, HowItHasEndedIsUnknownToWhoMayNotReadIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "another user's process is made by root";
  Held held;
  ::kill(held.pid, SIGKILL);
  wait_until([&] { return is_zombie(held.pid); });
  EXPECT_TRUE(test::in_child_without_rights([&] { return ending_of_zombie(held.pid).unknown; }));
  held.let_go.writing = Fd();
  wait_for_child(held.debugger);
  wait_for_child(held.pid);
}

TEST(Tree, WhoseFirstThreadAloneHasEndedIsAlive) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::thread([] {
      for (;;) ::pause();
    }).detach();
    ::syscall(SYS_exit, 0);
  }
  wait_until([&] {
    const auto thread = thread_of(pid);
    return thread && thread->state == 'Z';
  });
  EXPECT_FALSE(is_zombie(pid));
  EXPECT_FALSE(none_alive_but({}));
  EXPECT_EQ(ending_of(pid, open_process(pid)), std::nullopt);
  EXPECT_EQ(TreeStop().left().size(), 1U);
  end_child(pid);
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
