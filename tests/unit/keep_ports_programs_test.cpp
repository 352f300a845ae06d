// KeepPorts with all kinds of programs: what they do besides is as it would be without.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "fmt/format.h"
#include "helpers/program.hpp"
#include "unit/keeping.hpp"

namespace reloadrun::test {
namespace {

class KeepPortsOf : public Keeping {};

TEST_F(KeepPortsOf, AClientThatBindsIsNotKept) {
  const auto server = listen_here();
  ASSERT_EQ(run("s = bound(('127.0.0.1', 0)); s.connect(here); s.sendall(b'asked')"), 0);
  const Fd client(::accept4(server.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_EQ(answer_to(client), "asked");  // up to its end, which a duplicate would keep from us
}

TEST_F(KeepPortsOf, AServerThatIsEndedByShutdown) {
  ASSERT_EQ(run(R"(
s = listener(here)
done = []
def accept():
    while not done: s.accept()[0].close()
threads = [threading.Thread(target=accept) for _ in range(3)]
for one in threads: one.start()
def in_accept():
    calls = [open('/proc/self/task/%d/syscall' % t.native_id).read() for t in threads]
    return all(call.split()[0] in ('43', '288', '202', '242') for call in calls)
while not in_accept(): time.sleep(0.01)
done.append(1)
s.shutdown(SHUT_RDWR)
for one in threads: one.join()
)"),
            0);
  next_generation();
  const Fd client = connect();
  ASSERT_EQ(run("s = listener(here); serve(s)\n"
                "assert fails(errno.ENOTCONN, socket().shutdown, SHUT_RDWR)\n"),
            0);
  EXPECT_EQ(answer_to(client), "served");
}

TEST_F(KeepPortsOf, AProgramThatHandlesSignalsMeanwhile) {
  run_twice(R"(
signal.signal(signal.SIGALRM, lambda *_: None)
signal.siginterrupt(signal.SIGALRM, False)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
for _ in range(50): listener(('127.0.0.1', 0)).close()
for _ in range(20): listener(here).close()
s = listener(here)
signal.setitimer(signal.ITIMER_REAL, 0)
)");
}

// As the kernel makes it do before Linux 5.19, for a signal that comes as the call is answered.
TEST_F(KeepPortsOf, AProgramThatMakesAnAnsweredCallAgain) {
  run_twice(R"(
listener(here).close()
s = bound(here)
time.sleep(0.2)  # longer than it takes to look at the socket again
s.bind(here)
s.listen()
s.listen()
assert fails(errno.EINVAL, s.bind, here)
)");
}

TEST_F(KeepPortsOf, AProgramWithOtherSocketsToo) {
  run_twice(R"(
s = listener(here)
u = bound(here, AF_INET, SOCK_DGRAM)
u.sendto(b'x', here)
assert u.recv(10) == b'x'
n = socket(AF_NETLINK, SOCK_RAW, 0)
n.bind((0, 0))
assert n.getsockname()[0] != 0
d = socket(AF_UNIX, SOCK_DGRAM)
d.bind('datagrams')
os.unlink('datagrams')
assert not os.path.exists('datagrams')
a, b = socketpair()
a.shutdown(SHUT_WR)
assert b.recv(1) == b''
)");
}

TEST_F(KeepPortsOf, AProgramWithWorkersAndOneThatExecutesAnother) {
  run_twice(R"(
s = listener(here)
os.set_inheritable(s.fileno(), True)
accepts = 'import socket, sys; socket.socket(fileno=int(sys.argv[1])).accept()[0].send(b"served")'
if os.fork() == 0:
    os.execvp('python3', ['python3', '-c', accepts, str(s.fileno())])
if os.fork() == 0:
    serve(s)
    os._exit(0)
c, d = create_connection(here), create_connection(here)
assert c.recv(10) == d.recv(10) == b'served'
assert os.wait()[1] == os.wait()[1] == 0
)");
}

TEST_F(KeepPortsOf, AProgramWithAFilterOfItsOwn) {
  // It answers listen() with EPERM, and lets everything else pass.
  run_twice(fmt::format(R"(
class Op(ctypes.Structure):
    _fields_ = [('code', ctypes.c_ushort), ('true', ctypes.c_ubyte), ('false', ctypes.c_ubyte),
                ('k', ctypes.c_uint)]
class Filter(ctypes.Structure):
    _fields_ = [('size', ctypes.c_ushort), ('ops', ctypes.POINTER(Op))]
ops = (Op * 4)(Op(0x20, 0, 0, 0), Op(0x15, 0, 1, {}), Op(0x06, 0, 0, 0x50001),
               Op(0x06, 0, 0, 0x7fff0000))
s = listener(here)
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Filter(4, ops))) == 0
assert fails(errno.EPERM, bound(('127.0.0.1', 0)).listen)
)",
                        SYS_listen));
}

/// A static program, which makes its calls without Debian's C library.
TEST_F(KeepPortsOf, AStaticProgram) {
  std::ofstream("server.c") << R"(
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>
int main(int argc, char** argv) {
  struct sockaddr_in address = {AF_INET, htons(atoi(argv[1])), {htonl(INADDR_LOOPBACK)}};
  struct sockaddr* here = (struct sockaddr*)&address;
  int s = socket(AF_INET, SOCK_STREAM, 0);
  if (argc > 2 && (connect(socket(AF_INET, SOCK_STREAM, 0), here, sizeof address) == 0 ||
                   errno != ECONNREFUSED)) return 5;
  if (bind(s, here, sizeof address) != 0) return 1;
  if (listen(s, 5) != 0) return 2;
  if (argc > 2) {
    int c = accept(s, 0, 0);
    if (c < 0 || write(c, "served", 6) != 6) return 3;
    close(c);
  }
  return shutdown(s, SHUT_RDWR) == 0 ? 0 : 4;
}
)";
  ASSERT_EQ(std::system("cc -o server server.c -static"), 0);
  const std::string number = std::to_string(port);
  ASSERT_EQ(run_command({"./server", number}), 0);
  next_generation();
  const Fd client = connect();
  ASSERT_EQ(run_command({"./server", number, "serve"}), 0);
  EXPECT_EQ(answer_to(client), "served");
}

/// By calls of their own, and by socketcall(), by which old programs of i386 make all of them.
class KeepPortsOf32Bit : public Keeping, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    if (const auto why = why_no_program_32(); !why.empty()) GTEST_SKIP() << why;
  }
  int run_32(const std::string& does) {
    return run_command({program_32_path(), does, std::to_string(port), GetParam()});
  }
};

TEST_P(KeepPortsOf32Bit, AreKept) {
  ASSERT_EQ(run_32("listen"), 0);
  next_generation();
  const Fd client = connect();
  ASSERT_EQ(run_32("once"), 0);
  EXPECT_EQ(answer_to(client), "served");
}

TEST_P(KeepPortsOf32Bit, WhoseShutdownWakesAThreadThatAccepts) {
  ASSERT_EQ(run_32("shutdown"), 0);
  next_generation();
  const Fd client = connect();
  ASSERT_EQ(run_32("once"), 0);
  EXPECT_EQ(answer_to(client), "served");
}

INSTANTIATE_TEST_SUITE_P(Calls, KeepPortsOf32Bit, testing::Values("own", "multiplexed"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace reloadrun::test
