// Nothing is left behind of a target's tree. The fixture proves the rest: it adopts what gets away.

#include "proc/tree.hpp"

#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "helpers/deadline.hpp"
#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

class Tree : public EndToEnd {};

TEST_F(Tree, DaemonsAndChildrenGoWithTheTarget) {
  Program program(reloadrun({}, target({"child=tell=12", "daemon", "child=daemon"})));
  const int daemon = reports.next("daemon").number("pid");
  reports.next("daemon");
  reports.next("ready");
  place.edit("app.py", "changed");
  const auto second = reports.next("start");
  EXPECT_EQ(second["generation"], "'2'");
  EXPECT_FALSE(is_alive(daemon));
  reports.next("daemon");
  reports.next("daemon");
  reports.next("ready");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Tree, DaemonsOfATargetThatEndedLiveUntilTheNextStart) {
  Program program(reloadrun({}, target({"daemon", "exit=0"})));
  const int daemon = reports.next("daemon").number("pid");
  program.expect("waiting for a change");
  EXPECT_TRUE(is_alive(daemon));
  place.edit("app.py", "changed");
  reports.next("daemon");
  EXPECT_FALSE(is_alive(daemon));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Tree, WhatIgnoresTermIsKilled) {
  Program program(reloadrun({"--stop-timeout", "200ms"}, target({"ignore=15", "daemon"})));
  reports.next("daemon");
  reports.next("ready");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Tree, WhatIsWaitedForIsNamedAfterASecond) {
  Program program(reloadrun({"--stop-timeout", "1200ms"}, target({"child=ignore=15", "tell=12"})));
  const auto child = reports.next("child");
  reports.next("ready");
  place.edit("app.py", "changed");
  const std::string name = "test_target (pid " + child["pid"] + ")";
  EXPECT_EQ(program.expect("waiting up to"),
            "[reloadrun] waiting up to 200 ms for " + name + " to end");
  program.expect("killing " + name);
  reports.next("ready");
  EXPECT_FALSE(is_alive(child.number("pid")));
  program.signal(SIGTERM);
  program.expect("waiting up to 200 ms");
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Tree, AChainOfForksIsCaught) {
  Program program(reloadrun({"--stop-timeout", "200ms"}, target({"child=fork-on", "fork-on"})));
  const pid_t reloader = reports.next("start").number("parent");
  program.expect("started");
  program.signal(SIGTERM);
  // A walk that takes longer for each link than a fork does would leave the machine without pids.
  std::size_t most = 0;
  eventually("the reloader has no child left", [&] {
    const auto links = proc::children_of(reloader).size();
    most = std::max(most, links);
    return links == 0;
  });
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_LT(most, 8192);  // a quarter of what there is by default
}

TEST_F(Tree, AShellsCleanupIsLeftToRun) {
  // The cleanup's own processes are born during the stop and must not be asked to end.
  const std::string script =
      "trap 'sleep 0.3; echo cleaned > ../cleaned; exit 0' TERM; echo up >&2; while :; do "
      "read x < ../reports; done";
  Program program(reloadrun({}, {"sh", "-c", script}));
  program.expect("up");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_EQ(content_of(place.beside("cleaned")), "cleaned\n");
}

TEST_F(Tree, MoreProcessesThanDescriptorsAreAllAsked) {
  Words orders;
  for (int i = 0; i < 60; ++i) orders.emplace_back("child=last-words=15");
  auto invocation = reloadrun({"--stop-timeout", "1m"}, target(orders));
  invocation.prepare = [] {
    const rlimit few{40, 40};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) ::_exit(1);
  };
  Program program(invocation);
  reports.next("ready");
  program.signal(SIGTERM);
  for (int i = 0; i < 60; ++i) reports.next("last-words");
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Tree, AStoppedReloaderIsWokenToStop) {
  Program program(reloadrun({}, target({"last-words=15"})));
  const pid_t reloader = reports.next("start").number("parent");
  reports.next("ready");
  ::kill(reloader, SIGSTOP);
  program.signal(SIGTERM);
  reports.next("last-words");
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Tree, AStoppedTargetIsWokenToEnd) {
  Program program(reloadrun({"--stop-timeout", "1m"}, target({"last-words=15"})));
  const pid_t command = reports.next("start").number("pid");
  reports.next("ready");
  ::kill(command, SIGSTOP);
  program.signal(SIGTERM);
  reports.next("last-words");
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Tree, ChildrenThatWereThereBeforeAreNotTouched) {
  // A shell with a child that becomes reloadrun: the child is its parent's by pid, not by descent.
  auto invocation = reloadrun({}, target({"daemon"}));
  std::string script =
      test_target_path() + " " + reports.path() + " last-words=15 & exec \"$0\" \"$@\"";
  invocation.arguments.insert(invocation.arguments.begin(), {"sh", "-c", script});
  Program program(invocation);
  const auto one = reports.next("start");
  const auto other = reports.next("start");
  const auto& stranger = one["generation"] == "unset" ? one : other;
  const auto& own = one["generation"] == "unset" ? other : one;
  program.expect("started");
  eventually("its daemon", [&] { return proc::children_of(own.number("parent")).size() == 2; });
  ::kill(own.number("parent"), SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
  EXPECT_TRUE(is_alive(stranger.number("pid")));
  EXPECT_FALSE(reports.has("last-words"));
  ::kill(stranger.number("pid"), SIGKILL);
  wait_until_nothing_is_left();
}

TEST_F(Tree, WhatMayNotBeSignalledIsNamedAndNothingIsStartedOverIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a program that another may not signal";
  const auto as_root = place.beside("as_root");
  std::filesystem::copy_file(test_target_path(), as_root);
  ASSERT_EQ(::chmod(as_root.c_str(), 04755), 0);
  ASSERT_EQ(::chmod(place.work().parent_path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(reports.path().c_str(), 0666), 0);
  auto command = target({"become-root"});
  command.front() = as_root;
  auto invocation = reloadrun({"--stop-timeout", "100ms"}, command);
  invocation.prepare = [] {
    constexpr uid_t nobody = 65534;
    if (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(1);
  };
  Program program(invocation);
  const auto first = reports.next("start");
  reports.next("ready");
  place.edit("app.py", "changed");
  const std::string named = "as_root (pid " + first["pid"] + ", which may not be signalled)";
  program.expect("cannot end " + named);
  EXPECT_FALSE(reports.has("start"));
  ::kill(first.number("pid"), SIGKILL);
  const auto second = reports.next("start");
  EXPECT_EQ(second["generation"], "'2'");
  reports.next("ready");

  program.signal(SIGTERM);
  program.expect("as_root (pid " + second["pid"] + ", which may not be signalled)");
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_TRUE(is_alive(second.number("pid")));
  ::kill(second.number("pid"), SIGKILL);
  wait_until_nothing_is_left();
}

}  // namespace
}  // namespace reloadrun::test
