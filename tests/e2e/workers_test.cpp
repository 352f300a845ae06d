// Whom --stop-signal reaches: workers are left to the master that has forked them, whoever was
// executed is signalled itself. And what a debugger keeps of those that have ended.

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <string>

#include "base/fd.hpp"
#include "e2e/building.hpp"
#include "fmt/format.h"
#include "helpers/deadline.hpp"
#include "helpers/debugger.hpp"
#include "proc/child.hpp"
#include "proc/stat.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

/// Longer than any test waits: what is not asked to end does not.
const Words never_killed{"--stop-timeout", "5m"};

class Workers : public EndToEnd {
 protected:
  Workers() {
    // A word of a script's: an event, as the test target reports it.
    std::ofstream(place.beside("say.py"))
        << "import os, signal, sys, time\n"
           "def say(word):\n"
           "  f = os.open('../reports', os.O_WRONLY); os.write(f, (word + '\\n').encode())\n"
           "  os.close(f)\n";
  }
  [[nodiscard]] Invocation python_in_place(const Words& options, const std::string& name) const {
    auto invocation = reloadrun(options, {python, "../" + name});
    invocation.environment = {"PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"};
    return invocation;
  }
  /// ... for a signal, by sigwait or sigtimedwait, and does not run until that has come.
  static void wait_until_it_waits(int pid, long call = SYS_rt_sigtimedwait) {
    const std::string waiting = fmt::format("{} ", call);
    eventually("its wait", [&] {
      return read_kernel_file(fmt::format("/proc/{}/syscall", pid)).starts_with(waiting);
    });
  }
};

TEST_F(Workers, OfAPoolFinishWhatTheyDo) {
  std::ofstream(place.beside("pool.py"))
      << "from multiprocessing import get_context\n"
         "from say import *\n"
         "def work(n):\n"
         "  say('begun')\n"
         "  while not os.path.exists('../go_on'): time.sleep(0.01)\n"
         "  say('finished')\n"
         "def stop(*_): pool.close(); say('asked'); pool.join(); sys.exit(0)\n"
         "if __name__ == '__main__':\n"
         "  pool = get_context('fork').Pool(2)\n"
         "  signal.signal(signal.SIGTERM, stop)\n"
         "  pool.map_async(work, [1, 2], chunksize=1)\n"
         "  while True: signal.pause()\n";
  Program program(python_in_place(never_killed, "pool.py"));
  reports.next("begun");
  reports.next("begun");
  program.signal(SIGTERM);
  reports.next("asked");
  std::ofstream(place.beside("go_on")) << "yes";
  reports.next("finished");
  reports.next("finished");
  program.expect("exited with status 0");
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Workers, OfCeleryFinishWhatTheyDo) {
  std::ofstream(place.work() / "tasks.py")
      << "import os, sys; sys.path.insert(0, '..')\n"
         "from say import *\n"
         "from celery import Celery\n"
         "from celery.signals import worker_ready, worker_shutting_down\n"
         "folders = {'data_folder_' + n: '../queue' for n in ('in', 'out', 'processed')}\n"
         "app = Celery('tasks', broker='filesystem://', broker_transport_options=folders)\n"
         "@app.task\n"
         "def work(n):\n"
         "  say('begun')\n"
         "  while not os.path.exists('../go_on'): time.sleep(0.01)\n"
         "  say('finished')\n"
         "@worker_ready.connect\n"
         "def ready(**_): work.delay(1); work.delay(2)\n"
         "@worker_shutting_down.connect\n"
         "def asked(**_): say('asked')\n";
  std::filesystem::create_directory(place.beside("queue"));
  auto invocation = reloadrun(
      never_killed, {python, "-m", "celery", "-A", "tasks", "worker", "-c", "2", "-l", "WARNING"});
  invocation.environment = {"PYTHONDONTWRITEBYTECODE=1", "C_FORCE_ROOT=1"};
  Program program(invocation);
  reports.next("begun");
  reports.next("begun");
  program.signal(SIGTERM);
  reports.next("asked");
  std::ofstream(place.beside("go_on")) << "yes";
  reports.next("finished");
  reports.next("finished");
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Workers, OfAMasterThatPassesItOnHearItOnce) {
  std::ofstream(place.beside("master.pl"))
      << "use POSIX; my @workers;\n"
         "sub say { open my $f, '>', '../reports'; syswrite $f, \"$_[0]\\n\" }\n"
         "for (1, 2) {\n"
         "  my $pid = fork; push @workers, $pid; next if $pid;\n"
         "  $SIG{TERM} = sub { say('heard') }; $SIG{USR1} = sub { POSIX::_exit(0) };\n"
         "  say('up'); sleep 1 while 1;\n"
         "}\n"
         "my $heard = 0;\n"
         "$SIG{TERM} = sub { kill 'TERM', @workers };\n"
         "$SIG{USR1} = sub { kill 'USR1', @workers; waitpid $_, 0 for @workers; POSIX::_exit(0) "
         "};\n"
         "say('up'); sleep 1 while 1;\n";
  Program program(reloadrun(never_killed, {"perl", "../master.pl"}));
  for (int i = 0; i < 3; ++i) reports.next("up");
  program.signal(SIGTERM);
  reports.next("heard");
  reports.next("heard");
  program.expect("waiting up to");  // every one has been asked that is asked by then
  EXPECT_FALSE(reports.has("heard"));
  ::kill(only_child_of(reloader_below(program.pid())), SIGUSR1);
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_FALSE(reports.has("heard"));
}

