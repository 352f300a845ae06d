// Where nobody sits at a terminal: in a session without one, with stdin closed, under nohup; and
// where it is not the user's own, as in tmux.

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "helpers/deadline.hpp"
#include "helpers/shell.hpp"
#include "helpers/terminal.hpp"
#include "proc/child.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

class Detached : public OnTerminal {
 protected:
  /// Edits, and waits until the second generation is ready. Returns its start.
  Report restart() {
    place.edit("app.py", "changed");
    const auto start = reports.next("start");
    EXPECT_EQ(start["generation"], "'2'");
    EXPECT_EQ(start["changed"], "'app.py'");
    reports.next("ready");
    return start;
  }
};

TEST_F(Detached, InASessionWithoutATerminal) {
  auto invocation = reloadrun({}, target({"daemon"}));
  invocation.arguments.insert(invocation.arguments.begin(), {"setsid", "--wait"});
  Program program(invocation);
  const pid_t supervisor = only_child_of(program.pid());
  reports.next("ready");
  EXPECT_EQ(::getsid(supervisor), supervisor);
  EXPECT_EQ(restart().number("group"), supervisor);
  ::kill(supervisor, SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Detached, WithStdinClosedOnATerminal) {
  auto invocation = on_terminal({}, target());
  invocation.prepare = [] {
    ::closefrom(3);
    ::close(STDIN_FILENO);
  };
  Program program(invocation);
  EXPECT_EQ(reports.next("start")["descriptors"], "1,2,");
  reports.next("ready");
  EXPECT_EQ(restart()["descriptors"], "1,2,");
  program.type(ctrl_c);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Detached, UnderNohupItOutlivesTheWindow) {
  Shell shell(place.work());
  shell.start("nohup " + line({}, target({"daemon"})) + "&");
  const pid_t reloader = reports.next("start").number("parent");
  reports.next("ready");
  const auto jobs = proc::children_of(shell.program().pid());
  ASSERT_EQ(jobs.size(), 1U);
  const pid_t supervisor = *jobs.begin();
  EXPECT_TRUE(proc::children_of(supervisor).contains(reloader));
  shell.program().close_terminal();
  shell.program().wait();
  restart();
  ::kill(supervisor, SIGTERM);
  std::optional<Ending> ending;
  eventually("its end", [&] {  // an orphan's parent is this process
    while (const auto reaped = proc::reap_any()) {
      if (reaped->pid == supervisor) ending = reaped->ending;
    }
    return ending.has_value();
  });
  EXPECT_EQ(*ending, Ending{});
  EXPECT_NE(content_of(place.work() / "nohup.out").find("restarted in"), std::string::npos);
}

class Tmux : public Detached {
 protected:
  ~Tmux() override { run({"kill-server"}); }

  /// A command to the server on a socket of this test's own; the first one starts it.
  void run(const Words& command) const {
    Words arguments{"tmux", "-u", "-S", place.beside("tmux"), "-f", "/dev/null"};
    arguments.insert(arguments.end(), command.begin(), command.end());
    Program tmux({.arguments = arguments, .directory = place.work()});
    tmux.wait();
  }
  /// Starts reloadrun in a window that nobody looks at, and sees it restart.
  void start_and_restart(const Words& options = {}) {
    Words command{"new-session", "-d", "-s", "dev", "-x", "200", "-y", "40"};
    const auto invocation = reloadrun(options, target({"daemon", "read"}));
    command.insert(command.end(), invocation.arguments.begin(), invocation.arguments.end());
    run(command);
    reports.next("daemon");
    EXPECT_EQ(typed("one"), "one");
    place.edit("app.py", "changed");
    reports.next("daemon");
    EXPECT_EQ(typed("two"), "two");
    eventually("it is seen in the window", [this] {
      return on_screen().find("[reloadrun] app.py appeared: stopping") != std::string::npos;
    });
  }
  /// What the target reads when this is typed at the window.
  std::string typed(const std::string& text) {
    run({"send-keys", "-t", "dev", text, "Enter"});
    return reports.next("line")["text"];
  }
  [[nodiscard]] std::string on_screen() const {
    Program tmux({.arguments = {"tmux", "-S", place.beside("tmux"), "capture-pane", "-pt", "dev"},
                  .directory = place.work()});
    tmux.wait();
    return tmux.printed();
  }
};

TEST_F(Tmux, CtrlCInTheWindowEndsEverything) {
  start_and_restart();
  run({"send-keys", "-t", "dev", "C-c"});
  wait_until_nothing_is_left();
}

TEST_F(Tmux, ClosingTheWindowEndsEverything) {
  for (const char* how : {"kill-pane", "kill-window", "kill-session", "kill-server"}) {
    start_and_restart({"--stop-timeout", "1m"});
    run({how});
    ASSERT_NO_FATAL_FAILURE(wait_until_nothing_is_left()) << how;
    std::filesystem::remove(place.work() / "app.py");
  }
}

TEST_F(Tmux, TheDeathOfTheServerEndsEverything) {
  start_and_restart({"--stop-timeout", "1m"});
  for (const auto& process : proc::descendants()) {
    if (process.name.starts_with("tmux")) ::kill(process.pid, SIGKILL);
  }
  wait_until_nothing_is_left();
}

}  // namespace
}  // namespace reloadrun::test
