// Who looks for a free port by connect() finds one that is kept free until it is bound, and
// everything else as it is.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <string>

#include "helpers/address.hpp"
#include "unit/keeping.hpp"

namespace reloadrun::test {
namespace {

class KeepPortsProbed : public Keeping {
 protected:
  /// What follows finds a port kept that one listened on at `address`.
  void keep(const std::string& address, const std::string& family = "AF_INET") {
    ASSERT_EQ(run(fmt::format("s = listener({}, {})", address, family)), 0);
    next_generation();
  }
  /// Probes of the second generation: `refused(address)`, `connects(address)`.
  int probe(const std::string& program) {
    return run(R"(
def attempt(address, family=AF_INET, type=SOCK_STREAM):
    s = socket(family, type)
    s.setblocking(False)
    result = s.connect_ex(address)
    return 0 if result == errno.EINPROGRESS else result
def refused(*arguments): return attempt(*arguments) == errno.ECONNREFUSED
def connects(*arguments): return attempt(*arguments) == 0
)" + program);
  }
};

TEST_F(KeepPortsProbed, UntilItIsBound) {
  ASSERT_EQ(run("s = listener(here); create_connection(here)"), 0);
  next_generation();
  const Fd before = connect();  // from outside it is waited for
  ASSERT_EQ(probe(R"(
for _ in range(3): assert refused(here)
s = socket()
assert fails(errno.ECONNREFUSED, s.connect, here)
assert connects(here, AF_INET, SOCK_DGRAM)
assert getaddrinfo('127.0.0.1', port, type=SOCK_STREAM)
l = listener(here)
assert connects(here)
s.connect(here)
assert fails(errno.EISCONN, s.connect, here)
serve(l)  # the first one's own
serve(l)  # the test's
)"),
            0);
  EXPECT_EQ(answer_to(before), "served");
}

TEST_F(KeepPortsProbed, OfAllAddressesOnEachOfThisMachine) {
  keep("('0.0.0.0', port)");
  EXPECT_EQ(probe(R"(
for ip in '127.0.0.1', '127.0.0.9', '0.0.0.0', '': assert refused((ip, port)), ip
assert refused(('::ffff:127.0.0.1', port), AF_INET6)
assert not refused(('192.0.2.1', port))
s = listener(('0.0.0.0', port))
assert connects(here)
)"),
            0);
}

TEST_F(KeepPortsProbed, OfAllAddressesOfBothFamilies) {
  keep("('::', port)", "AF_INET6");
  EXPECT_EQ(probe(R"(
assert refused(here)
for ip in '::1', '::', '::ffff:127.0.0.1': assert refused((ip, port), AF_INET6), ip
s = listener(('::', port), AF_INET6)
assert connects(here) and connects(('::1', port), AF_INET6)
)"),
            0);
}

TEST_F(KeepPortsProbed, AnotherAddressOfThePortIsAsItIs) {
  keep("('127.0.0.2', port)");
  const auto foreign = listen_here();
  EXPECT_EQ(probe(R"(
assert connects(here)
assert refused(('127.0.0.2', port))
)"),
            0);
}

// It would be given the connection if nothing were kept.
TEST_F(KeepPortsProbed, WhereAnotherListensTooItIsNotFree) {
  const Fd foreign(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ASSERT_EQ(::setsockopt(foreign.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
  const sockaddr_in address = loopback(port);
  ASSERT_EQ(::bind(foreign.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(run(R"(
s = socket()
s.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
s.bind(('0.0.0.0', port))
s.listen()
)"),
            0);
  next_generation();
  EXPECT_EQ(probe("assert refused(here)"), 0);
  next_generation();
  ASSERT_EQ(::listen(foreign.get(), 5), 0);
  EXPECT_EQ(probe("assert connects(here) and refused(('127.0.0.2', port))"), 0);
}

TEST_F(KeepPortsProbed, InAnotherNetworkItIsAsItIs) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may make another network";
  keep("here");
  EXPECT_EQ(probe(R"(
assert refused(here)
assert ctypes.CDLL(None).unshare(0x40000000) == 0
assert attempt(here) == errno.ENETUNREACH  # loopback is down there
)"),
            0);
}

TEST_F(KeepPortsProbed, WhatTheLastHasLeftRunningServes) {
  ASSERT_EQ(run("s = listener(here); open('number', 'w').write(str(os.fstat(s.fileno()).st_ino))"),
            0);
  next_generation();
  auto sockets = ports->hand_over();
  std::uint64_t number = 0;
  std::ifstream("number") >> number;
  ports.emplace([number] { return std::set<net::SocketNumber>{number}; });
  ports->take_over(std::move(sockets), Clock::now());
  EXPECT_EQ(probe("assert connects(here)"), 0);
}

TEST_F(KeepPortsProbed, AUnixSocketIsRefusedOrMissingAsItWouldBe) {
  ASSERT_EQ(run(R"(
s = listener('stays', AF_UNIX)
t = listener('goes', AF_UNIX)
os.unlink('goes')
u = listener('\0probed-' + str(port), AF_UNIX)
)"),
            0);
  next_generation();
  EXPECT_EQ(probe(R"(
assert refused('stays', AF_UNIX) and refused(os.getcwd() + '/stays', AF_UNIX)
assert attempt('goes', AF_UNIX) == errno.ENOENT
assert attempt('nowhere', AF_UNIX) == errno.ENOENT
assert attempt('stays', AF_UNIX, SOCK_DGRAM) == errno.EPROTOTYPE
assert refused('\0probed-' + str(port), AF_UNIX)
assert refused('\0unknown-' + str(port), AF_UNIX)
s = listener('goes', AF_UNIX)
assert connects('goes', AF_UNIX) and refused('stays', AF_UNIX)
os.unlink('stays')
assert attempt('stays', AF_UNIX) == errno.ENOENT
)"),
            0);
}

TEST_F(KeepPortsProbed, AddressesThatAreNoneAreTheKernelsToRefuse) {
  keep("here");
  EXPECT_EQ(probe(R"(
libc = ctypes.CDLL(None, use_errno=True)
def raw(address, size, family=AF_INET):
    s = socket(family)
    return ctypes.get_errno() if libc.connect(s.fileno(), address, size) else 0
whole = bytes([2, 0, port // 256, port % 256, 127, 0, 0, 1]) + bytes(8)
assert raw(whole, 16) == errno.ECONNREFUSED
assert raw(whole, 8) == errno.EINVAL
assert raw(ctypes.c_void_p(8), 16) == errno.EFAULT
assert raw(whole, 16, AF_INET6) != errno.ECONNREFUSED
assert libc.connect(-1, whole, 16) == -1 and ctypes.get_errno() == errno.EBADF
)"),
            0);
}

}  // namespace
}  // namespace reloadrun::test