TEST_F(Workers, HearItWhenTheirMasterHasEndedWithoutThem) {
  Program program(reloadrun(never_killed, target({"child=last-words=15", "tell=15"})));
  const int master = reports.next("start").number("pid");
  reports.next("ready");
  place.edit("app.py", "changed");
  EXPECT_EQ(reports.next("signal").number("pid"), master);
  program.expect("waiting up to");
  EXPECT_FALSE(reports.has("last-words"));
  ::kill(master, SIGKILL);
  EXPECT_NE(reports.next("last-words").number("pid"), master);
  EXPECT_EQ(reports.next("start")["generation"], "'2'");
  reports.next("ready");
  program.signal(SIGTERM);
  reports.next("signal");
  ::kill(only_child_of(reloader_below(program.pid())), SIGKILL);
  reports.next("last-words");
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Workers, HearItWhenTheirMasterOnlyWaitsForThem) {
  std::ofstream(place.beside("join.py"))
      << "import multiprocessing\n"
         "from say import *\n"
         "def work():\n"
         "  signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
         "  say(f'up pid={os.getpid()} master={os.getppid()}')\n"
         "  signal.sigwait({signal.SIGUSR2})\n"
         "def stop(*_): say('asked'); sys.exit(0)\n"
         "if __name__ == '__main__':\n"
         "  signal.signal(signal.SIGTERM, stop)\n"
         "  worker = multiprocessing.get_context('fork').Process(target=work)\n"
         "  worker.start()\n"
         "  try: worker.join()\n"
         "  finally: worker.join(); say(f'ended={-worker.exitcode}')\n";
  Program program(python_in_place(never_killed, "join.py"));
  const auto up = reports.next("up");
  wait_until_it_waits(up.number("pid"));
  wait_until_it_waits(up.number("master"), SYS_wait4);  // elsewhere it would end by the handler
  program.signal(SIGTERM);
  reports.next("asked");
  reports.next(fmt::format("ended={}", SIGTERM));
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Workers, HearItWhileTheyRunWhenItWouldHaveEndedThem) {
  std::ofstream(place.beside("wait.py")) << "from say import *\n"
                                            "signal.signal(signal.SIGTERM, lambda *_: None)\n"
                                            "worker = os.fork()\n"
                                            "if worker == 0:\n"
                                            "  signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
                                            "  say('up')\n"
                                            "  while True: time.sleep(0.01)\n"
                                            "say(f'ended={os.waitpid(worker, 0)[1]}')\n";
  Program program(python_in_place(never_killed, "wait.py"));
  reports.next("up");
  program.signal(SIGTERM);
  reports.next(fmt::format("ended={}", SIGTERM));
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Workers, InAGroupOfTheirOwnFinishWhatTheyDo) {
  std::ofstream(place.beside("horse.py")) << "from say import *\n"
                                             "signal.signal(signal.SIGTERM, lambda *_: None)\n"
                                             "horse = os.fork()\n"
                                             "if horse == 0:\n"
                                             "  signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
                                             "  os.setpgrp()\n"
                                             "  say(f'begun pid={os.getpid()}')\n"
                                             "  signal.sigtimedwait({signal.SIGUSR2}, 2)\n"
                                             "  say('finished')\n"
                                             "  os._exit(0)\n"
                                             "os.waitpid(horse, 0)\n";
  Program program(python_in_place(never_killed, "horse.py"));
  wait_until_it_waits(reports.next("begun").number("pid"));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_TRUE(reports.has("finished"));
}

