// As process 1 of a container: everybody's orphans come to it, and it ends nobody but its own.

#include <signal.h>
#include <unistd.h>

#include "helpers/deadline.hpp"
#include "helpers/fixture.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

class Container : public EndToEnd {
 protected:
  /// In a pid namespace of its own, which root alone may make without a user namespace.
  static void make_process_1(Invocation& invocation) {
    Words unshare{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"};
    if (::geteuid() != 0) unshare.insert(unshare.end(), {"--user", "--map-root-user"});
    invocation.arguments.insert(invocation.arguments.begin(), unshare.begin(), unshare.end());
  }
  /// Puts a process into the container from outside, as `docker exec` does, whose parent ends at
  /// once. Returns when process 1 has it as its child.
  void put_stranger_into(pid_t process_1) {
    const auto before = proc::children_of(process_1).size();
    Words enter{"nsenter", "--target", std::to_string(process_1), "--pid", "--mount"};
    if (::geteuid() != 0) enter.insert(enter.end(), {"--user", "--preserve-credentials"});
    const std::string script = test_target_path() + " " + reports.path() + " last-words=15 &";
    enter.insert(enter.end(), {"sh", "-c", script});
    Program shell({.arguments = enter, .directory = place.work()});
    EXPECT_EQ(shell.wait(), Ending{});
    reports.next("ready");
    eventually("its adoption", [&] { return proc::children_of(process_1).size() == before + 1; });
  }
};

TEST_F(Container, Process1RestartsAndEnds) {
  auto invocation = reloadrun({}, target({"daemon"}));
  make_process_1(invocation);
  Program program(invocation);
  reports.next("ready");
  place.edit("app.py", "changed");
  EXPECT_EQ(reports.next("start")["generation"], "'2'");
  reports.next("ready");
  ::kill(only_child_of(program.pid()), SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Container, Process1SignalsNoStranger) {
  auto invocation = reloadrun({"-v"}, target({"daemon"}));
  make_process_1(invocation);
  Program program(invocation);
  const pid_t process_1 = only_child_of(program.pid());
  reports.next("ready");
  const pid_t reloader = reloader_below(process_1);
  successor_below(process_1);
  put_stranger_into(process_1);
  program.expect("comes from elsewhere");
  ::kill(reloader, SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{false, 128 + SIGKILL}));
  EXPECT_FALSE(reports.has("last-words"));
}

TEST_F(Container, Process1ReapsAStrangersOrphans) {
  auto invocation = reloadrun({}, target());
  make_process_1(invocation);
  Program program(invocation);
  const pid_t process_1 = only_child_of(program.pid());
  reports.next("ready");
  successor_below(process_1);
  const auto own = proc::children_of(process_1);
  for (int i = 0; i < 3; ++i) {
    put_stranger_into(process_1);
    for (const pid_t pid : proc::children_of(process_1)) {
      if (!own.contains(pid)) ::kill(pid, SIGKILL);
    }
    eventually("that it is reaped", [&] { return proc::children_of(process_1) == own; });
  }
  ::kill(process_1, SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Container, Process1EndsWith128AndTheSignal) {
  auto invocation = reloadrun({"--on-exit", "exit"}, target({"die=11"}));
  make_process_1(invocation);
  Program program(invocation);
  EXPECT_EQ(program.wait(), (Ending{false, 128 + SIGSEGV}));
}

}  // namespace
}  // namespace reloadrun::test
