// --build: when it runs, what stops it, and what follows.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "e2e/building.hpp"
#include "proc/signals.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

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
  Program program(
      reloadrun({"--build", "grep -q good app.c", "--stop-timeout", "300ms"}, target({"tell=15"})));
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
  // COMMAND and the build that follows start side by side.
  Report command = reports.next("start");
  Report more = reports.next("start");
  if (is_build(command)) std::swap(command, more);
  EXPECT_EQ(command["generation"], "'2'");
  EXPECT_EQ(command["changed"], "'1.c\n2.c\n3.c'");
  ASSERT_TRUE(is_build(more));
  const int pid = more.number("pid");
  eventually("it listens", [pid] { return proc::answers_signal(pid, SIGUSR2, {}); });
  ::kill(pid, SIGUSR2);
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
  auto invocation = reloadrun(
      {"--build", "cat; echo spoken; echo complaint >&2; echo $RUN_MAIN$RELOADRUN_CHANNEL."},
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

TEST_F(Build, IsFollowedByTheOneThatUsr1AsksFor) {
  Program program(reloadrun({"--build", slow_build()}, target()));
  next_start();
  reports.next("ready");
  make_slow();
  place.edit("a.c", "new");
  next_build();
  make_fast();
  program.signal(SIGUSR1);
  reports.next("last-words");
  expect_restart("2", "a.c");
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
