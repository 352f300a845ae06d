// How a target's life begins and ends: --on-exit, --postpone, and commands that cannot be started.

#include <fcntl.h>
#include <signal.h>

#include <fstream>
#include <ostream>

#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

class Life : public EndToEnd {};

TEST_F(Life, ByDefaultAnEndedTargetIsStartedByTheNextChange) {
  Program program(reloadrun({}, target({"exit=3"})));  // 3 is a status like any other
  EXPECT_EQ(reports.next("start")["generation"], "'1'");
  program.expect("exited with status 3");
  program.expect("waiting for a change");
  place.edit("app.py", "changed");
  EXPECT_EQ(reports.next("start")["generation"], "'2'");
  program.expect("waiting for a change");
  EXPECT_FALSE(reports.has("start"));
  end(program);
}

TEST_F(Life, OnExitExitPassesTheStatusOn) {
  for (const int status : {0, 1, 3, 126, 255}) {
    Program program(reloadrun({"--on-exit", "exit"}, target({"exit=" + std::to_string(status)})));
    EXPECT_EQ(program.wait(), (Ending{false, status}));
  }
}

TEST_F(Life, OnExitExitEndsByTheTargetsSignal) {
  for (const int number : {SIGKILL, SIGTERM, SIGINT, SIGPIPE, SIGUSR1}) {
    Program program(reloadrun({"--on-exit=exit"}, target({"die=" + std::to_string(number)})));
    const Ending ending = program.wait();
    EXPECT_TRUE(ending.by_signal);
    EXPECT_EQ(ending.value, number);
  }
}

TEST_F(Life, OnExitExitLeavesNoDaemon) {
  Program program(reloadrun({"--on-exit", "exit"}, target({"daemon", "child=tell=12", "exit=5"})));
  EXPECT_EQ(program.wait(), (Ending{false, 5}));
}

TEST_F(Life, OnExitRestartStartsAgainAndSlowsDown) {
  Program program(reloadrun({"--on-exit", "restart"}, target({"daemon", "exit=0"})));
  for (int generation = 1; generation <= 4; ++generation) {
    EXPECT_EQ(reports.next("start").fields["generation"], "'" + std::to_string(generation) + "'");
  }
  // At once at first, then after 100 ms, 200 ms ...
  program.expect("again in 100 ms");
  program.expect("again in 200 ms");
  end(program);
}

TEST_F(Life, OnExitRestartForgetsAfterAGoodRun) {
  // The third run is a good one: what follows is as if nothing had been before.
  Program program(reloadrun({"--on-exit", "restart"},
                            {"sh", "-c", "[ $RELOADRUN_GENERATION != 3 ] || sleep 5.1; exit 1"}));
  for (const char* said :
       {"restarted, pid", "again in 100 ms", "restarted, pid", "status 1 after", "restarted, pid",
        "again in 100 ms", "restarted, pid", "again in 200 ms"}) {
    program.expect(said);
  }
  end(program);
  EXPECT_EQ(program.said().find("again in 200 ms"), program.said().rfind("again in 200 ms"));
}

TEST_F(Life, OnExitRestartIsInterruptedByAChange) {
  Program program(reloadrun({"--on-exit", "restart"}, target({"exit=1"})));
  program.expect("again in 800 ms");
  place.edit("app.py", "changed");
  program.expect("app.py appeared: starting");
  for (;;) {
    const auto start = reports.next("start");
    if (start["changed"] == "'app.py'") break;
    ASSERT_EQ(start["changed"], "''");
  }
  end(program);
}

TEST_F(Life, PostponedUntilTheFirstChange) {
  place.edit("app.py", "one");
  Program program(reloadrun({"--postpone"}, target()));
  program.expect("waiting for the first change");
  EXPECT_FALSE(reports.has("start"));
  place.edit("app.py", "two");
  const auto start = reports.next("start");
  EXPECT_EQ(start["generation"], "'1'");
  EXPECT_EQ(start["changed"], "'app.py'");
  reports.next("ready");
  end(program);
}

TEST_F(Life, PostponedUntilUsr1) {
  Program program(reloadrun({"--postpone"}, target()));
  program.expect("waiting for the first change");
  program.signal(SIGUSR1);
  EXPECT_EQ(reports.next("start")["generation"], "'1'");
  reports.next("ready");
  end(program);
}

TEST_F(Life, PostponedUntilAUsr1ThatComesDuringTheFirstLook) {
  for (int i = 0; i < 3000; ++i) std::ofstream(place.work() / std::to_string(i));
  Program program(reloadrun({"--postpone"}, target()));
  only_child_of(program.pid());  // there is a reloader, and it looks
  program.signal(SIGUSR1);
  EXPECT_EQ(reports.next("start")["generation"], "'1'");
  reports.next("ready");
  end(program);
}

TEST_F(Life, StoppedWhilePostponed) {
  Program program(reloadrun({"--postpone"}, target()));
  program.expect("waiting for the first change");
  end(program);
  EXPECT_FALSE(reports.has("start"));
}

struct Unstartable {
  const char* test;
  const char* name;
  const char* content;
  bool executable;
  int status;
  const char* said;
};

void PrintTo(const Unstartable& unstartable, std::ostream* stream) { *stream << unstartable.test; }

class Unstartables : public Life, public testing::WithParamInterface<Unstartable> {};

