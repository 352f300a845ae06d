// What reloadrun says, where, and how loud.

#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/kernel.hpp"
#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

class Says : public EndToEnd {
 protected:
  /// A run with one restart, up to its end.
  void restart_once(Program& program) {
    reports.next("ready");
    place.edit("app.py", "longer than before");
    reports.next("start");
    reports.next("ready");
    end(program);
  }
};

TEST_F(Says, WithVWhatTheKernelLacksInALine) {
  const bool lacks = kernel_version() < KernelVersion{6, 14};
  for (const Words& options : {Words{}, Words{"-v"}}) {
    Program program(reloadrun(options, target()));
    restart_once(program);
    EXPECT_EQ(count(program.said(), "[reloadrun] on Linux "), lacks && !options.empty() ? 1 : 0);
  }
}

TEST_F(Says, EachStepInALineOfItsOwn) {
  place.edit("app.py", "one");
  place.edit("old.py", "one");
  Program program(reloadrun({"-e", "py"}, target()));
  EXPECT_EQ(program.expect("watching"),
            "[reloadrun] watching 3 files in the current directory (*.py)");
  const auto started = reports.next("start");
  EXPECT_EQ(program.expect("started"),
            "[reloadrun] " + test_target_path() + " started, pid " + started["pid"]);
  reports.next("ready");
  place.edit("app.py", "two");
  EXPECT_EQ(program.expect("stopping"),
            "[reloadrun] app.py changed: stopping " + test_target_path());
  EXPECT_TRUE(program.expect("was ended by SIGTERM after").starts_with("[reloadrun] "));
  const auto restarted = program.expect("restarted in");
  EXPECT_TRUE(restarted.ends_with(", pid " + reports.next("start")["pid"])) << restarted;
  reports.next("ready");
  std::filesystem::remove(place.work() / "old.py");
  program.expect("old.py is gone: stopping");
  program.expect("restarted in");
  end(program);
  EXPECT_NE(program.said().find("[reloadrun] SIGTERM: stopping " + test_target_path()),
            std::string::npos);
  std::istringstream lines(program.said());
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with("[reloadrun] ")) << line;
  }
  EXPECT_EQ(program.printed(), "");
}

TEST_F(Says, HowATargetEnded) {
  const std::vector<std::pair<std::string, std::string>> endings{
      {"exit=0", "exited with status 0"},     {"exit=3", "exited with status 3"},
      {"exit=255", "exited with status 255"}, {"die=9", "was ended by SIGKILL"},
      {"die=15", "was ended by SIGTERM"},     {"die=13", "was ended by SIGPIPE"}};
  for (const char* on_exit : {"wait", "restart", "exit"}) {
    for (const auto& [order, words] : endings) {
      Program program(reloadrun({"--on-exit", on_exit}, target({order})));
      const auto line = program.expect(words + " after ");
      EXPECT_TRUE(line.starts_with("[reloadrun] " + test_target_path() + " " + words)) << line;
      if (on_exit == std::string("wait")) {
        program.expect("waiting for a change to start " + test_target_path() + " again");
      }
      if (on_exit == std::string("exit")) {
        program.wait();
      } else {
        end(program);
      }
    }
  }
}

TEST_F(Says, ThatATargetLeftACore) {
  const auto with_cores = [] {
    rlimit core{};
    ::getrlimit(RLIMIT_CORE, &core);
    core.rlim_cur = core.rlim_max;
    ::setrlimit(RLIMIT_CORE, &core);
  };
  auto invocation = reloadrun({"-w", "app.py"}, target({"die=11"}));
  invocation.prepare = with_cores;
  // Sanitizers forbid cores, to what they start, too.
  invocation.environment = {"ASAN_OPTIONS=disable_coredump=0", "TSAN_OPTIONS=disable_coredump=0"};
  place.edit("app.py", "");
  Program alone(
      {.arguments = target({"die=11"}), .directory = place.work(), .prepare = with_cores});
  if (!alone.wait().core_dumped) GTEST_SKIP() << "no program leaves a core here";
  Program program(invocation);
  program.expect("was ended by SIGSEGV (core dumped) after ");
  program.expect("waiting for a change");
  end(program);
}

TEST_F(Says, NothingWhenQuiet) {
  Program program(reloadrun({"-q"}, target()));
  restart_once(program);
  EXPECT_EQ(program.said(), "");
}

TEST_F(Says, MoreWhenVerbose) {
  place.edit("app.py", "one");
  Program program(reloadrun({"-v"}, target()));
  restart_once(program);
  EXPECT_NE(program.said().find("3 -> 18 bytes, another inode"), std::string::npos)
      << program.said();
}

