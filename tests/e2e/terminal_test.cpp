// On a terminal: reading, Ctrl-C, Ctrl-Z, the window's closing, and its modes afterwards.

#include "helpers/terminal.hpp"

#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <fstream>

#include "helpers/deadline.hpp"
#include "helpers/shell.hpp"

namespace reloadrun::test {
namespace {

TEST_F(OnTerminal, TheTargetReadsInEveryGeneration) {
  Program program(on_terminal({}, target({"read"})));
  reports.next("start");
  program.type("first line\n");
  EXPECT_EQ(reports.next("line")["text"], "first line");
  place.edit("app.py", "changed");
  reports.next("start");
  program.type("second line\n");
  EXPECT_EQ(reports.next("line")["text"], "second line");
  program.type(ctrl_c);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(OnTerminal, CtrlCOnceReachesTheTargetOnce) {
  Program program(on_terminal({"--stop-timeout", "1500ms"}, target({"tell=2", "tell=15"})));
  reports.next("ready");
  program.type(ctrl_c);
  EXPECT_EQ(reports.next("signal").number("number"), SIGINT);
  // Told by the terminal, it goes on running: killed when its time is over, and not asked again.
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_FALSE(reports.has("signal"));
}

TEST_F(OnTerminal, CtrlCLetsPythonsFinallyRunToItsEnd) {
  // Ready only within the try; and no long sleep, which may miss a signal on its way into it.
  std::ofstream(place.beside("main.py")) << "import time\n"
                                            "try:\n"
                                            "    print('up', flush=True)\n"
                                            "    while True: time.sleep(0.01)\n"
                                            "finally:\n"
                                            "    time.sleep(0.5)\n"
                                            "    open('../finally', 'w').write('ran')\n";
  Program program(on_terminal({}, {python, "../main.py"}));
  program.expect("up");
  program.type(ctrl_c);
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_EQ(content_of(place.beside("finally")), "ran") << program.said();
}

TEST_F(OnTerminal, CtrlCDoesNotForgetWhoLeftTheGroup) {
  // A daemon in a session of its own gets nothing from the terminal, so it is asked.
  Program program(on_terminal({"--stop-timeout", "1m"}, target({"daemon"})));
  reports.next("daemon");
  reports.next("ready");
  program.type(ctrl_c);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(OnTerminal, CtrlCTwiceKills) {
  Program program(on_terminal({"--stop-timeout", "1m"}, target({"ignore=2"})));
  reports.next("ready");
  program.type(ctrl_c);
  program.expect("waiting up to");
  program.type(ctrl_c);
  program.expect("again: killing");
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(OnTerminal, CtrlCAtAnyMomentOfAStart) {
  // A target that is forked after the signal has not been told: it is, and nobody waits a minute.
  for (int delay = 0; delay < 40; ++delay) {
    auto invocation = on_terminal({"--stop-timeout", "1m"}, target());
    invocation.prepare = [] { static_cast<void>(!::write(STDERR_FILENO, "here\n", 5)); };
    Program program(invocation);
    program.expect("here");  // the terminal is there to be typed at
    ::usleep(static_cast<useconds_t>(delay) * 100);
    program.type(ctrl_c);
    // Until reloadrun has taken its signals, Ctrl-C ends it as it would end anything.
    const Ending ending = program.wait();
    EXPECT_TRUE(ending == Ending{} || (ending.by_signal && ending.value == SIGINT));
  }
}

TEST_F(OnTerminal, ModesArePutBackWhenTheTargetEnded) {
  Program program(on_terminal({}, target({"raw", "exit=1"})));
  program.expect("waiting for a change");
  EXPECT_FALSE(is_raw(program));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(OnTerminal, ModesArePutBackWhenTheTargetIsRestarted) {
  Program program(on_terminal({}, {"sh", "-c",
                                   "stty -a | grep -o -- '.icanon' ; stty raw -echo; "
                                   "echo raw; while :; do sleep 100; done"}));
  program.expect(" icanon");
  program.expect("raw");
  place.edit("app.py", "changed");
  program.expect(" icanon");
  program.expect("raw");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_FALSE(is_raw(program));
}

TEST_F(OnTerminal, ModesArePutBackWhenTheReloaderDies) {
  Program program(on_terminal({}, target({"raw"})));
  const pid_t reloader = reports.next("start").number("parent");
  reports.next("ready");
  EXPECT_TRUE(is_raw(program));
  ::kill(reloader, SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
  EXPECT_FALSE(is_raw(program));
}

TEST_F(OnTerminal, ModesAndForegroundAreTakenBackFromADeadShell) {
  // Once the whole tree is gone: who took the terminal may end after COMMAND, or be killed.
  for (const char* who : {"take-terminal", "child=take-terminal", "child=take-terminal-deaf"}) {
    const std::string first_only = "first=" + std::string(who);
    Program program(on_terminal({"--stop-timeout", "200ms"}, target({first_only})));
    reports.next("ready");
    EXPECT_TRUE(is_raw(program));
    EXPECT_NE(::tcgetpgrp(program.terminal()), program.pid());
    place.edit("app.py", who);
    reports.next("start");
    reports.next("ready");
    EXPECT_FALSE(is_raw(program)) << who;
    EXPECT_EQ(::tcgetpgrp(program.terminal()), program.pid()) << who;
    program.type(ctrl_c);
    EXPECT_EQ(program.wait(), Ending{});
  }
}

TEST_F(OnTerminal, InTheBackgroundModesAreSomebodyElses) {
  Shell shell(place.work());
  shell.start(line({}, target()));
  reports.next("ready");
  shell.program().expect("started");
  shell.program().type(ctrl_z);
  shell.expect_all_stopped();
  shell.start("bg");
  shell.expect_prompt();
  // At its prompt the shell reads key by key. A reloadrun that put back what it noted in the
  // foreground would end that.
  eventually("the shell reads keys", [&] { return is_raw(shell.program()); });
  place.edit("app.py", "changed");
  reports.next("start");
  reports.next("ready");
  EXPECT_TRUE(is_raw(shell.program()));
  shell.start("kill %1; wait %1; echo status $?");
  shell.program().expect("status 0");
  shell.exit();
}

TEST_F(OnTerminal, CtrlSHoldsUpNoRestart) {
  Program program(on_terminal({"--clear"}, target()));
  reports.next("ready");
  program.expect("started");
  program.type("\x13");
  for (int generation = 2; generation <= 4; ++generation) {
    place.edit("app.py", std::to_string(generation));
    EXPECT_EQ(reports.next("start")["generation"], "'" + std::to_string(generation) + "'");
    reports.next("ready");
  }
  program.type("\x11");  // Ctrl-Q
  program.expect("restarted");
  program.type(ctrl_c);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(OnTerminal, CtrlBackslashEndsWith0) {
  Program program(on_terminal({}, target({"tell=15", "last-words=3"})));
  reports.next("ready");
  program.type("\x1c");
  EXPECT_EQ(reports.next("last-words").number("number"), SIGQUIT);
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_FALSE(reports.has("signal"));
}

TEST_F(OnTerminal, ClosingTheWindowEndsEverything) {
  Program program(on_terminal({"--stop-timeout", "1m"}, target({"daemon", "ignore=1"})));
  reports.next("daemon");
  reports.next("ready");
  program.close_terminal();
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(OnTerminal, ClosingTheWindowOfAShellEndsEverything) {
  Shell shell(place.work());
  shell.start(line({"--stop-timeout", "1m"}, target({"daemon"})));
  reports.next("daemon");
  reports.next("ready");
  shell.program().close_terminal();
  shell.program().wait();
  wait_until_nothing_is_left();
}

TEST_F(OnTerminal, CtrlZAndFgGoOnWithoutARestart) {
  Shell shell(place.work());
  shell.start(line({}, target({"read"})));
  reports.next("start");
  shell.program().expect("started");
  shell.program().type(ctrl_z);
  shell.expect_all_stopped();
  shell.start("fg");
  shell.program().expect("test_target");  // the shell says what it puts into the foreground
  shell.program().type("go on\n");
  EXPECT_EQ(reports.next("line")["text"], "go on");
  place.edit("app.py", "changed");
  EXPECT_EQ(reports.next("start")["generation"], "'2'");
  shell.program().type(ctrl_c);
  shell.expect_prompt();
  shell.exit();
}

TEST_F(OnTerminal, AnEditWhileAllIsStoppedIsOneRestartAfterFg) {
  Shell shell(place.work());
  shell.start(line({}, target({"child=tell=12"})));
  reports.next("ready");
  shell.program().expect("started");
  shell.program().type(ctrl_z);
  shell.expect_all_stopped();
  place.edit("app.py", "changed");
  EXPECT_FALSE(reports.has("start"));
  shell.start("fg");
  auto start = reports.next("start");
  EXPECT_EQ(start["generation"], "'2'");
  EXPECT_EQ(start["changed"], "'app.py'");
  reports.next("ready");
  place.edit("fence", "");
  start = reports.next("start");
  EXPECT_EQ(start["generation"], "'3'");
  EXPECT_EQ(start["changed"], "'fence'");
  reports.next("ready");
  shell.program().type(ctrl_c);
  shell.expect_prompt();
  EXPECT_EQ(shell.children(), 0U);
  shell.exit();
}

TEST_F(OnTerminal, InTheBackgroundItWorksAndLeavesTheTerminalAlone) {
  Shell shell(place.work());
  const std::string before = shell.modes();
  shell.start(line({}, target()) + "&");
  reports.next("ready");
  place.edit("app.py", "changed");
  EXPECT_EQ(reports.next("start")["generation"], "'2'");
  reports.next("ready");
  EXPECT_EQ(shell.modes(), before);
  shell.start("kill %1; wait %1; echo status $?");
  shell.program().expect("status 0");
  shell.exit();
}

TEST_F(OnTerminal, AMakefileTargetEndsByOneCtrlC) {
  std::ofstream(place.work() / "Makefile")
      << "dev:\n\t" << line({"-w", "Makefile"}, target({"daemon"})) << "\n";
  Shell shell(place.work());
  const std::string before = shell.modes();
  shell.start("make dev");
  reports.next("daemon");
  reports.next("ready");
  shell.program().expect("started");
  shell.program().type(ctrl_c);
  shell.expect_prompt();
  EXPECT_EQ(shell.modes(), before);
  EXPECT_EQ(shell.children(), 0U);
  shell.exit();
}

}  // namespace
}  // namespace reloadrun::test
