// Who may do what to a kept socket and its path: nothing is done for a program that it could not do
// itself. Each test is an attack; where it needs luck, it is tried a thousand times.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "net/address.hpp"
#include "unit/keeping.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t nobody = 65534;

// What the attackers begin with.
constexpr auto attackers = R"(
libc = ctypes.CDLL(None, use_errno=True)
def drop():
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    libc.prctl(4, 1)  # or it may not look at its own threads
def swap_for_ever(a, b):
    pid = os.fork()
    if pid == 0:
        libc.prctl(1, signal.SIGKILL)
        while True:
            libc.renameat2(-100, a.encode(), -100, b.encode(), 2)
            time.sleep(0.00002)
    return pid
tasks = os.open('/proc/self/task', os.O_RDONLY)
def in_accept(thread):
    call = os.open('%d/syscall' % thread.native_id, os.O_RDONLY, dir_fd=tasks)
    try: return os.read(call, 100).split()[0] in (b'43', b'288', b'202', b'242')
    finally: os.close(call)
def accept_in_thread(s, taken):
    def accept():
        try: taken.append(s.accept()[0])
        except OSError: pass
    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    while not in_accept(thread): time.sleep(0.0001)
    return thread
def is_woken(s, taken=None):
    taken = [] if taken is None else taken
    thread = accept_in_thread(s, taken)
    s.shutdown(SHUT_RDWR)
    thread.join(10)
    return not thread.is_alive()
)";

/// A directory `mine` of nobody's and a directory `protected` of root's, with a link `link` of
/// nobody's that leads to it.
class KeepPortsRights : public Keeping {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may become another";
    fs::permissions(place.work().parent_path(), fs::perms(0755));
    fs::permissions(place.work(), fs::perms(0755));
    fs::create_directory("mine");
    ASSERT_EQ(::chown("mine", nobody, nobody), 0);
    fs::create_directory("mine/d");
    ASSERT_EQ(::chown("mine/d", nobody, nobody), 0);
    fs::create_directory("protected");
    fs::permissions("protected", fs::perms(0755));
    fs::create_symlink(place.work() / "protected", "mine/link");
  }

  int attack(const std::string& program, const std::string& argument = {}) {
    return run(attackers + program, argument);
  }

  /// Root's own, to which nobody else may connect.
  Fd root_listens_at(const std::string& path) const {
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const auto address = net::Address::of_path(path);
    EXPECT_EQ(::bind(socket.get(), address.generic(), address.size()), 0);
    EXPECT_EQ(::chmod(path.c_str(), 0600), 0);
    EXPECT_EQ(::listen(socket.get(), 4000), 0);
    return socket;
  }
  static void expect_nobody_connected(const Fd& listener) {
    EXPECT_EQ(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), -1);
    EXPECT_EQ(errno, EAGAIN);
  }
};

TEST_F(KeepPortsRights, APathIsNotRemovedThroughALinkThatWasPutInBetween) {
  std::ofstream("protected/s") << "precious";
  // A socket of another kind does not fit, and so what is owed is removed.
  ASSERT_EQ(attack(R"(
drop()
swapper = swap_for_ever('mine/d', 'mine/link')
rounds = 0
while rounds < often(1000):
    try:
        s = socket(AF_UNIX, SOCK_STREAM if rounds % 2 else SOCK_SEQPACKET)
        s.bind('mine/d/s')
        s.listen(5)
        rounds += 1
    except OSError: pass
    for path in ('mine/d/s', 'mine/link/s'):
        try: os.unlink(path)
        except OSError: pass
    s.close()
os.kill(swapper, 9)
)"),
            0);
  next_generation();
  ports->let_go_of_all();
  EXPECT_EQ(content_of("protected/s"), "precious");
}

