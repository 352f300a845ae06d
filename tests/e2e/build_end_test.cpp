// --build: how a build ends with everything else, and that nothing is left of it.

#include <signal.h>
#include <unistd.h>

#include <string>

#include "e2e/building.hpp"
#include "proc/child.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

class BuildsEnd : public Build {};

TEST_F(BuildsEnd, EndsWithReloadrunOnCtrlC) {
  auto invocation = reloadrun({"--stop-timeout", "1m", "--build", slow_build()}, target());
  invocation.terminal = true;
  make_slow();
  Program program(invocation);
  next_build();
  program.type("\x03");
  EXPECT_EQ(reports.next("last-words").number("number"), SIGINT);
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_FALSE(reports.has("last-words"));
}

TEST_F(BuildsEnd, EndsWithReloadrunWhateverItHasStarted) {
  for (const int by : {SIGTERM, SIGHUP}) {
    Program program(reloadrun(
        {"--build", reporting({"build", "daemon", "child=daemon", "child=tell=2"})}, target()));
    reports.next("ready");
    program.signal(by);
    EXPECT_EQ(program.wait(), Ending{});
    EXPECT_TRUE(proc::no_child_left());
  }
}

TEST_F(BuildsEnd, ItsDaemonsLiveUntilReloadrunEnds) {
  Program program(reloadrun({"--build", "test -e ../up || { : > ../up; " +
                                            reporting({"build", "daemon", "exit=0"}) + "; }"},
                            target()));
  const int daemon = reports.next("daemon").number("pid");
  next_start();
  reports.next("ready");
  for (const char* generation : {"2", "3"}) {
    place.edit("a.c", generation);
    expect_restart(generation, "a.c");
    reports.next("ready");
    EXPECT_TRUE(is_alive(daemon));
  }
  end(program);
  EXPECT_FALSE(is_alive(daemon));
}

TEST_F(BuildsEnd, AskedForDuringAStopIsStoppedByAChangeLikeAny) {
  Program program(
      reloadrun({"--build", slow_build(), "--stop-timeout", "300ms"}, target({"tell=15"})));
  next_start();
  reports.next("ready");
  place.edit("a.c", "one");
  EXPECT_EQ(reports.next("signal").number("number"), SIGTERM);
  make_slow();
  program.signal(SIGUSR1);
  next_build();
  make_fast();
  place.edit("a.c", "two");
  reports.next("last-words");
  expect_restart("2", "a.c");
  reports.next("ready");
  end(program);
}

TEST_F(BuildsEnd, ByABuilderThatIsStoppedKeepsNobodyFromEnding) {
  Program program(reloadrun({"--build", reporting({"daemon", "exit=0"}), "--on-exit", "exit"},
                            target({"last-words=12"})));
  const int daemon = reports.next("daemon").number("pid");
  next_start();
  reports.next("ready");
  pid_t builder = 0;
  for (const auto& process : proc::descendants()) {
    if (process.pid == daemon) builder = process.parent;
  }
  ASSERT_GT(builder, 0);
  ::kill(builder, SIGSTOP);
  program.signal(SIGUSR2);
  EXPECT_EQ(program.wait(), (Ending{false, 7})) << program.said();
}

TEST_F(BuildsEnd, ThatIsStoppedTakesNoDaemonOfAnotherWithIt) {
  // A build that is stopped takes what it has started with it, and nothing of the ones before.
  Program program(
      reloadrun({"--build", "test -e ../up || { : > ../up; " +
                                reporting({"build", "daemon", "exit=0"}) + "; }; " + slow_build()},
                target()));
  const int daemon = reports.next("daemon").number("pid");
  next_start();
  reports.next("ready");
  make_slow();
  place.edit("a.c", "new");
  next_build();
  make_fast();
  place.edit("b.c", "new");
  reports.next("last-words");
  expect_restart("2", "a.c\nb.c");
  EXPECT_TRUE(is_alive(daemon));
  end(program);
}

TEST_F(BuildsEnd, EndsWithATargetThatIsTheEnd) {
  Program program(
      reloadrun({"--on-exit", "exit", "--build", slow_build()}, target({"last-words=12"})));
  const int pid = next_start().number("pid");
  reports.next("ready");
  make_slow();
  place.edit("a.c", "new");
  next_build();
  ::kill(pid, SIGUSR2);
  EXPECT_EQ(program.wait(), (Ending{false, 7}));
}

TEST_F(BuildsEnd, ThatDoesNotEndIsKilledByTheSecondSignal) {
  Program program(
      reloadrun({"--stop-timeout", "1m", "--build", reporting({"build", "ignore=15", "ignore=2"})},
                target()));
  next_build();
  program.signal(SIGTERM);
  program.expect("SIGTERM: stopping");
  ::usleep(350'000);  // sooner, it would be the same signal
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(BuildsEnd, NothingIsLeftWhoeverIsKilled) {
  const auto builder_of = [](pid_t supervisor) {
    pid_t found = -1;
    eventually("the builder", [&] {
      for (const auto& process : proc::descendants()) {
        const bool ours = process.name == "reloadrun" && process.parent == supervisor;
        if (ours && !proc::children_of(process.pid).empty()) found = process.pid;
      }
      return found > 0;
    });
    return found;
  };
  for (const bool the_supervisor : {true, false}) {
    Program program(reloadrun(
        {"--build", reporting({"build", "daemon", "ignore=15"}), "--stop-timeout", "200ms"},
        target()));
    reports.next("ready");
    ::kill(the_supervisor ? program.pid() : builder_of(program.pid()), SIGKILL);
    EXPECT_EQ(program.wait(), (Ending{true, SIGKILL})) << program.said();
    wait_until_nothing_is_left();
  }
}

}  // namespace
}  // namespace reloadrun::test
