// Groups of sockets that share a port (SO_REUSEPORT): the kernel gives each connection to one of
// them, and nobody else can accept it.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "unit/keeping.hpp"

namespace reloadrun::test {
namespace {

using namespace std::chrono_literals;

class KeepPortsOfGroups : public Keeping {
 protected:
  /// `member()` makes one of the group.
  int run_group(const std::string& program) {
    return run(R"(
import atexit, select
def member(address=here):
    s = socket()
    s.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
    s.bind(address)
    s.listen(64)
    return s
def number(s): return os.fstat(s.fileno()).st_ino
def serve_all(group, count):
    while count:
        for s in select.select(group, [], [])[0]:
            serve(s)
            count -= 1
)" + program);
  }
  [[nodiscard]] std::vector<Fd> connect_many() const {
    std::vector<Fd> clients(many);
    for (Fd& client : clients) client = connect();
    return clients;
  }

  // So many that each of three is given some of them.
  static constexpr int many = 40;
};

TEST_F(KeepPortsOfGroups, WhoWaitsInAnyQueueIsServed) {
  ASSERT_EQ(run_group("group = [member() for _ in range(3)]"), 0);
  for (int generation = 0; generation < 2; ++generation) {
    const auto before = connect_many();
    next_generation();
    const auto after = connect_many();
    ASSERT_EQ(run_group(fmt::format("group = [member() for _ in range(3)]; serve_all(group, {})",
                                    2 * many)),
              0);
    for (const Fd& client : before) EXPECT_EQ(answer_to(client), "served");
    for (const Fd& client : after) EXPECT_EQ(answer_to(client), "served");
  }
  EXPECT_EQ(told(Kind::listening), (Texts{local(), local(), local()}));  // it is one address
}

TEST_F(KeepPortsOfGroups, EachMemberIsGivenToOneAndBackToWhoHasClosedIt) {
  ASSERT_EQ(run_group(R"(
group = [member() for _ in range(3)]
open('numbers', 'w').write(str(sorted(number(s) for s in group)))
)"),
            0);
  next_generation();
  EXPECT_EQ(run_group(R"(
group = [member() for _ in range(3)]
assert open('numbers').read() == str(sorted(number(s) for s in group))
lost = number(group[1])
group[1].close()
group[1] = member()
assert number(group[1]) == lost
fourth = member()
assert str(number(fourth)) not in open('numbers').read()
)"),
            0);
}

TEST_F(KeepPortsOfGroups, TheMemberInWhichOneWaitsIsGivenFirst) {
  for (int round = 0; round < 5; ++round) {
    ASSERT_EQ(run_group("group = [member() for _ in range(8)]"), 0);
    next_generation();
    const Fd client = connect();
    ASSERT_EQ(run_group("signal.alarm(20); serve(member())"), 0);
    EXPECT_EQ(answer_to(client), "served");
    next_generation();
  }
}

TEST_F(KeepPortsOfGroups, WhatFewerMembersLeaveIsLetGoSoonAndUntold) {
  ASSERT_EQ(run_group("group = [member() for _ in range(4)]"), 0);
  next_generation();
  ASSERT_EQ(run_group("one = member(); time.sleep(0.1)"), 0);
  ports->attend(Clock::now() + 2500ms);
  EXPECT_EQ(told(Kind::let_go), Texts{});
  EXPECT_EQ(ports->hand_over().size(), 1);
}

TEST_F(KeepPortsOfGroups, AMemberThatComesLateIsWaitedFor) {
  ASSERT_EQ(run_group("group = [member() for _ in range(2)]; open('n', 'w').write(str([number(s) "
                      "for s in group]))"),
            0);
  next_generation();
  EXPECT_EQ(run_group(R"(
one = member()
time.sleep(0.4)
two = member()
assert sorted([number(one), number(two)]) == sorted(eval(open('n').read()))
)"),
            0);
}

TEST_F(KeepPortsOfGroups, AWorkerThatEndsAloneSwallowsNobody) {
  EXPECT_EQ(run_group(R"(
def work():
    s = member()
    os.write(ready, b'x')
    while True: serve(s)
got, ready = os.pipe()
workers = []
def start():
    worker = os.fork()
    if worker == 0: work()
    os.read(got, 1)
    workers.append(worker)
def is_served():
    c = create_connection(here)
    c.settimeout(0.5)
    try: return c.recv(10) == b'served'
    except OSError: return False
def end():
    for worker in workers: os.kill(worker, signal.SIGKILL)
atexit.register(end)
for _ in range(3): start()
os.kill(workers[1], signal.SIGKILL)
os.waitpid(workers.pop(1), 0)
begun = time.monotonic()
while not all(is_served() for _ in range(40)): pass
assert time.monotonic() - begun < 4, time.monotonic() - begun
start()
assert all(is_served() for _ in range(40))
)"),
            0);
}

// As when a worker fails: without its siblings it is waited for.
TEST_F(KeepPortsOfGroups, AllOfThemMayEndAtOnce) {
  ASSERT_EQ(run_group(R"(
workers = []
for _ in range(3):
    got, ready = os.pipe()
    workers.append(os.fork())
    if workers[-1] == 0:
        s = member()
        os.write(ready, b'x')
        signal.pause()
    os.read(got, 1)
for worker in workers: os.kill(worker, signal.SIGKILL)
for worker in workers: os.waitpid(worker, 0)
time.sleep(0.5)
)"),
            0);
  EXPECT_EQ(ports->hand_over().size(), 3);
}

}  // namespace
}  // namespace reloadrun::test