TEST_F(Workers, HearCtrlCFromTheTerminalAsEver) {
  auto invocation = reloadrun(never_killed, target({"child=last-words=2", "end-by=2"}));
  invocation.terminal = true;
  Program program(invocation);
  reports.next("ready");
  program.type("\x03");
  reports.next("last-words");
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_FALSE(reports.has("last-words"));
}

/// Who catches TERM, and ends only when what it has started has: by itself, or by its own TERM.
struct Parent {
  const char* name;
  Words command;
  const char* script = nullptr;  ///< as ../parent
  bool child_is_killed = false;  ///< by its parent, maybe before it can tell of TERM
};

class Executed : public Workers, public testing::WithParamInterface<Parent> {};

// Tells of its TERM, and ends by it. As a subshell it is forked by its shell, and executes nothing.
const std::string waits_in_a_shell =
    "trap 'echo last-words >../reports; exit 0' TERM; echo ready >../reports; "
    "while :; do sleep 0.05; done";
const std::string subshell = "trap : TERM; (" + waits_in_a_shell + "); exit 0";
const std::string pipeline = "trap : TERM; (" + waits_in_a_shell + ") | cat; exit 0";
const std::string in_the_background = "trap : TERM; (" + waits_in_a_shell + ") & " +
                                      "while kill -0 $! 2>/dev/null; do sleep 0.05; done; exit 0";
constexpr auto python_parent =
    "import signal, subprocess, sys\n"
    "signal.signal(signal.SIGTERM, lambda *_: None)\n"
    "subprocess.Popen([sys.executable, '../worker']).wait()\n";

const std::array parents{
    Parent{"PythonOfAPythonWorker", {python, "../parent"}, python_parent},
    Parent{"PythonWithoutRandomization", {"setarch", "-R", python, "../parent"}, python_parent},
    Parent{"BashInBash", {"bash", "-c", "trap : TERM; bash ../shell_worker; exit 0"}},
    Parent{"BashAndItsSubshell", {"bash", "-c", subshell}},
    Parent{"BashAndItsPipeline", {"bash", "-c", pipeline}},
    Parent{"BashAndItsJob", {"bash", "-c", in_the_background}},
    Parent{"DashAndItsSubshell", {"dash", "-c", subshell}},
    Parent{"AScriptAndItsSubshell", {"../parent"}, "#!/bin/sh\n. ../subshell\n"},
    Parent{"ZshAndItsSubshell", {"zsh", "-c", subshell}},
    Parent{"MkshAndItsSubshell", {"mksh", "-c", subshell}},
    Parent{"BusyboxAndItsSubshell", {"busybox", "sh", "-c", subshell}},
    Parent{"BusyboxTimeout", {"busybox", "sh", "-c", "trap : TERM; busybox sh ../shell_worker"}},
    Parent{"FishInFish",
           {"fish", "-c", "function caught --on-signal TERM; end; sh ../shell_worker"}},
    Parent{"Perl", {"perl", "-e", "$SIG{TERM} = sub {}; system('sh', '../shell_worker')"}},
    Parent{"Make", {"make", "-s", "-f", "../parent"}, "all:\n\t@exec sh ../shell_worker\n"},
    Parent{"NodeCluster",
           {"node", "../parent"},
           "const cluster = require('cluster'), fs = require('fs');\n"
           "const say = (word) => fs.writeFileSync('../reports', word + '\\n');\n"
           "process.on('SIGTERM', () => {\n"
           "  if (cluster.isWorker) { say('last-words'); process.exit(0); }\n"
           "});\n"
           "if (cluster.isMaster) cluster.fork().on('exit', () => process.exit(0));\n"
           "else say('ready');\n"
           "setInterval(() => {}, 1000);\n"},
    Parent{"DjangosReloader",
           {python, "../parent"},
           "from say import *\n"
           "from django.conf import settings\n"
           "from django.utils import autoreload\n"
           "settings.configure()\n"
           "def main():\n"
           "  say('ready'); time.sleep(1000)\n"
           "autoreload.run_with_reloader(main)\n",
           true},
};

INSTANTIATE_TEST_SUITE_P(By, Executed, testing::ValuesIn(parents),
                         [](const auto& one) { return one.param.name; });

