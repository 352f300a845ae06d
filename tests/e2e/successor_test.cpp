// The next reloader, which is executed ahead and waits: nobody's stop, end or murder at that time
// makes a difference.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "helpers/deadline.hpp"
#include "helpers/fixture.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

class Successor : public EndToEnd {
 protected:
  void wait_for_it(Program& program) {
    reloader_ = reports.next("start").number("parent");
    reports.next("ready");
    successor_ = successor_below(program.pid());
  }
  /// ... and for a moment in a reload, which hangs since the first target does not end.
  void wait_for_a_reload(Program& program) {
    wait_for_it(program);
    place.edit("app.py", "changed");
    program.expect("stopping");
  }
  [[nodiscard]] Invocation stubborn(const std::string& timeout) const {
    return reloadrun({"--stop-timeout", timeout}, target({"first=ignore=15"}));
  }

  pid_t reloader_ = -1;
  pid_t successor_ = -1;
};

TEST_F(Successor, TakesOverWhenTheOldTreeHasGone) {
  Program program(stubborn("300ms"));
  wait_for_a_reload(program);
  EXPECT_FALSE(reports.has("start"));
  EXPECT_EQ(reports.next("start").number("parent"), successor_);
  EXPECT_EQ(reloader_below(program.pid()), successor_);
  reports.next("ready");
  end(program);
}

TEST_F(Successor, StartsTheTargetAlsoWhenWhatItFindsIsPutBack) {
  Program program(reloadrun({"--settle", "500ms"}, target()));
  wait_for_it(program);
  ::kill(successor_, SIGSTOP);
  place.edit("new.py", "new");
  eventually("the old one's end", [this] { return !is_alive(reloader_); });
  place.edit("temporary", "for a moment");
  ::kill(successor_, SIGCONT);
  eventually("a look", [this] { return proc::thread_of(successor_).value().state == 'S'; });
  std::filesystem::remove(place.work() / "temporary");
  EXPECT_EQ(reports.next("start").number("parent"), successor_);
  reports.next("ready");
  end(program);
}

TEST_F(Successor, IsReplacedWhenItWasKilled) {
  Program program(stubborn("300ms"));
  wait_for_a_reload(program);
  ::kill(successor_, SIGKILL);
  EXPECT_NE(reports.next("start").number("parent"), successor_);
  reports.next("ready");
  end(program);
}

TEST_F(Successor, IsMissedByNobodyWhenItWasKilledLongBefore) {
  Program program(reloadrun({}, target()));
  wait_for_it(program);
  ::kill(successor_, SIGKILL);
  eventually("its end", [this] { return !is_alive(successor_); });
  place.edit("app.py", "changed");
  EXPECT_NE(reports.next("start").number("parent"), successor_);
  reports.next("ready");
  end(program);
}

TEST_F(Successor, GoesWhenReloadrunIsStopped) {
  Program program(reloadrun({}, target()));
  wait_for_it(program);
  end(program);
}

TEST_F(Successor, GoesWhenReloadrunIsStoppedInAReload) {
  Program program(stubborn("300ms"));
  wait_for_a_reload(program);
  end(program);
}

TEST_F(Successor, GoesWithASupervisorThatIsKilled) {
  Program program(stubborn("100ms"));
  wait_for_a_reload(program);
  program.signal(SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
  wait_until_nothing_is_left();
}

TEST_F(Successor, GoesThoughStoppedWithASupervisorThatIsKilled) {
  Program program(reloadrun({}, target()));
  wait_for_it(program);
  ::kill(successor_, SIGSTOP);
  program.signal(SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
  wait_until_nothing_is_left();
}

TEST_F(Successor, GoesWithAReloaderThatIsKilled) {
  Program program(stubborn("100ms"));
  wait_for_a_reload(program);
  ::kill(reloader_, SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
}

TEST_F(Successor, LetsACtrlZThroughAtAnyMoment) {
  Program program(reloadrun({"--settle", "0"}, target()));
  for (int round = 0; round < 200; ++round) {
    reports.next("ready");
    place.edit(std::to_string(round) + ".py", "new");
    ::usleep(static_cast<useconds_t>(round % 50) * 50);  // any moment of a restart
    ::kill(-program.pid(), SIGTSTP);
    eventually("the stop that a shell waits for", [&] {
      siginfo_t stopped{};
      const auto pid = static_cast<id_t>(program.pid());
      return ::waitid(P_PID, pid, &stopped, WSTOPPED | WNOHANG) == 0 && stopped.si_pid != 0;
    });
    ::kill(-program.pid(), SIGCONT);
  }
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