TEST_F(Says, NoControlCharacterOfAFilesName) {
  Program program(reloadrun({}, target()));
  reports.next("ready");
  place.edit("evil\033[2J\nname", "");
  program.expect("evil\\x1b[2J\\x0aname appeared");
  reports.next("start");
  reports.next("ready");
  end(program);
}

TEST_F(Says, ColorsOnATerminalAloneUnlessToldOtherwise) {
  struct Case {
    bool terminal;
    Words options;
    Words environment;
    bool colored;
  };
  const std::vector<Case> cases{
      {true, {}, {"TERM=xterm", "NO_COLOR="}, true},
      {true, {}, {"TERM=xterm", "NO_COLOR=1"}, false},
      {true, {}, {"TERM=dumb"}, false},
      {true, {"--color", "never"}, {"TERM=xterm"}, false},
      {false, {}, {"TERM=xterm"}, false},
      {false, {"--color", "always"}, {"TERM=xterm", "NO_COLOR=1"}, true},
  };
  for (const auto& one : cases) {
    auto invocation = reloadrun(one.options, target());
    invocation.terminal = one.terminal;
    invocation.environment = one.environment;
    Program program(invocation);
    reports.next("ready");
    const std::string line = program.expect("started");
    EXPECT_EQ(line.find("\033[36m[reloadrun]\033[0m ") != std::string::npos, one.colored) << line;
    end(program);
  }
}

TEST_F(Says, ClearsATerminalBeforeEachStart) {
  const std::string clear = "\033[H\033[2J";
  auto invocation = reloadrun({"--clear"}, {"sh", "-c", "echo up; read x"});
  invocation.terminal = true;
  invocation.environment = {"TERM=xterm"};
  Program program(invocation);
  program.expect(clear);
  program.expect("up");
  place.edit("app.py", "changed");
  program.expect(clear);
  program.expect("up");
  end(program);

  Program piped(reloadrun({"--clear"}, target()));
  restart_once(piped);
  EXPECT_EQ(piped.said().find(clear), std::string::npos);
}

TEST_F(Says, TheListOfWatchedFiles) {
  place.edit("b.py", "");
  place.edit("a file.py", "");
  place.edit(".hidden.py", "");
  place.edit("c.txt", "");
  std::filesystem::create_directories(place.work() / "sub/empty");
  place.edit("sub/z.py", "");
  Program program({.arguments = {reloadrun_path(), "--list", "-e", "py", "-w", ".", "-w", "./sub//",
                                 "-w", "c.txt", "/bin/sh"},
                   .directory = place.work()});
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_EQ(program.printed(), ".hidden.py\n/bin/sh\na file.py\nb.py\nc.txt\nsub/z.py\n");
  EXPECT_EQ(program.said(), "");
}

TEST_F(Says, WhatIsWrongWithTheRulesOfAListOnStderr) {
  place.edit("b.py", "");
  std::filesystem::create_symlink("b.py", place.work() / ".gitignore");
  Program program({.arguments = {reloadrun_path(), "--list", "-e", "py", "/bin/sh"},
                   .directory = place.work()});
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_EQ(program.printed(), "/bin/sh\nb.py\n");
  EXPECT_EQ(program.said(), "[reloadrun] .gitignore cannot be read (a symbolic link): left out\n");
}

TEST_F(Says, HelpWithin80ColumnsThatEndsWithExamples) {
  Program program({.arguments = {reloadrun_path(), "--help"}, .directory = place.work()});
  EXPECT_EQ(program.wait(), Ending{});
  const std::string help = program.printed();
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  for (const char* group : {"\nWhat is watched:\n", "\nWhat is a change:\n",
                            "\nStarting and stopping:\n", "\nOutput:\n"}) {
    EXPECT_NE(help.find(group), std::string::npos) << group;
  }
  const auto examples = help.find("\nExamples:\n");
  ASSERT_NE(examples, std::string::npos);
  int count = 0;
  for (auto at = help.find("\n  reloadrun ", examples); at != std::string::npos;
       at = help.find("\n  reloadrun ", at + 1)) {
    ++count;
  }
  EXPECT_EQ(count, 3);
  EXPECT_EQ(help.find_last_of('\n'), help.size() - 1);
}

TEST_F(Says, TheVersion) {
  Program program({.arguments = {reloadrun_path(), "--version"}, .directory = place.work()});
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_TRUE(program.printed().starts_with("reloadrun 0."));
}

}  // namespace
}  // namespace reloadrun::test
