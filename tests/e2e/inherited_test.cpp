// What the target is given: arguments, environment, descriptors, signals; and RUN_MAIN, which it
// never sees.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "app/channel.hpp"
#include "helpers/deadline.hpp"
#include "helpers/fixture.hpp"
#include "helpers/processes.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

class Inherited : public EndToEnd {
 protected:
  Report start_of_generation_2() {
    reports.next("ready");
    place.edit("app.py", "changed");
    Report start = reports.next("start");
    reports.next("ready");
    return start;
  }
};

TEST_F(Inherited, ArgumentsByteForByte) {
  const Words orders{"",         "two words",   "--",      "--list", "-w",
                     "\xff\xfe", "line\nbreak", "$HOME *", "--"};
  std::string expected;
  for (const auto& order : orders) expected += "[" + order + "]";
  Program program(reloadrun({}, target(orders)));
  EXPECT_EQ(reports.next("start")["arguments"], expected);
  EXPECT_EQ(start_of_generation_2()["arguments"], expected);
  end(program);
}

TEST_F(Inherited, ArgumentsLargerThanAnyMessage) {
  Words command{"sh", "-c", "exit $(( ${#1} == 120000 && $# == 10 ? 5 : 6 ))", "sh"};
  for (int i = 0; i < 10; ++i) command.emplace_back(120000, 'x');
  Program program(reloadrun({"--on-exit", "exit"}, command));
  EXPECT_EQ(program.wait(), (Ending{false, 5}));
}

TEST_F(Inherited, OptionsEndAtTheCommandWithoutASeparator) {
  auto invocation = reloadrun({}, {});
  invocation.arguments.pop_back();  // the "--"
  for (const auto& word : target({"--on-exit", "wait", "-q", "--", "--list"})) {
    invocation.arguments.push_back(word);
  }
  Program program(invocation);
  EXPECT_EQ(reports.next("start")["arguments"], "[--on-exit][wait][-q][--][--list]");
  reports.next("ready");
  end(program);
}

TEST_F(Inherited, TheEnvironmentAndTwoVariables) {
  auto invocation = reloadrun({}, target());
  invocation.environment = {"GIVEN=as it is", "RUN_MAIN=true"};
  Program program(invocation);
  std::string expected;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view text(*one);
    expected += std::string(text.substr(0, text.find('='))) + " ";
  }
  expected += "GIVEN RELOADRUN_GENERATION RELOADRUN_CHANGED ";
  const auto start = reports.next("start");
  EXPECT_EQ(start["environment"], expected);
  EXPECT_EQ(start["given"], "'as it is'");
  EXPECT_EQ(start_of_generation_2()["environment"], expected);
  end(program);
}

TEST_F(Inherited, AForgedRunMainAndSocketChangeNothing) {
  for (const char* channel : {"RELOADRUN_CHANNEL=0", "RELOADRUN_CHANNEL=7", "RELOADRUN_CHANNEL=x",
                              "RELOADRUN_CHANNEL=99999999999"}) {
    auto invocation = reloadrun({}, target());
    invocation.environment = {"RUN_MAIN=true", channel};
    invocation.prepare = [] {
      int ends[2];
      if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) ::_exit(1);
      static_cast<void>(!::write(ends[1], "something else", 14));
      ::dup2(ends[0], 7);
      ::setenv("RELOADRUN_PID", std::to_string(::getpid()).c_str(), 1);
    };
    Program program(invocation);
    const auto start = reports.next("start");
    EXPECT_EQ(start["run_main"], "unset");
    EXPECT_EQ(start["environment"].find("RELOADRUN_CHANNEL"), std::string::npos);
    EXPECT_NE(start.number("parent"), program.pid());  // there is a reloader between
    EXPECT_EQ(start_of_generation_2()["generation"], "'2'");
    end(program);
  }
}