TEST_P(Executed, ProcessesAreSignalledThemselves) {
  std::ofstream(place.beside("shell_worker")) << waits_in_a_shell;
  std::ofstream(place.beside("subshell")) << subshell;
  std::ofstream(place.beside("worker")) << "from say import *\n"
                                           "def end(*_): say('last-words'); sys.exit(0)\n"
                                           "signal.signal(signal.SIGTERM, end)\n"
                                           "say('ready')\n"
                                           "while True: signal.pause()\n";
  if (GetParam().script != nullptr) {
    std::ofstream(place.beside("parent")) << GetParam().script;
    std::filesystem::permissions(place.beside("parent"), std::filesystem::perms::owner_all);
  }
  auto invocation = reloadrun(never_killed, GetParam().command);
  invocation.environment = {"PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"};
  Program program(invocation);
  reports.next("ready");
  program.signal(SIGTERM);
  if (!GetParam().child_is_killed) reports.next("last-words");
  EXPECT_EQ(program.wait(), Ending{});
}

class Debugged : public Build {
 protected:
  static void expect_kept(pid_t pid) {
    EXPECT_TRUE(proc::is_zombie(pid)) << "it is not kept, and nothing is tested";
  }
  /// ... by reloadrun, whoever of it is the parent by then.
  static void expect_reaped(pid_t pid) {
    eventually("it is reaped", [&] { return !is_alive(pid); });
  }
};

TEST_F(Debugged, ACommandIsFollowedByTheNext) {
  for (const char* threads : {"tell=12", "threads"}) {
    Program program(reloadrun({"--stop-timeout", "100ms"}, target({threads})));
    const int first = reports.next("start").number("pid");
    reports.next("ready");
    {
      const Debugger debugger(first);
      place.edit("app.py", threads);
      program.expect("was ended by SIGKILL");
      EXPECT_EQ(reports.next("start")["generation"], "'2'");
      reports.next("ready");
      expect_kept(first);
    }
    expect_reaped(first);
    end(program);
  }
}

TEST_F(Debugged, ACommandThatEndsByItselfIsReapedInItsGenerationToo) {
  Program program(reloadrun({"--on-exit", "restart"}, target()));
  const int first = reports.next("start").number("pid");
  reports.next("ready");
  {
    const Debugger debugger(first);
    ::kill(first, SIGKILL);
    program.expect("was ended by SIGKILL");
    reports.next("ready");
    expect_kept(first);
  }
  expect_reaped(first);
  end(program);
}

TEST_F(Debugged, WhatACommandHasStartedIsGoneToo) {
  Program program(reloadrun({"--stop-timeout", "100ms"}, target({"daemon", "child=tell=12"})));
  const int daemon = reports.next("daemon").number("pid");
  const int child = reports.next("child").number("pid");
  reports.next("ready");
  {
    const Debugger one(daemon);
    const Debugger other(child);
    place.edit("app.py", "changed");
    EXPECT_EQ(reports.next("start")["generation"], "'2'");
    reports.next("ready");
    expect_kept(daemon);
    expect_kept(child);
  }
  expect_reaped(daemon);
  expect_reaped(child);
  end(program);
}

TEST_F(Debugged, ACommandKeepsNobodyFromEnding) {
  Program program(reloadrun({"--stop-timeout", "100ms"}, target({"threads"})));
  const int command = reports.next("start").number("pid");
  reports.next("ready");
  {
    const Debugger debugger(command);
    end(program);
    expect_kept(command);
    EXPECT_EQ(count(program.said(), "cannot end"), 0U) << program.said();
  }
  wait_until_nothing_is_left();
}

TEST_F(Debugged, ABuildIsOverAndStopped) {
  make_slow();
  Program program(reloadrun({"--stop-timeout", "100ms", "--build", slow_build()}, target()));
  const int first = next_build();
  const Debugger one(first);
  place.edit("a.c", "one");
  const int second = next_build();
  expect_kept(first);
  const Debugger other(second);
  make_fast();
  ::kill(second, SIGKILL);
  program.expect("was ended by SIGKILL");
  place.edit("a.c", "two");
  expect_restart("1", "a.c");
  expect_kept(second);
  reports.next("ready");
  end(program);
}

TEST_F(Debugged, AReloaderIsNoLongerWaitedFor) {
  Program program(reloadrun({}, target()));
  const pid_t reloader = reports.next("start").number("parent");
  reports.next("ready");
  {
    const Debugger debugger(reloader);
    ::kill(reloader, SIGKILL);
    EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
    expect_kept(reloader);
  }
  wait_until_nothing_is_left();
}

}  // namespace
}  // namespace reloadrun::test