TEST_F(KeepPortsRights, SomebodyElsesSocketAndALinkToOnesOwnAreNotRemoved) {
  fs::create_symlink(place.work() / "mine/s", "protected/link");
  fs::permissions("protected", fs::perms(0755));
  ASSERT_EQ(attack(R"(
a = listener('protected/root.sock', AF_UNIX)
if os.fork() == 0:
    drop()
    b = listener('mine/s', AF_UNIX)
    for _ in range(often(1000)):
        assert fails(errno.EACCES, os.unlink, 'protected/root.sock')
        assert fails(errno.EACCES, os.unlink, 'protected/link')
    os._exit(0)
assert os.wait()[1] == 0
)"),
            0);
  ports->let_go_of_all();
  EXPECT_TRUE(fs::exists("protected/root.sock"));
  EXPECT_TRUE(fs::is_symlink("protected/link"));
}

TEST_F(KeepPortsRights, NotEvenFromADirectoryInWhichEverybodyMakesFiles) {
  fs::permissions("protected", fs::perms(01777));
  ASSERT_EQ(attack(R"(
a = listener('protected/root.sock', AF_UNIX)
if os.fork() == 0:
    drop()
    assert fails(errno.EPERM, os.unlink, 'protected/root.sock')
    os._exit(0)
assert os.wait()[1] == 0
)"),
            0);
  ports->let_go_of_all();
  EXPECT_TRUE(fs::exists("protected/root.sock"));
}

TEST_F(KeepPortsRights, ALinkToASocketIsRemovedAtOnce) {
  ASSERT_EQ(attack(R"(
s = listener('mine/s', AF_UNIX)
os.symlink('s', 'mine/second')
os.unlink('mine/second')
assert not os.path.lexists('mine/second')
os.link('mine/s', 'mine/third')
os.unlink('mine/third')
assert not os.path.lexists('mine/third')
assert fails(errno.ENOTDIR, os.unlink, 'mine/s/')
)"),
            0);
}

TEST_F(KeepPortsRights, WhoseDirectoryItIsNoMoreCannotHaveItRemoved) {
  ASSERT_EQ(attack("drop(); s = listener('mine/s', AF_UNIX); os.unlink('mine/s')"), 0);
  EXPECT_TRUE(fs::exists("mine/s"));
  ASSERT_EQ(::chown("mine", 0, 0), 0);
  ports->let_go_of_all();
  EXPECT_TRUE(fs::exists("mine/s"));
}

TEST_F(KeepPortsRights, WhatTookThePlaceOfAPathIsNotRemoved) {
  ASSERT_EQ(attack("drop(); s = listener('mine/s', AF_UNIX); os.unlink('mine/s')\n"
                   "open('mine/new', 'w').close(); os.rename('mine/new', 'mine/s')\n"),
            0);
  ports->let_go_of_all();
  EXPECT_TRUE(fs::is_regular_file("mine/s"));
}

TEST_F(KeepPortsRights, APathThatWasRemovedIsFreeForWhomItIsNotKept) {
  const std::string program = R"(
if sys.argv[2]: drop()
if os.path.exists('mine/s'): os.unlink('mine/s')
s = listener('mine/s', AF_UNIX)
number = str(os.stat('mine/s').st_ino)
os.unlink('mine/s')
)";
  ASSERT_EQ(attack(program), 0);
  next_generation();
  ASSERT_EQ(attack(program, "as another"), 0);
  struct stat status {};
  ASSERT_EQ(::stat("mine/s", &status), 0);
  EXPECT_EQ(status.st_uid, nobody);
  next_generation();
  ports->let_go_of_all();
  EXPECT_FALSE(fs::exists("mine/s"));
}

TEST_F(KeepPortsRights, ASocketIsNotGivenToWhoCouldNotHaveMadeItThere) {
  fs::permissions("protected", fs::perms(0777));
  ASSERT_EQ(attack("drop(); s = listener('protected/s', AF_UNIX)"), 0);
  next_generation();
  fs::permissions("protected", fs::perms(0755));
  ASSERT_EQ(attack("drop(); assert fails(errno.EADDRINUSE, listener, 'protected/s', AF_UNIX)"), 0);
  fs::permissions("protected", fs::perms(0777));
  ASSERT_EQ(attack("drop(); s = listener('protected/s', AF_UNIX)"), 0);
}

