// KeepPorts with all kinds of programs: what they do besides is as it would be without.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "fmt/format.h"
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

/// Compiles a C program that makes a listener, serves one client if there is an argument, and
/// ends; `calls.h` has by which calls.
class KeepPortsOfC : public Keeping {
 protected:
  void compile(const std::string& options) const {
    std::ofstream("server.c") << fmt::format(R"(
#include "calls.h"
#define REFUSED 111
int main(int argc) {{
  unsigned char address[16] = {{2, 0, {}, {}, 127, 0, 0, 1}};
  int s = make_socket();
  if (argc > 1 && do_connect(make_socket(), address, 16) != REFUSED) return 5;
  if (do_bind(s, address, 16) != 0) return 1;
  if (do_listen(s, 5) != 0) return 2;
  if (argc > 1) {{
    int c = do_accept(s);
    if (c < 0 || do_write(c, "served", 6) != 6) return 3;
    do_close(c);
  }}
  return do_shutdown(s) == 0 ? 0 : 4;
}}
)",
                                             port / 256, port % 256);
    ASSERT_EQ(std::system(("cc -o server server.c -static " + options).c_str()), 0);
  }
  void expect_kept() {
    ASSERT_EQ(run_command({"./server"}), 0);
    next_generation();
    const Fd client = connect();
    ASSERT_EQ(run_command({"./server", "serve"}), 0);
    EXPECT_EQ(answer_to(client), "served");
  }
};

TEST_F(KeepPortsOfC, AStaticProgram) {
  std::ofstream("calls.h") << R"(
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#define make_socket() socket(AF_INET, SOCK_STREAM, 0)
#define do_bind(s, a, n) bind(s, (struct sockaddr*)(a), n)
#define do_connect(s, a, n) (connect(s, (struct sockaddr*)(a), n) == 0 ? 0 : errno)
#define do_listen listen
#define do_accept(s) accept(s, 0, 0)
#define do_write write
#define do_close close
#define do_shutdown(s) shutdown(s, SHUT_RDWR)
)";
  compile("");
  expect_kept();
}

#ifdef __x86_64__
// By calls of their own, and by socketcall(), by which old programs make all of them.
class KeepPortsOf32Bit : public KeepPortsOfC, public testing::WithParamInterface<const char*> {};

TEST_P(KeepPortsOf32Bit, AreKept) {
  std::ofstream("calls.h") << "#define MULTIPLEXED " << GetParam() << R"(
static long call(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
  return result;
}
static long socketcall(long which, long a, long b, long c) {
  long arguments[] = {a, b, c};
  return call(102, which, (long)arguments, 0);
}
#define make_socket() socketcall(1, 2, 1, 0)
#define do_bind(s, a, n) \
  (MULTIPLEXED ? socketcall(2, s, (long)(a), n) : call(361, s, (long)(a), n))
#define do_connect(s, a, n) \
  -(MULTIPLEXED ? socketcall(3, s, (long)(a), n) : call(362, s, (long)(a), n))
#define do_listen(s, n) (MULTIPLEXED ? socketcall(4, s, n, 0) : call(363, s, n, 0))
#define do_accept(s) socketcall(5, s, 0, 0)
#define do_write(c, text, n) call(4, c, (long)(text), n)
#define do_close(c) call(6, c, 0, 0)
#define do_shutdown(s) (MULTIPLEXED ? socketcall(13, s, 2, 0) : call(373, s, 2, 0))
int main(int argc);
__attribute__((used)) void begin(long* stack) { call(1, main((int)*stack), 0, 0); }
__asm__(".globl _start\n_start: mov %esp, %eax\n push %eax\n call begin\n");
)";
  compile("-m32 -nostdlib -fno-pic -fno-stack-protector -no-pie -mstackrealign");
  const int status = std::system("./server");
  if (!WIFEXITED(status) || WEXITSTATUS(status) >= 126) {
    GTEST_SKIP() << "this kernel runs no 32-bit programs";
  }
  expect_kept();
}

INSTANTIATE_TEST_SUITE_P(Calls, KeepPortsOf32Bit, testing::Values("0", "1"), [](const auto& test) {
  return *test.param == '0' ? "OfTheirOwn" : "Multiplexed";
});
#endif

}  // namespace
}  // namespace reloadrun::test
