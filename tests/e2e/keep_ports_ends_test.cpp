// --keep-ports when something ends, fails or stands still: who waits is answered in the end, and
// when reloadrun is gone no port is held.

#include <signal.h>
#include <sys/syscall.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "e2e/keeping.hpp"
#include "helpers/client.hpp"
#include "helpers/processes.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

using namespace std::chrono_literals;
using End = Asked::End;

class KeepPortsEnds : public Keeping {
 protected:
  void expect_nothing_kept() const {
    wait_until_nothing_is_left();
    EXPECT_EQ(ask(port).end, End::refused);
  }
  static void expect_waiting(const Client& client) {
    eventually("the client waits", [&] { return client.waits_for(100ms); });
  }
};

/// Whoever ends reloadrun, and how.
struct EndOf {
  const char* name;
  bool terminal;
  void (*now)(const Program& program, pid_t reloader);
  Ending ending;
};
void PrintTo(const EndOf& end, std::ostream* out) { *out << end.name; }

class KeepPortsEndsBy : public KeepPortsEnds, public testing::WithParamInterface<EndOf> {
 protected:
  void end_and_expect_nothing_kept(Program& program) {
    GetParam().now(program, reloader_below(program.pid()));
    EXPECT_EQ(program.wait(), GetParam().ending);
    expect_nothing_kept();
  }
  [[nodiscard]] Invocation invocation() const {
    auto invocation = keeping();
    invocation.terminal = GetParam().terminal;
    return invocation;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Means, KeepPortsEndsBy,
    testing::Values(EndOf{"CtrlC", true,
                          [](const Program& program, pid_t) { program.type("\x03"); }, Ending{}},
                    EndOf{"Term", false,
                          [](const Program& program, pid_t) { program.signal(SIGTERM); }, Ending{}},
                    EndOf{"KillOfTheSupervisor", false,
                          [](const Program& program, pid_t) { program.signal(SIGKILL); },
                          Ending{true, SIGKILL}},
                    EndOf{"KillOfTheReloader", false,
                          [](const Program&, pid_t reloader) { ::kill(reloader, SIGKILL); },
                          Ending{true, SIGKILL}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_P(KeepPortsEndsBy, WhileItServes) {
  Program program(invocation());
  expect_listening(program);
  expect_answer(port, "/", "one");
  write_server("two");
  expect_listening(program);
  expect_answer(port, "/", "two");
  end_and_expect_nothing_kept(program);
}

TEST_P(KeepPortsEndsBy, WhileAClientWaits) {
  Program program(invocation());
  expect_listening(program);
  Client client(port);
  client.expect_answers();
  restart_to_the_gate(program);
  expect_waiting(client);
  end_and_expect_nothing_kept(program);
  // It is cut, and then refused, if it has come to ask again.
  const End last = client.stop().back().end;
  EXPECT_TRUE(last == End::cut || last == End::refused);
}

TEST_F(KeepPortsEnds, AServerThatFailsIsWaitedForUntilItIsMended) {
  Program program(keeping());
  expect_listening(program);
  Client client(port);
  client.expect_answers();
  place.edit("server.py", "this is no Python\n");
  program.expect("exited with status 1");
  program.expect("waiting for a change");
  expect_waiting(client);
  expect_served_anew(program, client, "mended");
  EXPECT_EQ(ask(port).body, "mended");
  expect_none_refused(client);
  end(program);
}

TEST_F(KeepPortsEnds, APortThatIsNotAskedForAnyMoreIsLetGo) {
  const int other = free_port();
  Program program(keeping());
  expect_listening(program);
  write_server_at(other, "elsewhere");
  program.expect(fmt::format("listening on 127.0.0.1:{}, ", other));
  program.expect(fmt::format("does not listen on 127.0.0.1:{} any more: it is let go", port));
  EXPECT_EQ(ask(port).end, End::refused);
  EXPECT_EQ(ask(other).body, "elsewhere");
  end(program);
}

// Longer than it takes to find a port abandoned.
TEST_F(KeepPortsEnds, AServerThatClosesItsPortLongBeforeItEnds) {
  write_server("one",
               "def end(*ignored):\n"
               "    server.socket.close()\n"
               "    time.sleep(11)\n"
               "    os._exit(0)\n"
               "signal.signal(signal.SIGTERM, end)\n");
  Program program(keeping({"--stop-timeout", "30s"}));
  expect_listening(program);
  Client client(port);
  client.expect_answers();
  expect_served_anew(program, client, "two");
  expect_none_refused(client);
  end(program);
}

TEST_F(KeepPortsEnds, OnExitRestart) {
  Program program(keeping({"--on-exit", "restart"}));
  pid_t server_pid = pid_of_next(program, "started, pid");
  expect_listening(program);
  Client client(port);
  for (int times = 0; times < 3; ++times) {
    client.expect_answers();
    ::kill(server_pid, SIGKILL);
    server_pid = pid_of_next(program, "restarted, pid");
    expect_listening(program);
  }
  client.expect_answers();
  expect_none_refused(client);
  end(program);
}

TEST_F(KeepPortsEnds, HoweverManyWaitTheyAreAnswered) {
  Program program(keeping());
  const pid_t first = pid_of_next(program, "started, pid");
  expect_listening(program);
  ASSERT_EQ(ask(port).end, End::answered);
  ::kill(first, SIGSTOP);  // what connects from now on it never accepts
  std::vector<Fd> waiting;
  for (int count = 0; count < 3; ++count) waiting.push_back(connect_to(port));
  restart_to_the_gate(program);
  // Many more than the five that Python asks for.
  for (int count = 0; count < 100; ++count) waiting.push_back(connect_to(port));
  open_gate();
  for (const Fd& one : waiting) {
    ASSERT_TRUE(one);
    EXPECT_EQ(ask(one).body, "two");
  }
  end(program);
}

// The reloader has handed it over and is gone, and the next one has not begun.
TEST_F(KeepPortsEnds, APathIsRemovedAlsoWhenTheEndComesBetweenTwoGenerations) {
  const auto path = place.beside("socket");
  place.edit("unix.py", fmt::format("import os, signal, socket, sys\n"
                                    "signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGTERM}})\n"
                                    "server = socket.socket(socket.AF_UNIX)\n"
                                    "server.bind('{0}')\n"
                                    "server.listen()\n"
                                    "signal.sigwait({{signal.SIGTERM}})\n"
                                    "os.unlink('{0}')\n",
                                    path.string()));
  Program program(reloadrun({"--keep-ports"}, {python, "unix.py"}));
  program.expect("listening on ");
  const pid_t reloader = reloader_below(program.pid());
  program.signal(SIGSTOP);
  place.edit("settings.py", "");
  wait_until_unreaped(reloader);
  EXPECT_TRUE(std::filesystem::exists(path));
  program.signal(SIGTERM);
  program.signal(SIGCONT);
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_FALSE(std::filesystem::exists(path));
}

class KeepPortsStopped : public KeepPortsEnds {
 protected:
  /// The reloader stands still, and the next server waits for it in bind().
  void stop_reloader_at_bind(Program& program, pid_t& reloader) {
    expect_listening(program);
    close_gate();
    write_server("two");
    const pid_t next = pid_of_next(program, "restarted in");
    reloader = reloader_below(program.pid());
    ::kill(reloader, SIGSTOP);
    open_gate();
    eventually("it waits in bind()", [next] { return is_in_call(next, SYS_bind); });
  }
};

TEST_F(KeepPortsStopped, AReloaderThatGoesOnAnswers) {
  Program program(keeping());
  pid_t reloader = -1;
  stop_reloader_at_bind(program, reloader);
  Client client(port);
  expect_waiting(client);
  ::kill(reloader, SIGCONT);
  expect_listening(program);
  client.expect_answers();
  EXPECT_EQ(ask(port).body, "two");
  expect_none_refused(client);
  end(program);
}

TEST_F(KeepPortsStopped, AReloaderThatDiesLeavesNobodyWaiting) {
  Program program(keeping());
  pid_t reloader = -1;
  stop_reloader_at_bind(program, reloader);
  ::kill(reloader, SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
  expect_nothing_kept();
}

}  // namespace
}  // namespace reloadrun::test