TEST_F(KeepPortsRights, NorToWhoHasOtherGroupsOrCapabilities) {
  const std::string anywhere =
      "s = listener('\\0reloadrun-' + str(port), AF_UNIX)\n"
      "number = str(os.fstat(s.fileno()).st_ino)\n"
      "known = open('number').read() if os.path.exists('number') else ''\n"
      "open('number', 'w').write(number)\n";
  const std::string is_the_same = "assert number == known\n";
  const std::string is_another = "assert number != known\n";
  ASSERT_EQ(attack(anywhere), 0);
  next_generation();
  ASSERT_EQ(attack(anywhere + is_the_same), 0);
  next_generation();
  ASSERT_EQ(attack("os.setgroups([4])\n" + anywhere + is_another), 0);
  next_generation();
  ASSERT_EQ(attack("os.setgroups([4])\n" + anywhere + is_the_same), 0);
  next_generation();
  ASSERT_EQ(attack("os.setgroups([4]); libc.setfsgid(4)\n" + anywhere + is_another), 0);
  next_generation();
  ASSERT_EQ(attack(R"(
os.setgroups([4]); libc.setfsgid(4)
header = (ctypes.c_uint * 2)(0x20080522, 0)
some = (ctypes.c_uint * 6)(0x400, 0x400, 0, 0, 0, 0)
assert libc.capset(header, some) == 0
)" + anywhere + is_another),
            0);
}

TEST_F(KeepPortsRights, WhoConnectsIsToldOfTheServersUser) {
  const auto user_at_other_end = [](const Fd& client) {
    ucred other{};
    socklen_t size = sizeof other;
    EXPECT_EQ(::getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &other, &size), 0);
    return other.uid;
  };
  ASSERT_EQ(attack("drop(); s = listener('mine/s', AF_UNIX)"), 0);
  EXPECT_EQ(user_at_other_end(connect_to("mine/s")), nobody);
  next_generation();
  EXPECT_EQ(user_at_other_end(connect_to("mine/s")), nobody);
}

TEST_F(KeepPortsRights, WhoIsWokenIsConnectedToByItsOwnUser) {
  ASSERT_EQ(attack(R"(
drop()
for address in ('mine/s', '\0reloadrun-' + str(port)):
    s = listener(address, AF_UNIX)
    taken = []
    assert is_woken(s, taken)
    other = array.array('i', taken[0].getsockopt(SOL_SOCKET, 17, 12))
    assert list(other)[1:] == [65534, 65534], other
)"),
            0);
}

TEST_F(KeepPortsRights, NobodyConnectsToAnothersSocketThatIsAtThePathInstead) {
  const Fd precious = root_listens_at("protected/s");
  ASSERT_EQ(attack(R"(
drop()
swapper = swap_for_ever('mine/d', 'mine/link')
rounds = 0
while rounds < often(1000):
    try: s = listener('mine/d/s', AF_UNIX)
    except OSError:
        for path in ('mine/d/s', 'mine/link/s'):
            try: os.unlink(path)
            except OSError: pass
        continue
    assert is_woken(s)
    s.close()
    rounds += 1
os.kill(swapper, 9)
)"),
            0);
  expect_nobody_connected(precious);
  EXPECT_TRUE(fs::exists("protected/s"));
}

