// --build: when it runs, what stops it, what follows; and that nothing is left of it.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "helpers/fixture.hpp"
#include "proc/child.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class Build : public EndToEnd {
 protected:
  /// A command line for sh that runs the test target, which reports like any.
  [[nodiscard]] std::string reporting(const Words& orders) const {
    std::string line = "exec";
    for (const std::string& word : target(orders)) line += " '" + word + "'";
    return line;
  }
  /// A build that goes on for as long as `slow` is beside the watched directory, and ends with 0 at
  /// once otherwise. It tells of INT, and ends with 0 by USR2.
  [[nodiscard]] std::string slow_build() const {
    return "test -e ../slow || exit 0; " + reporting({"build", "last-words=2", "end-by=12"});
  }
  void make_slow() const { std::ofstream(place.beside("slow")) << "yes"; }
  void make_fast() const { fs::remove(place.beside("slow")); }

  /// The next start of COMMAND, passing over those of builds.
  Report next_start() {
    for (;;) {
      auto start = reports.next("start");
      if (!is_build(start)) return start;
    }
  }
  /// Waits until a build runs and listens to signals; returns its pid.
  int next_build() {
    const auto start = reports.next("start");
    EXPECT_TRUE(is_build(start)) << start["arguments"];
    reports.next("ready");
    return start.number("pid");
  }
  static bool is_build(const Report& start) {
    return start["arguments"].find("[build]") != std::string::npos;
  }
  void expect_restart(const std::string& generation, const std::string& changed) {
    const auto start = next_start();
    EXPECT_EQ(start["generation"], "'" + generation + "'");
    EXPECT_EQ(start["changed"], "'" + changed + "'");
  }
};

TEST_F(Build, ComesBeforeTheFirstStartAndBeforeEveryRestart) {
  Program program(reloadrun({"--build", "echo line >> ../builds"}, target()));
  expect_restart("1", "");
  EXPECT_EQ(content_of(place.beside("builds")), "line\n");
  reports.next("ready");
  place.edit("app.c", "new");
  expect_restart("2", "app.c");
  EXPECT_EQ(content_of(place.beside("builds")), "line\nline\n");
  reports.next("ready");
  program.signal(SIGUSR1);
  expect_restart("3", "");
  EXPECT_EQ(content_of(place.beside("builds")), "line\nline\nline\n");
  end(program);
}

TEST_F(Build, ThatFailsLeavesTheOldTargetAndIsTriedAgain) {
  place.edit("app.c", "good");
  Program program(reloadrun({"--build", "grep -q good app.c", "--stop-timeout", "300ms"},
                            target({"tell=15"})));
  const int first = next_start().number("pid");
  reports.next("ready");
  place.edit("app.c", "bad");
  program.expect("app.c changed: building");
  program.expect("the build exited with status 1 after");
  EXPECT_TRUE(is_alive(first));
  place.edit("other.c", "new");
  program.expect("the build exited with status 1 after");
  EXPECT_TRUE(is_alive(first));
  EXPECT_FALSE(reports.has("signal"));  // not even asked to stop
  place.edit("app.c", "good again");
  program.expect("built in");
  EXPECT_EQ(reports.next("signal").number("pid"), first);
  expect_restart("2", "app.c\nother.c");
  end(program);
}

TEST_F(Build, TheFirstMayFail) {
  Program program(reloadrun({"--build", "test -e app.c && cp ../built ./server"},
                            {"./server", reports.path()}));
  fs::copy_file(test_target_path(), place.beside("built"));
  program.expect("the build exited with status 1 after");
  place.edit("app.c", "new");
  expect_restart("1", "app.c");
  reports.next("ready");
  end(program);
}

TEST_F(Build, OfACommandThatIsNotThereWaitsForAChange) {
  Program program(reloadrun({"--build", "test ! -e app.c || cp ../built ./server"},
                            {"./server", reports.path()}));
  fs::copy_file(test_target_path(), place.beside("built"));
  program.expect("built in");
  program.expect("waiting for a change");
  place.edit("app.c", "new");
  next_start();
  reports.next("ready");
  end(program);
}

TEST_F(Build, IsStoppedByAChangeAndBeginsAgain) {
  Program program(reloadrun({"--build", slow_build()}, target()));
  next_start();
  reports.next("ready");
  make_slow();
  place.edit("a.c", "new");
  const int pid = next_build();
  make_fast();
  place.edit("b.c", "new");
  const auto words = reports.next("last-words");
  EXPECT_EQ(words.number("number"), SIGINT);
  EXPECT_EQ(words.number("pid"), pid);
  expect_restart("2", "a.c\nb.c");
  end(program);
}

