// What a developer types at: Python's prompt and its debugger's, under reloadrun.

#include <signal.h>

#include <fstream>

#include "helpers/deadline.hpp"
#include "helpers/shell.hpp"
#include "helpers/terminal.hpp"

namespace reloadrun::test {
namespace {

/// A prompt that is asked to end by Ctrl-C gives the next prompt, and is killed after its time.
const Words soon_killed{"--stop-timeout", "300ms"};

class Repl : public OnTerminal {
 protected:
  /// Waits until the next line is asked for: Python edits it itself.
  static void expect_prompt(const Program& program) {
    eventually("a prompt", [&] { return is_raw(program); });
  }
  [[nodiscard]] Program start(const Words& command) const {
    auto invocation = on_terminal(soon_killed, command);
    invocation.environment = {"TERM=dumb", "PYTHONDONTWRITEBYTECODE=1"};
    return Program(invocation);
  }
  /// Ends all, whatever reads there; and the terminal is as it was.
  static void end_by_ctrl_c(Program& program) {
    program.type(ctrl_c);
    EXPECT_EQ(program.wait(), Ending{}) << program.said();
    EXPECT_FALSE(is_raw(program));
  }
};

TEST_F(Repl, PythonAnswersInEveryGeneration) {
  auto program = start({python, "-i", "-q"});
  for (int generation = 1; generation <= 3; ++generation) {
    program.expect(generation == 1 ? "started" : "restarted in");
    expect_prompt(program);
    program.type("import os; n = os.environ['RELOADRUN_GENERATION']; print('generation', n)\n");
    program.expect("generation " + std::to_string(generation));
    expect_prompt(program);
    if (generation < 3) place.edit("app.py", std::to_string(generation));
  }
  end_by_ctrl_c(program);
}

TEST_F(Repl, LeftByItsUserOrKilledGivesTheTerminalBack) {
  auto program = start({python, "-i", "-q"});
  program.expect("started");
  expect_prompt(program);
  program.type("\x04");  // Ctrl-D
  program.expect("exited with status 0");
  program.expect("waiting for a change");
  EXPECT_FALSE(is_raw(program));
  place.edit("app.py", "changed");
  program.expect("restarted in");
  expect_prompt(program);
  program.type("import os; os.kill(os.getpid(), 9)\n");
  program.expect("was ended by SIGKILL");
  program.expect("waiting for a change");
  EXPECT_FALSE(is_raw(program));
  end_by_ctrl_c(program);
}

TEST_F(Repl, PythonGoesOnAfterCtrlZAndFg) {
  Shell shell(place.work());
  shell.start(line(soon_killed, {python, "-i", "-q"}));
  shell.program().expect("started");
  shell.program().type("print('here', 6 * 7)\n");
  shell.program().expect("here 42");
  shell.program().type(ctrl_z);
  shell.expect_all_stopped();
  shell.start("fg");
  shell.program().expect("'-q'");  // the shell says what it puts into the foreground
  shell.program().type("print('again', 6 * 8)\n");
  shell.program().expect("again 48");
  EXPECT_EQ(shell.program().said().find("restarted in"), std::string::npos);
  place.edit("app.py", "changed");
  shell.program().expect("restarted in");
  shell.program().type("print('anew', 6 * 9)\n");
  shell.program().expect("anew 54");
  shell.program().type(ctrl_c);
  shell.expect_prompt();
  EXPECT_EQ(shell.children(), 0U);
  shell.exit();
}

TEST_F(Repl, ABreakpointIsWorkedAtAndRestarted) {
  place.edit("app.py",
             "x = 6\n"
             "breakpoint()\n"
             "print('x is now', x, flush=True)\n"
             "breakpoint()\n");
  auto program = start({python, "app.py"});
  program.expect("-> print");
  expect_prompt(program);
  program.type("x = 7\n");
  program.type("continue\n");
  program.expect("x is now 7");
  program.expect("--Return--");
  expect_prompt(program);
  place.edit("app.py", "y = 1\nbreakpoint()\nprint('another program')\n");
  program.expect("restarted in");
  program.expect("-> print('another program')");
  expect_prompt(program);
  end_by_ctrl_c(program);
}

TEST_F(Repl, TheDebuggerStepsThroughAProgram) {
  place.edit("app.py", "x = 6\ny = x * 7\nprint('result', y)\n");
  auto program = start({python, "-m", "pdb", "app.py"});
  for (const char* generation : {"2", "3"}) {
    program.expect("-> x = ");
    expect_prompt(program);
    program.type("next\n");
    program.expect("-> y = x * 7");
    program.type("next\n");
    program.expect("-> print");
    program.type("p 'value', y\n");
    program.expect(generation == std::string("2") ? "('value', 42)" : "('value', 49)");
    place.edit("app.py", "x = 7\ny = x * 7\nprint('result', y, " + std::string(generation) + ")\n");
    program.expect("restarted in");
  }
  end_by_ctrl_c(program);
}

}  // namespace
}  // namespace reloadrun::test
