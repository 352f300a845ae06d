// The signals that a user sends, to whom, and how reloadrun ends.

#include <signal.h>
#include <unistd.h>

#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

class Signals : public EndToEnd {};

TEST_F(Signals, EachStopSignalEndsWith0) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    Program program(reloadrun({}, target({"last-words=15"})));
    reports.next("ready");
    program.signal(number);
    EXPECT_EQ(reports.next("last-words").number("number"), SIGTERM);
    EXPECT_EQ(program.wait(), Ending{}) << number;
  }
}

TEST_F(Signals, TheWholeGroupMayBeSignalled) {
  for (const int number : {SIGINT, SIGTERM}) {
    Program program(reloadrun({}, target()));
    reports.next("ready");
    ::kill(-program.pid(), number);
    EXPECT_EQ(program.wait(), Ending{}) << number;
  }
}

TEST_F(Signals, SupervisorAndReloaderMayBeSignalledOneByOne) {
  for (const int number : {SIGINT, SIGTERM}) {
    for (const bool reloader_first : {false, true}) {
      Program program(reloadrun({}, target({"last-words=15"})));
      const pid_t reloader = reports.next("start").number("parent");
      reports.next("ready");
      ::kill(reloader_first ? reloader : program.pid(), number);
      ::kill(reloader_first ? program.pid() : reloader, number);
      EXPECT_EQ(program.wait(), Ending{});
    }
  }
}

TEST_F(Signals, AStopInTheMiddleOfARestartIsAStop) {
  Program program(reloadrun({"--stop-timeout", "1500ms"}, target({"ignore=15"})));
  reports.next("ready");
  place.edit("app.py", "changed");
  program.expect("stopping");  // the restart has begun, and hangs
  program.signal(SIGTERM);
  program.expect("SIGTERM: stopping");
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_FALSE(reports.has("start"));
}

TEST_F(Signals, IgnoredAtTheStartStayIgnored) {
  auto invocation = reloadrun({}, target());
  invocation.prepare = [] {
    ::signal(SIGHUP, SIG_IGN);  // nohup
    ::signal(SIGINT, SIG_IGN);  // a shell's "&"
    ::signal(SIGQUIT, SIG_IGN);
  };
  Program program(invocation);
  EXPECT_EQ(reports.next("start")["ignored"], "1,2,3,");
  reports.next("ready");
  for (const int number : {SIGHUP, SIGINT, SIGQUIT}) ::kill(-program.pid(), number);
  place.edit("app.py", "changed");
  EXPECT_EQ(reports.next("start")["generation"], "'2'");
  reports.next("ready");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_EQ(program.said().find("SIGINT"), std::string::npos);
}

TEST_F(Signals, ASecondOneKillsAtOnce) {
  Program program(reloadrun({"--stop-timeout", "1m"}, target({"ignore=15", "child=ignore=15"})));
  reports.next("child");
  reports.next("ready");
  program.signal(SIGTERM);
  program.expect("stopping");
  // The first notice comes one second after the first signal: more than 300 ms.
  program.expect("waiting up to");
  program.signal(SIGTERM);
  program.expect("again: killing");
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Signals, ASecondOneTooSoonIsTheFirstOneAgain) {
  Program program(reloadrun({}, target({"last-words=15"})));
  reports.next("ready");
  program.signal(SIGINT);
  program.signal(SIGTERM);
  reports.next("last-words");  // asked, not killed
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_EQ(program.said().find("killing"), std::string::npos);
}

TEST_F(Signals, Usr1RestartsWithoutAChange) {
  Program program(reloadrun({}, target()));
  reports.next("ready");
  program.signal(SIGUSR1);
  const auto start = reports.next("start");
  EXPECT_EQ(start["generation"], "'2'");
  EXPECT_EQ(start["changed"], "''");
  reports.next("ready");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Signals, Usr1StartsATargetThatHasEnded) {
  Program program(reloadrun({}, target({"exit=0"})));
  program.expect("waiting for a change");
  reports.next("start");
  program.signal(SIGUSR1);
  EXPECT_EQ(reports.next("start")["generation"], "'2'");
  program.expect("waiting for a change");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Signals, Usr2IsPassedOnToTheCommandAlone) {
  Program program(reloadrun({}, target({"tell=12", "child=tell=12"})));
  const auto start = reports.next("start");
  reports.next("ready");
  program.signal(SIGUSR2);
  const auto signal = reports.next("signal");
  EXPECT_EQ(signal.number("number"), SIGUSR2);
  EXPECT_EQ(signal["pid"], start["pid"]);
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_FALSE(reports.has("signal"));
}

TEST_F(Signals, CtrlCComesBeforeTheTargetsOwnEnd) {
  Program program(reloadrun({"--on-exit", "exit"}, target({"last-words=15"})));
  reports.next("ready");
  program.signal(SIGINT);
  EXPECT_EQ(program.wait(), Ending{});  // and not 7, as the target
}

TEST_F(Signals, Usr2WithoutATargetIsSaid) {
  Program program(reloadrun({}, target({"exit=0"})));
  program.expect("waiting for a change");
  program.signal(SIGUSR2);
  program.expect("SIGUSR2 is not passed on");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Signals, AnotherStopSignal) {
  Program program(reloadrun({"--stop-signal", "int"}, target({"ignore=15", "last-words=2"})));
  reports.next("ready");
  place.edit("app.py", "changed");
  EXPECT_EQ(reports.next("last-words").number("number"), SIGINT);
  reports.next("ready");
  program.signal(SIGTERM);
  EXPECT_EQ(reports.next("last-words").number("number"), SIGINT);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Signals, WhatIgnoresTheStopSignalIsKilledAfterItsTime) {
  Program program(reloadrun({"--stop-timeout", "100ms"}, target({"ignore=15"})));
  const auto first = reports.next("start");
  reports.next("ready");
  place.edit("app.py", "changed");
  program.expect("killing test_target (pid " + first["pid"] + ")");
  program.expect("was ended by SIGKILL");
  EXPECT_EQ(reports.next("start")["generation"], "'2'");
  reports.next("ready");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

}  // namespace
}  // namespace reloadrun::test