TEST_F(KeepPortsRights, NorFromAnotherUserAndMountNamespace) {
  fs::permissions("protected", fs::perms(0700));
  const Fd precious = root_listens_at("protected/s");
  ASSERT_EQ(attack(R"(
work = os.getcwd()
drop()
if libc.unshare(0x10020000) != 0: os._exit(0)  # a user and a mount namespace
open('/proc/self/uid_map', 'w').write('0 65534 1')
open('/proc/self/setgroups', 'w').write('deny')
open('/proc/self/gid_map', 'w').write('0 65534 1')
assert libc.mount(b'none', work.encode(), b'tmpfs', 0, None) == 0
os.chdir(work)
os.mkdir('protected')
for path in ('protected/s', work + '/protected/s'):
    for _ in range(often(500)):
        s = listener(path, AF_UNIX)
        assert is_woken(s)
        s.close()
        os.unlink(path)
)"),
            0);
  expect_nobody_connected(precious);
  EXPECT_TRUE(fs::exists("protected/s"));
}

TEST_F(KeepPortsRights, ARootOfItsOwnIsWhereAbsoluteLinksLead) {
  const Fd precious = root_listens_at("protected/s");
  ASSERT_EQ(attack(R"(
root = os.getcwd() + '/mine'
os.mkdir('mine/protected')
os.makedirs('mine' + os.getcwd())
os.symlink(os.getcwd() + '/protected', 'mine/absolute')
os.symlink('protected', 'mine/relative')
os.symlink('../protected', 'mine/d/up')
os.symlink(os.path.abspath('protected'), 'mine' + os.getcwd() + '/protected')
os.chroot(root)
os.chdir('/d')
for path in ('/protected/s', '../relative/s', 'up/s', '../../../protected/s', '/d/up/s'):
    s = listener(path, AF_UNIX)
    inode = os.stat('/protected/s').st_ino
    assert is_woken(s)
    s.close()
    os.unlink(path)
    assert os.stat('/protected/s').st_ino == inode  # it stays, and is owed
    s = listener('/protected/s', AF_UNIX)
    os.unlink(path)
    s.close()
)"),
            0);
  expect_nobody_connected(precious);
  ports->let_go_of_all();
  EXPECT_TRUE(fs::exists("protected/s"));
  EXPECT_FALSE(fs::exists("mine/protected/s"));
}

class KeepPortsShutdown : public Keeping {
 protected:
  int attack(const std::string& program) { return run(attackers + program); }
};

TEST_F(KeepPortsShutdown, WakesByARelativePathWhereverItsProcessIsNow) {
  fs::create_directory("a");
  fs::create_directory("b");
  ASSERT_EQ(attack(R"(
os.chdir('b')
other = listener('s', AF_UNIX)
other.setblocking(False)
os.chdir('../a')
for _ in range(often(100)):
    s = listener('s', AF_UNIX)
    os.chdir('../b')
    assert is_woken(s)
    os.chdir('../a')
    s.close()
    os.unlink('s')
assert fails(errno.EAGAIN, other.accept)
)"),
            0);
}

TEST_F(KeepPortsShutdown, WakesOfAllKinds) {
  ASSERT_EQ(attack(R"(
s = bound('packets', AF_UNIX, SOCK_SEQPACKET)
s.listen()
assert is_woken(s)
s = listener('short', AF_UNIX, 0)
taken = []
threads = [accept_in_thread(s, taken) for _ in range(5)]
s.shutdown(SHUT_RDWR)
for one in threads:
    one.join(10)
    assert not one.is_alive()
)"),
            0);
}

TEST_F(KeepPortsShutdown, IsCarriedOutWhereNobodyCouldBeWoken) {
  ASSERT_EQ(attack(R"(
s = listener('s', AF_UNIX)
os.unlink('s')
os.rename('s', 'moved')
os.chmod('moved', 0)
if os.getuid() == 0: drop()
assert is_woken(s)
if libc.unshare(0x10000000) == 0 and libc.unshare(0x40000000) == 0:  # a user, a network
    assert is_woken(listener('\0reloadrun-' + str(port), AF_UNIX))
)"),
            0);
}

}  // namespace
}  // namespace reloadrun::test