TEST_P(Unstartables, EndTheFirstStartWithTheShellsStatusAndOneLine) {
  const auto& unstartable = GetParam();
  if (unstartable.content != nullptr) {
    std::ofstream(place.work() / "command") << unstartable.content;
    if (unstartable.executable) {
      std::filesystem::permissions(place.work() / "command", std::filesystem::perms::owner_all);
    }
  }
  Program program(reloadrun({}, {unstartable.name}));
  EXPECT_EQ(program.wait(), (Ending{false, unstartable.status}));
  EXPECT_EQ(program.said(), unstartable.said);
}

INSTANTIATE_TEST_SUITE_P(
    Life, Unstartables,
    testing::Values(
        Unstartable{"NoSuchCommand", "no-such-command", nullptr, false, 127,
                    "reloadrun: COMMAND 'no-such-command' is not found: check its name and PATH\n"},
        Unstartable{"NoSuchFile", "./no-such-file", nullptr, false, 127,
                    "reloadrun: COMMAND './no-such-file' is not found: check its path\n"},
        Unstartable{"AWholeLine", "python3 app.py", nullptr, false, 127,
                    "reloadrun: COMMAND 'python3 app.py' is not found: give each word by itself, "
                    "or the whole line to sh -c\n"},
        Unstartable{"AVariable", "DEBUG=1", nullptr, false, 127,
                    "reloadrun: COMMAND 'DEBUG=1' is not found: set variables before reloadrun, "
                    "with env or with --env-file\n"},
        Unstartable{"AVariableOfAWholeLine", "PATH=bin:$PATH serve", nullptr, false, 127,
                    "reloadrun: COMMAND 'PATH=bin:$PATH serve' is not found: set variables before "
                    "reloadrun, with env or with --env-file\n"},
        Unstartable{"AWholeLineOrAPath", "./my server", nullptr, false, 127,
                    "reloadrun: COMMAND './my server' is not found: check its path, or give each "
                    "word by itself\n"},
        Unstartable{"APathThatHasMoreThanLetters", "./a=b", nullptr, false, 127,
                    "reloadrun: COMMAND './a=b' is not found: check its path\n"},
        Unstartable{
            "NoXBit", "./command", "#!/bin/sh\n", false, 126,
            "reloadrun: COMMAND './command' cannot be executed (Permission denied): make it "
            "executable, as with chmod +x\n"},
        Unstartable{"ADirectory", ".", nullptr, false, 127,
                    "reloadrun: COMMAND '.' is not found: check its name and PATH\n"},
        Unstartable{
            "ADirectoryByPath", "./", nullptr, false, 126,
            "reloadrun: COMMAND './' cannot be executed (Is a directory): name a program\n"},
        Unstartable{"NoInterpreter", "./command", "#!/no/such/interpreter\n", true, 126,
                    "reloadrun: COMMAND './command' cannot be executed (its interpreter or loader "
                    "is missing): check its first line\n"},
        Unstartable{
            "NoFormat", "./command", "echo no shell is asked\n", true, 126,
            "reloadrun: COMMAND './command' cannot be executed (Exec format error): give it "
            "a #! line or build it for this machine\n"}),
    [](const auto& test) { return std::string(test.param.test); });

TEST_F(Life, AFullStderrStopsNothing) {
  // A full pipe: whatever is written there blocks.
  auto invocation = reloadrun({"-v"}, target());
  invocation.prepare = [] {
    int ends[2];
    if (::pipe(ends) != 0) ::_exit(1);
    ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
    const std::string block(4096, '.');
    while (::write(ends[1], block.data(), block.size()) > 0) {
    }
    ::fcntl(ends[1], F_SETFL, 0);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
  };
  Program program(invocation);
  reports.next("ready");
  for (int generation = 2; generation <= 5; ++generation) {
    place.edit("app.py", std::to_string(generation));
    EXPECT_EQ(reports.next("start")["generation"], "'" + std::to_string(generation) + "'");
    reports.next("ready");
  }
  end(program);
}

TEST_F(Life, AnErrorThatCannotBeToldKeepsItsStatus) {
  const std::vector<std::pair<std::string, int>> cases{
      {"--nonsense", 2}, {"-w /nowhere true", 2}, {"no-such-command", 127}};
  for (const auto& [words, status] : cases) {
    for (const char* to : {"2>/dev/full", "2>&-"}) {
      const std::string line = reloadrun_path() + " " + words + " " + to;
      Program program({.arguments = {"sh", "-c", line + "; exit $?"}, .directory = place.work()});
      EXPECT_EQ(program.wait(), (Ending{false, status})) << line;
    }
    const std::string unread =
        "exec 3>&1; { " + reloadrun_path() + " " + words + " 3>&-; echo $? >&3; } 2>&1 | exec true";
    Program program({.arguments = {"sh", "-c", unread}, .directory = place.work()});
    program.wait();
    EXPECT_EQ(program.printed(), std::to_string(status) + "\n") << unread;
  }
  for (const char* to : {" >/dev/full", " >&-"}) {
    Program list({.arguments = {"sh", "-c", reloadrun_path() + " --list -w . -- /bin/sh" + to},
                  .directory = place.work()});
    EXPECT_EQ(list.wait(), (Ending{false, 1})) << to;
    EXPECT_EQ(list.said(), "reloadrun: stdout cannot be written: check where it leads\n") << to;
  }
}

TEST_F(Life, AStderrThatNobodyReadsAnyMoreStopsNothing) {
  auto invocation = reloadrun({}, target());
  invocation.prepare = [] {
    int ends[2];
    if (::pipe(ends) != 0) ::_exit(1);
    ::close(ends[0]);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
  };
  Program program(invocation);
  reports.next("ready");
  place.edit("app.py", "changed");
  EXPECT_EQ(reports.next("start")["generation"], "'2'");
  reports.next("ready");
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
