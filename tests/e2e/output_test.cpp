// What the target, reloadrun and those around it write is output, and no change.

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/clock.hpp"
#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Output : public EndToEnd, public testing::WithParamInterface<const char*> {
 protected:
  [[nodiscard]] Words watching() const { return {"--watcher", GetParam()}; }

  /// The fence: had anything before been a change, it would be named, or this be a later
  /// generation.
  void expect_only_the_fence(const std::string& generation) {
    place.edit("fence", generation);
    const auto start = reports.next("start");
    EXPECT_EQ(start["generation"], "'" + generation + "'");
    EXPECT_EQ(start["changed"], "'fence'");
    reports.next("ready");
  }
};

INSTANTIATE_TEST_SUITE_P(Watcher, Output, testing::Values("auto", "stat"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(Output, OfTheTargetWhileItRunsAndWhenItIsStopped) {
  Program program(reloadrun(watching(), target({"log=server.out"})));
  for (const char* generation : {"2", "3"}) {
    reports.next("ready");
    for (int line = 0; line < 3; ++line) {
      program.signal(SIGUSR2);
      reports.next("logged");
    }
    place.edit("fence", generation);
    const auto start = reports.next("start");
    EXPECT_EQ(start["generation"], "'" + std::string(generation) + "'");
    EXPECT_EQ(start["changed"], "'fence'");
  }
  reports.next("ready");
  end(program);
  EXPECT_NE(content_of(place.work() / "server.out").find("stopped"), std::string::npos);
}

TEST_P(Output, OfADescendantThatBecameADaemon) {
  Program program(reloadrun(watching(), target({"child=log=server.out"})));
  reports.next("ready");
  expect_only_the_fence("2");
  end(program);
}

TEST_P(Output, CountsWhenAUserEditsItAndNobodyHoldsIt) {
  Program program(reloadrun(watching(), target({"first=log=server.out"})));
  reports.next("ready");
  expect_only_the_fence("2");
  place.edit("server.out", "by hand");
  EXPECT_EQ(reports.next("start")["changed"], "'server.out'");
  reports.next("ready");
  end(program);
}

TEST_P(Output, CountsWhenAUserEditsItInPlaceAfterItWasClosed) {
  Words options = watching();
  options.emplace_back("-v");
  Program program(reloadrun(options, target({"log=server.out"})));
  const int pid = reports.next("start").number("pid");
  reports.next("ready");
  program.signal(SIGUSR2);
  program.expect("server.out is output");
  ::kill(pid, SIGKILL);  // no last line
  program.expect("server.out is output no more");
  std::ofstream(place.work() / "server.out") << "by hand";
  EXPECT_EQ(reports.next("start")["changed"], "'server.out'");
  reports.next("ready");
  end(program);
}

TEST_P(Output, OfATargetsLastWordsWhenItEndsByItself) {
  Words options = watching();
  options.emplace_back("-v");
  Program program(reloadrun(options, target({"log=server.out"})));
  const int pid = reports.next("start").number("pid");
  reports.next("ready");
  program.signal(SIGUSR2);
  reports.next("logged");
  program.expect("server.out is output");
  ::kill(pid, SIGTERM);  // it appends a last line and exits
  program.expect("waiting for a change");
  expect_only_the_fence("2");
  end(program);
}

TEST_P(Output, ThroughAPipeToTee) {
  std::string line;
  for (const std::string& word : reloadrun(watching(), target({})).arguments) line += word + " ";
  Program program(
      {.arguments = {"sh", "-c", line + "2>&1 | tee dev.out"}, .directory = place.work()});
  reports.next("ready");
  expect_only_the_fence("2");
  expect_only_the_fence("3");
  // The whole pipeline, as Ctrl-C does it.
  ::kill(-program.pid(), SIGINT);
  program.wait();
  EXPECT_NE(content_of(place.work() / "dev.out").find("fence"), std::string::npos);
}

// A lease is for a file's owner: who writes it is told by /proc alone.
TEST_P(Output, ThroughAPipeToTeeIntoAFileOfAnother) {
  if (::geteuid() != 0) GTEST_SKIP() << "another user is root's to become";
  std::string line;
  for (const std::string& word : reloadrun(watching(), target({})).arguments) line += word + " ";
  const fs::path out = place.work() / "dev.out";
  std::ofstream{out};
  for (const fs::path& path :
       {place.work().parent_path(), place.work(), fs::path(reports.path()), out}) {
    fs::permissions(path, fs::perms::all);
  }
  Program program({.arguments = {"setpriv", "--reuid", "65534", "--clear-groups", "sh", "-c",
                                 line + "2>&1 | tee dev.out"},
                   .directory = place.work()});
  reports.next("ready");
  expect_only_the_fence("2");
  expect_only_the_fence("3");
  ::kill(-program.pid(), SIGINT);
  program.wait();
}

TEST_P(Output, CountsWhenAUserPutsAnotherFileInItsPlace) {
  Words options = watching();
  options.emplace_back("-v");
  Program program(reloadrun(options, target({"log=server.out"})));
  reports.next("ready");
  program.signal(SIGUSR2);
  program.expect("server.out is output");
  place.edit("server.out", "by hand");  // the target still holds the file that was there
  EXPECT_EQ(reports.next("start")["changed"], "'server.out'");
  reports.next("ready");
  end(program);
}

/// A script that starts reloadrun in the background and goes on writes sources, not output.
class OutputOfTheGroup : public Output {
 protected:
  OutputOfTheGroup() {
    for (const char* fifo : {"one", "two"}) {
      if (::mkfifo(place.beside(fifo).c_str(), 0600) != 0) throw_errno("mkfifo");
    }
  }
  /// These shell commands after reloadrun was started; go() lets each "read go" end.
  [[nodiscard]] Invocation script(const std::string& then) const {
    Words options = watching();
    options.emplace_back("-v");
    std::string line;
    for (const std::string& word : reloadrun(options, target({})).arguments) line += word + " ";
    return {.arguments = {"sh", "-c", line + "& " + then + "; wait"}, .directory = place.work()};
  }
  void go(const char* fifo) { std::ofstream(place.beside(fifo)) << "go\n"; }
  void expect_a_start_for(const std::string& path) {
    EXPECT_EQ(reports.next("start")["changed"], "'" + path + "'");
    reports.next("ready");
  }
  void end_all(Program& program) {
    ::kill(-program.pid(), SIGTERM);
    program.wait();
    wait_until_nothing_is_left();
  }
};

INSTANTIATE_TEST_SUITE_P(Watcher, OutputOfTheGroup, testing::Values("auto", "stat"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(OutputOfTheGroup, IsAChangeOnceItIsClosed) {
  Program program(
      script("read go < ../one; exec 5> app.py; echo text >&5; read go < ../two; exec 5>&-"));
  expect_a_start_for("");
  go("one");
  program.expect("a change once it is closed");
  EXPECT_FALSE(reports.has("start"));
  go("two");
  expect_a_start_for("app.py");
  end_all(program);
}

TEST_P(OutputOfTheGroup, IsAChangeWhenItsLastWordsAreSeenAfterItWasClosed) {
  Program program(
      script("read go < ../one; exec 5> app.py; read go < ../two; echo text >&5; exec 5>&-"));
  expect_a_start_for("");
  go("one");
  program.expect("a change once it is closed");
  go("two");
  expect_a_start_for("app.py");
  end_all(program);
}

TEST_P(Output, OfReloadrunItselfIntoAFile) {
  std::string line = "exec ";
  for (const std::string& word : reloadrun(watching(), target({})).arguments) line += word + " ";
  Program program({.arguments = {"sh", "-c", line + "> run.out 2>&1"}, .directory = place.work()});
  reports.next("ready");
  expect_only_the_fence("2");
  expect_only_the_fence("3");
  end(program);
  EXPECT_NE(content_of(place.work() / "run.out").find("fence"), std::string::npos);
}

// As Django does: the data base is opened, written and closed by each request.
TEST_P(Output, OfAnSqliteDatabaseWrittenOnceARequest) {
  std::ofstream(place.beside("server.py")) << R"py(
import os, signal, sqlite3, sys
tell = open(sys.argv[1], "w", buffering=1)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
tell.write("start generation='%s' changed='%s'\n" % (
    os.environ["RELOADRUN_GENERATION"], os.environ["RELOADRUN_CHANGED"]))
tell.write("ready\n")
while True:
    signal.sigwait([signal.SIGUSR2])
    with sqlite3.connect("db.sqlite3") as base:
        base.execute("create table if not exists requests (at)")
        base.execute("insert into requests values (datetime())")
    base.close()
    tell.write("logged\n")
)py";
  Program program(reloadrun(
      watching(), {"/usr/bin/env", "python3", place.beside("server.py"), reports.path()}));
  reports.next("ready");
  for (int request = 0; request < 3; ++request) {
    program.signal(SIGUSR2);
    reports.next("logged");
  }
  expect_only_the_fence("2");
  end(program);
}

TEST_P(Output, ThatCannotBeToldFromAChangeIsNamedOnceAndSlowedDown) {
  Program program(reloadrun(watching(), target({"touch=made.txt"})));
  program.expect("made.txt changes soon after each start");
  const std::string& said = program.said();
  EXPECT_NE(said.find("-i '/made.txt'"), std::string::npos) << said;
  // From now on half a second from start to start, then one, then two.
  while (reports.has("start")) {
  }
  const auto begun = Clock::now();
  for (int start = 0; start < 3; ++start) reports.next("start");
  EXPECT_GE(Clock::now() - begun, 1s);
  end(program);
  EXPECT_EQ(program.said().find("soon after each start"),
            program.said().rfind("soon after each start"));
}

}  // namespace
}  // namespace reloadrun::test
