// Sockets that outlive their program: which one is given to the next, and as what.

#include "net/keep_ports.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "unit/keeping.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class KeepPorts : public Keeping {};

TEST_F(KeepPorts, WhoConnectsBetweenTwoGenerationsIsServedByTheSecond) {
  ASSERT_EQ(run("listener(here)"), 0);
  const Fd before = connect();
  next_generation();
  const Fd after = connect();
  ASSERT_EQ(run("s = listener(here); assert s.getsockname() == here; serve(s); serve(s)"), 0);
  EXPECT_EQ(answer_to(before), "served");
  EXPECT_EQ(answer_to(after), "served");
  EXPECT_EQ(told(Kind::listening), (Texts{local(), local()}));
}

TEST_F(KeepPorts, ThoughTheQueueIsShort) {
  ASSERT_EQ(run("listener(here, backlog=1)"), 0);
  next_generation();
  std::vector<Fd> clients(20);
  for (Fd& client : clients) client = connect();
  ASSERT_EQ(run("s = listener(here, backlog=1)\n"
                "for _ in range(20): serve(s)\n"),
            0);
  for (const Fd& client : clients) EXPECT_EQ(answer_to(client), "served");
}

TEST_F(KeepPorts, TheQueueIsAsLongAsAskedForInTheEnd) {
  // Of a listener, tcpi_sacked is how many may wait.
  run_twice(R"(
s = listener(here, backlog=3)
def longest(): return array.array('I', s.getsockopt(IPPROTO_TCP, TCP_INFO, 32))[7]
while longest() != 3: time.sleep(0.01)
s.listen(9)
while longest() != 9: time.sleep(0.01)
)");
}

TEST_F(KeepPorts, SeveralOfAllFamilies) {
  run_twice(R"(
def only6(address):
    s = socket(AF_INET6, SOCK_STREAM)
    s.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
    s.bind(address)
    s.listen()
    return s
a = listener(('0.0.0.0', port))
b = only6(('::', port))
c = listener(('127.0.0.1', 0))
d = listener(('::', 0), AF_INET6)
e = listener('\0reloadrun-' + str(port), AF_UNIX)
assert d.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY) == 0
assert b.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY) == 1
numbers = str([os.fstat(s.fileno()).st_ino for s in (a, b, c, d, e)])
if not os.path.exists('numbers'): open('numbers', 'w').write(numbers)
assert open('numbers').read() == numbers
time.sleep(0.1)
)");
  EXPECT_EQ(told(Kind::listening).size(), 10);
}

TEST_F(KeepPorts, AnyPortStaysTheSameAndEachOfSeveralIsAnother) {
  run_twice(R"(
a, b = listener(('127.0.0.1', 0)), listener(('127.0.0.1', 0))
got = str([a.getsockname(), b.getsockname()])
if not os.path.exists('got'): open('got', 'w').write(got)
assert open('got').read() == got
a.close()
c = listener(('127.0.0.1', 0))
assert len({str(s.getsockname()) for s in (b, c)} | {got.split(')')[0][1:] + ')'}) == 3
)");
}

TEST_F(KeepPorts, AFreePortThatWasLookedForIsTakenAfterwards) {
  run_twice(R"(
s = listener(('127.0.0.1', 0))
found = s.getsockname()
s.close()
assert listener(found).getsockname() == found
)");
}

TEST_F(KeepPorts, APortMayBeTriedBeforeItIsUsed) {
  run_twice(R"(
for _ in range(3): listener(here).close()
s = listener(here)
assert fails(errno.EADDRINUSE, listener, here)
c = create_connection(here)
serve(s)
assert c.recv(10) == b'served'
)");
}

TEST_F(KeepPorts, TheFlagsOfItsDescriptorAreTheTargetsOwn) {
  ASSERT_EQ(run("s = listener(here); s.setblocking(False)"), 0);
  next_generation();
  ASSERT_EQ(run("s = listener(here)\n"
                "assert os.get_blocking(s.fileno()) and not os.get_inheritable(s.fileno())\n"),
            0);
  next_generation();
  ASSERT_EQ(run(R"(
s = socket()
s.setblocking(False)
os.set_inheritable(s.fileno(), True)
s.bind(here)
s.listen()
assert not os.get_blocking(s.fileno()) and os.get_inheritable(s.fileno())
assert fails(errno.EAGAIN, s.accept)
)"),
            0);
}

TEST_F(KeepPorts, OptionsThatAreSetBeforeBindHold) {
  ASSERT_EQ(run("listener(here)"), 0);
  next_generation();
  ASSERT_EQ(run(R"(
s = socket()
s.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
s.setsockopt(SOL_SOCKET, SO_RCVBUF, 20000)
s.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
s.setsockopt(SOL_SOCKET, SO_LINGER, array.array('i', [1, 7]).tobytes())
s.bind(here)
s.listen()
c = create_connection(here)
for one in (s, s.accept()[0]):
    assert one.getsockopt(SOL_SOCKET, SO_KEEPALIVE) == 1
    assert one.getsockopt(SOL_SOCKET, SO_RCVBUF) == 40000
    assert one.getsockopt(IPPROTO_TCP, TCP_NODELAY) == 1
    assert array.array('i', one.getsockopt(SOL_SOCKET, SO_LINGER, 8)).tolist() == [1, 7]
)"),
            0);
}