/// A dying supervisor's threads end one by one: its children become another's before the last of
/// them has closed the socket.
TEST_F(Inherited, WhatADyingSupervisorHasExecutedIsStillAReloader) {
  Pipe supervisors_last_thread = make_pipe();
  auto invocation = reloadrun({}, target());
  invocation.prepare = [&] {
    auto [supervisors, reloaders] = app::Channel::make_pair(app::Role::reloader);
    supervisors_last_thread.writing = Fd();
    const pid_t supervisor = ::getpid();
    if (::fork() == 0) {
      char none = 0;
      reloaders = {};
      ::_exit(static_cast<int>(::read(supervisors_last_thread.reading.get(), &none, 1)));
    }
    if (::fork() > 0) ::_exit(0);
    while (::getppid() == supervisor) ::sched_yield();
    ::dup2(reloaders.fd(), 100);
    ::setenv(app::run_main_variable, "true", 1);
    ::setenv(app::channel_variable, "100", 1);
    ::setenv(app::pid_variable, std::to_string(::getpid()).c_str(), 1);
  };
  Program program(invocation);
  EXPECT_EQ(program.wait(), Ending{});
  eventually("who waits", [] {
    const auto orphans = proc::children_of(::getpid());
    return std::ranges::any_of(orphans, [](pid_t pid) { return is_in_call(pid, SYS_ppoll); });
  });
  EXPECT_FALSE(reports.has("start"));
  supervisors_last_thread.writing = Fd();
  wait_until_nothing_is_left();
  EXPECT_FALSE(reports.has("start"));
}

TEST_F(Inherited, EveryDescriptorAndNoneOfOurs) {
  auto invocation = reloadrun({}, target());
  invocation.prepare = [] {
    ::closefrom(3);
    ::dup2(STDIN_FILENO, 3);
    ::dup2(STDIN_FILENO, 9);
    ::dup2(STDIN_FILENO, 200);
  };
  Program program(invocation);
  EXPECT_EQ(reports.next("start")["descriptors"], "0,1,2,3,9,200,");
  EXPECT_EQ(start_of_generation_2()["descriptors"], "0,1,2,3,9,200,");
  end(program);
}

TEST_F(Inherited, ClosedStandardDescriptorsStayClosed) {
  auto invocation = reloadrun({}, target());
  invocation.prepare = [] {
    ::closefrom(3);
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);
  };
  Program program(invocation);
  EXPECT_EQ(reports.next("start")["descriptors"], "2,");
  EXPECT_EQ(start_of_generation_2()["descriptors"], "2,");
  program.expect("restarted");
  end(program);
}

TEST_F(Inherited, NoStderrAtAll) {
  auto invocation = reloadrun({}, target());
  invocation.prepare = [] {
    ::closefrom(3);
    ::close(STDERR_FILENO);
  };
  Program program(invocation);
  EXPECT_EQ(reports.next("start")["descriptors"], "0,1,");
  EXPECT_EQ(start_of_generation_2()["descriptors"], "0,1,");
  end(program);
}

TEST_F(Inherited, SignalMaskAndDispositions) {
  auto invocation = reloadrun({}, target());
  invocation.prepare = [] {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGCHLD, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigaddset(&blocked, SIGALRM);
    ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
  };
  Program program(invocation);
  for (const auto& start : {reports.next("start"), start_of_generation_2()}) {
    EXPECT_EQ(start["ignored"], "1,13,17,");
    EXPECT_EQ(start["blocked"], "12,14,");
  }
  end(program);
}

TEST_F(Inherited, NothingOfOursInAPlainStart) {
  Program program(reloadrun({}, target()));
  for (const auto& start : {reports.next("start"), start_of_generation_2()}) {
    EXPECT_EQ(start["ignored"], "");
    EXPECT_EQ(start["blocked"], "");
    EXPECT_EQ(start.number("group"), program.pid());  // one process group
  }
  end(program);
}

TEST_F(Inherited, ReloadrunRunsUnderReloadrun) {
  // The outer one watches one file, the inner one another.
  place.edit("outer", "one");
  place.edit("inner", "one");
  auto invocation = reloadrun({"-w", "outer"}, {});
  for (const auto& word : reloadrun({"-w", "inner"}, target()).arguments) {
    invocation.arguments.push_back(word);
  }
  Program program(invocation);
  const auto first = reports.next("start");
  EXPECT_EQ(first["generation"], "'1'");
  EXPECT_EQ(first["run_main"], "unset");
  reports.next("ready");
  place.edit("inner", "two");
  const auto second = reports.next("start");
  EXPECT_EQ(second["generation"], "'2'");
  EXPECT_EQ(second["changed"], "'inner'");
  reports.next("ready");
  place.edit("outer", "two");
  const auto third = reports.next("start");
  EXPECT_EQ(third["generation"], "'1'");  // of a new inner reloadrun
  EXPECT_FALSE(is_alive(second.number("pid")));
  reports.next("ready");
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
