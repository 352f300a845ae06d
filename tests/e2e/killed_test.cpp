// Whoever of reloadrun is killed, nothing is left. The fixture proves it: it adopts what gets away.

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/deadline.hpp"
#include "helpers/fixture.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

class Killed : public EndToEnd {
 protected:
  /// Returns at one of many moments: while reloadrun starts; or, by turns, while it stops a target
  /// for the next one.
  void let_pass(int turn) {
    if (turn % 2 != 0) {
      reports.next("ready");
      place.edit("app.py", "changed");
    }
    ::usleep(static_cast<useconds_t>(turn) * 500);
  }
  /// Those of a start that nobody has waited for.
  void forget_reports() {
    while (reports.has("ready")) {
    }
  }
};

TEST_F(Killed, ASupervisorTakesEverythingWithIt) {
  Program program(reloadrun({}, target({"daemon", "child=tell=12"})));
  reports.next("daemon");
  reports.next("ready");
  program.signal(SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
  wait_until_nothing_is_left();
}

TEST_F(Killed, AReloaderEndsTheSupervisorByTheSameSignal) {
  for (const int number : {SIGKILL, SIGABRT}) {
    auto invocation = reloadrun({}, target({"daemon", "child=tell=12"}));
    invocation.prepare = [] {
      rlimit core{};
      ::getrlimit(RLIMIT_CORE, &core);
      core.rlim_cur = core.rlim_max;
      ::setrlimit(RLIMIT_CORE, &core);
    };
    Program program(invocation);
    const pid_t reloader = reports.next("start").number("parent");
    reports.next("daemon");
    reports.next("ready");
    ::kill(reloader, number);
    program.expect("the reloader was ended by " +
                   std::string(number == SIGKILL ? "SIGKILL" : "SIGABRT"));
    const Ending ending = program.wait();
    EXPECT_TRUE(ending.by_signal);
    EXPECT_EQ(ending.value, number);
    EXPECT_FALSE(ending.core_dumped);
  }
}

TEST_F(Killed, AReloaderAtAnyMoment) {
  // While it starts, while it looks, while it stops a slow target.
  for (int delay = 0; delay < 20; ++delay) {
    place.edit("app.py", std::to_string(delay));
    Program program(reloadrun({"--stop-timeout", "100ms"}, target({"ignore=15", "daemon"})));
    const auto children = [&] { return proc::children_of(program.pid()); };
    eventually("a reloader", [&] { return !children().empty(); });
    ::usleep(static_cast<useconds_t>(delay) * 500);
    if (delay % 2 != 0) place.edit("app.py", "changed");
    eventually("its end", [&] {  // a reloader that has just ended by itself is followed by another
      for (const pid_t pid : children()) ::kill(pid, SIGKILL);
      siginfo_t ended{};
      ::waitid(P_PID, static_cast<id_t>(program.pid()), &ended, WEXITED | WNOHANG | WNOWAIT);
      return ended.si_pid != 0;
    });
    EXPECT_EQ(program.wait(), (Ending{true, SIGKILL})) << program.said();
    ASSERT_NO_FATAL_FAILURE(wait_until_nothing_is_left());
  }
}

TEST_F(Killed, BothInOneInstantTakeTheCommandWithThem) {
  Program program(reloadrun({}, target()));
  const pid_t reloader = reports.next("start").number("parent");
  reports.next("ready");
  ::kill(program.pid(), SIGSTOP);
  ::kill(reloader, SIGSTOP);
  ::kill(program.pid(), SIGKILL);
  ::kill(reloader, SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
  wait_until_nothing_is_left();
}

TEST_F(Killed, ASupervisorAtAnyMoment) {
  for (int delay = 0; delay < 20; ++delay) {
    place.edit("app.py", std::to_string(delay));
    Program program(reloadrun({"--stop-timeout", "100ms"}, target({"ignore=15", "daemon"})));
    let_pass(delay);
    program.signal(SIGKILL);
    EXPECT_EQ(program.wait(), (Ending{true, SIGKILL})) << program.said();
    ASSERT_NO_FATAL_FAILURE(wait_until_nothing_is_left());
    forget_reports();
  }
}

TEST_F(Killed, BothInOneInstantAtAnyMoment) {
  for (int delay = 0; delay < 20; ++delay) {
    place.edit("app.py", std::to_string(delay));
    Program program(reloadrun({}, target()));
    let_pass(delay);
    program.signal(SIGSTOP);
    const auto reloaders = proc::children_of(program.pid());  // and the next one, which waits
    for (const int number : {SIGSTOP, SIGKILL}) {
      if (number == SIGKILL) program.signal(SIGKILL);
      for (const pid_t reloader : reloaders) ::kill(reloader, number);
    }
    EXPECT_EQ(program.wait(), (Ending{true, SIGKILL})) << program.said();
    ASSERT_NO_FATAL_FAILURE(wait_until_nothing_is_left());
    forget_reports();
  }
}

TEST_F(Killed, ASupervisorWhileItsReloaderIsStopped) {
  Program program(reloadrun({}, target({"daemon"})));
  const pid_t reloader = reports.next("start").number("parent");
  reports.next("ready");
  ::kill(reloader, SIGSTOP);
  program.signal(SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
  wait_until_nothing_is_left();
}

}  // namespace
}  // namespace reloadrun::test