TEST_F(Build, TheThirdInARowFinishesAndOneMoreFollows) {
  Program program(reloadrun({"--build", slow_build()}, target()));
  next_start();
  reports.next("ready");
  make_slow();
  place.edit("1.c", "new");
  int build = next_build();
  for (const char* file : {"2.c", "3.c"}) {
    place.edit(file, "new");
    EXPECT_EQ(reports.next("last-words").number("pid"), build);
    build = next_build();
  }
  place.edit("4.c", "new");
  ::usleep(300'000);  // nothing tells that it was noticed
  EXPECT_FALSE(reports.has("last-words"));
  ::kill(build, SIGUSR2);
  expect_restart("2", "1.c\n2.c\n3.c");
  ::kill(next_build(), SIGUSR2);
  expect_restart("3", "4.c");
  end(program);
}

TEST_F(Build, TakesItsTimeToStop) {
  // What ignores INT is killed after --stop-timeout, and the next one begins only then.
  Program program(reloadrun({"--stop-timeout", "300ms", "--build",
                             "test -e ../slow || exit 0; " + reporting({"build", "ignore=2"})},
                            target()));
  next_start();
  reports.next("ready");
  make_slow();
  place.edit("a.c", "new");
  const int pid = next_build();
  make_fast();
  place.edit("b.c", "new");
  program.expect("killing test_target");
  expect_restart("2", "a.c\nb.c");
  EXPECT_FALSE(is_alive(pid));
  end(program);
}

TEST_F(Build, GetsNoInputAndSpeaksOnStderr) {
  auto invocation =
      reloadrun({"--build", "cat; echo spoken; echo complaint >&2; echo $RUN_MAIN$RELOADRUN_CHANNEL."},
                target());
  Program program(invocation);
  program.expect("spoken");
  program.expect("complaint");
  program.expect(".");
  next_start();
  reports.next("ready");
  EXPECT_EQ(program.printed(), "");
  end(program);
}

TEST_F(Build, WaitsWithThePostponedStart) {
  Program program(reloadrun({"--postpone", "--build", "echo line >> ../builds"}, target()));
  program.expect("waiting for the first change");
  EXPECT_FALSE(fs::exists(place.beside("builds")));
  place.edit("a.c", "new");
  expect_restart("1", "a.c");
  EXPECT_EQ(content_of(place.beside("builds")), "line\n");
  end(program);
}

TEST_F(Build, IsNotRunForATargetThatEndsByItself) {
  Program program(reloadrun({"--on-exit", "restart", "--build", "echo line >> ../builds"},
                            target({"first=exit=3"})));
  next_start();
  expect_restart("2", "");
  EXPECT_EQ(content_of(place.beside("builds")), "line\n");
  end(program);
}

TEST_F(Build, IsNotNeededForASignal) {
  place.edit("de.mo", "old");
  Program program(reloadrun({"--soft", "*.mo=HUP", "--build", "echo line >> ../builds"},
                            target({"first=tell=1"})));
  next_start();
  reports.next("ready");
  program.expect("started");
  place.edit("de.mo", "newer");
  reports.next("signal");
  EXPECT_EQ(content_of(place.beside("builds")), "line\n");
  place.edit("a.c", "new");
  expect_restart("2", "a.c");
  reports.next("ready");
  program.expect("restarted");
  place.edit("de.mo", "newest");  // which nobody catches now
  expect_restart("3", "de.mo");
  EXPECT_EQ(content_of(place.beside("builds")), "line\nline\nline\n");
  end(program);
}

TEST_F(Build, EndsWithReloadrunOnCtrlC) {
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

TEST_F(Build, EndsWithReloadrunWhateverItHasStarted) {
  for (const int by : {SIGTERM, SIGHUP}) {
    Program program(
        reloadrun({"--build", reporting({"build", "daemon", "child=daemon", "child=tell=2"})},
                  target()));
    reports.next("ready");
    program.signal(by);
    EXPECT_EQ(program.wait(), Ending{});
    EXPECT_TRUE(proc::no_child_left());
  }
}

TEST_F(Build, ItsDaemonsLiveUntilReloadrunEnds) {
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

TEST_F(Build, AskedForDuringAStopIsStoppedByAChangeLikeAny) {
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

TEST_F(Build, ByABuilderThatIsStoppedKeepsNobodyFromEnding) {
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

TEST_F(Build, NothingIsLeftWhoeverIsKilled) {
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
  make_slow();
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