TEST_F(KeepPorts, AnotherAddressWithThePortIsNotHeldUp) {
  ASSERT_EQ(run("listener(here)"), 0);
  next_generation();
  ASSERT_EQ(run("assert listener(('0.0.0.0', port)).getsockname() == ('0.0.0.0', port)"), 0);
  next_generation();
  ASSERT_EQ(run("s = listener(('::', port), AF_INET6)"), 0);
  next_generation();
  ASSERT_EQ(run("s = listener(here)"), 0);
}

TEST_F(KeepPorts, WhatSomebodyElseHoldsIsInUse) {
  const auto foreign = listen_here();
  ASSERT_EQ(run("assert fails(errno.EADDRINUSE, listener, here)"), 0);
}

TEST_F(KeepPorts, IsNotGivenToAnotherUserOrNetwork) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may become another";
  const std::string anywhere = "s = listener(('0.0.0.0', port))\n";
  const std::string differs = "assert str(os.fstat(s.fileno()).st_ino) != open('number').read()\n";
  ASSERT_EQ(run(anywhere + "open('number', 'w').write(str(os.fstat(s.fileno()).st_ino))\n"), 0);
  next_generation();
  ASSERT_EQ(run("assert ctypes.CDLL(None).unshare(0x40000000) == 0\n" + anywhere + differs), 0);
  EXPECT_FALSE(is_refused());  // it is still kept in our network
  next_generation();
  ASSERT_EQ(run("other = open('number')\nos.setuid(65534)\n" + anywhere +
                "assert str(os.fstat(s.fileno()).st_ino) != other.read()\n"),
            0);
}

TEST_F(KeepPorts, AUnixSocketsPathStaysWhileItIsRemovedAndMadeAgain) {
  const std::string program = R"(
if os.path.exists('server.sock'): os.unlink('server.sock')
s = listener('server.sock', AF_UNIX)
assert s.getsockname() == 'server.sock'
if sys.argv[2]: serve(s); serve(s)
os.unlink(os.getcwd() + '/server.sock')
)";
  const std::string path = place.work() / "server.sock";
  ASSERT_EQ(run(program), 0);
  for (int generation = 0; generation < 3; ++generation) {
    const Fd before = connect_to(path);
    next_generation();
    const Fd after = connect_to(path);
    ASSERT_EQ(run(program, "serve"), 0);
    EXPECT_EQ(answer_to(before), "served");
    EXPECT_EQ(answer_to(after), "served");
  }
  EXPECT_TRUE(fs::exists("server.sock"));
  ports->let_go_of_all();
  EXPECT_FALSE(fs::exists("server.sock"));
}

TEST_F(KeepPorts, WhatTheNextDoesNotWantIsLetGo) {
  ASSERT_EQ(run("listener(here)"), 0);
  next_generation();
  ASSERT_EQ(run("s = listener(('127.0.0.1', 0)); time.sleep(0.1)"), 0);
  const TimePoint now = Clock::now();
  ports->attend(now + 4s);
  EXPECT_FALSE(is_refused());
  ports->attend(now + 6s);
  EXPECT_TRUE(is_refused());
  EXPECT_EQ(told(Kind::let_go), Texts{local()});
}

TEST_F(KeepPorts, OneThatListensOnNothingIsWaitedForALongTime) {
  ASSERT_EQ(run("listener(here)"), 0);
  next_generation();
  const TimePoint now = Clock::now();
  ports->attend(now + 50s);
  EXPECT_FALSE(is_refused());
  ports->attend(now + 61s);
  EXPECT_TRUE(is_refused());
}

TEST_F(KeepPorts, WhatIsClosedInTheMiddleOfALifeIsRefusedSoon) {
  ASSERT_EQ(run(R"(
s = listener(here)
s.close()
c = create_connection(here)  # nobody accepts it
assert fails(errno.ECONNRESET, c.recv, 1)
assert fails(errno.ECONNREFUSED, create_connection, here)
)"),
            0);
}

TEST_F(KeepPorts, BindingAloneKeepsNothing) {
  ASSERT_EQ(run("bound(here)"), 0);
  next_generation();
  EXPECT_TRUE(is_refused());
  ASSERT_EQ(run("s = bound(here); assert fails(errno.EINVAL, s.bind, here)"), 0);
}

TEST_F(KeepPorts, AtMostTwoHundred) {
  ASSERT_EQ(run("all = [listener(('127.0.0.1', 0)) for _ in range(202)]"), 0);
  EXPECT_EQ(told(Kind::too_many).size(), 1);
  EXPECT_EQ(ports->hand_over().size(), 200);
}

}  // namespace
}  // namespace reloadrun::test
