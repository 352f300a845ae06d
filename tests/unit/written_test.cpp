// What a program writes, as the kernel tells: real programs under the filter, and every call by
// which a file may come to be another.

#include "net/written.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "helpers/place.hpp"
#include "helpers/processes.hpp"
#include "proc/spawn.hpp"
#include "unit/filtered.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class Written : public testing::Test {
 protected:
  Written() { fs::current_path(place.work()); }

  /// Runs a program to its end; returns what was written below the place, relative to it.
  std::set<std::string> run(const std::vector<std::string>& arguments, int status = 0) {
    FilteredProgram program(arguments, net::write_filter());
    std::set<std::string> paths;
    while (const auto call = program.next()) {
      for (const KnownFile& file : net::written_by(*call)) {
        const bool here = file.path.starts_with(root);
        if (here) paths.insert(file.path.substr(root.size()));
        if (here || file.path.empty()) known[here ? file.path.substr(root.size()) : ""] = file.keys;
      }
      EXPECT_TRUE(program.notifier.waits(*call));
      program.notifier.let_go_on(*call);
    }
    EXPECT_EQ(program.wait(), (Ending{false, status}));
    return paths;
  }
  std::set<std::string> shell(const std::string& line) { return run({"sh", "-c", line}); }

  using Paths = std::set<std::string>;
  std::map<std::string, std::vector<FileKey>> known;  // what each was known by at last
  Place place;
  std::string root = place.work().string() + "/";
};

TEST_F(Written, ReadingIsNone) {
  place.edit("a", "text");
  EXPECT_EQ(shell("cat a; ls; test -w a; . ./a 2>/dev/null; true"), Paths{});
}

TEST_F(Written, ByAShell) {
  place.edit("old", "text");
  fs::create_directory("dir");
  EXPECT_EQ(shell("echo x > new"), Paths{"new"});
  EXPECT_EQ(shell("echo x >> old"), Paths{"old"});
  EXPECT_EQ(shell("cd dir && echo x > ../dir/a && : > ./b"), (Paths{"dir/a", "dir/b"}));
  EXPECT_EQ(shell("mv old moved"), (Paths{"old", "moved"}));
  EXPECT_EQ(shell("cp moved copy; ln copy hard; ln -s copy soft; touch stamp"),
            (Paths{"copy", "hard", "soft", "stamp"}));
  EXPECT_EQ(shell("chmod +x copy; truncate -s 1 copy; rm hard"), (Paths{"copy", "hard"}));
  EXPECT_EQ(shell("mv dir other; rm -r other"), (Paths{"dir", "other", "other/a", "other/b"}));
  EXPECT_EQ(shell("printf %s \"$PWD\" > \"$PWD/absolute\""), Paths{"absolute"});
}

TEST_F(Written, ByAnOrdinaryUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "every test here is run as one";
  fs::permissions(place.work(), fs::perms::all);
  fs::permissions(place.work().parent_path(), fs::perms::all);
  EXPECT_TRUE(in_child_without_rights([this] {
    return shell("echo x > new; cat new > other") == Paths{"new", "other"};
  }));
}

TEST_F(Written, OfADirectoryIsNoneBelowIt) {
  fs::create_directory("dir");
  EXPECT_EQ(shell("touch dir .; chmod 700 dir"), Paths{});
  EXPECT_EQ(run({"/usr/bin/python3", "-c",
                 "import os\n"
                 "os.open('dir', os.O_TMPFILE | os.O_RDWR)\n"
                 "os.utime(os.open('dir', 0))"}),
            Paths{});
}

TEST_F(Written, ADirectoryThatIsRemovedStandsForWhatWasBelowIt) {
  EXPECT_EQ(shell("mkdir -p a/b && rmdir a/b && rm -r a"), (Paths{"a/b", "a"}));
  EXPECT_EQ(shell("mkdir full && : > full/a && ! rmdir full 2>/dev/null"), Paths{"full/a"});
#ifdef SYS_rmdir
  EXPECT_EQ(run({"/usr/bin/python3", "-c",
                 fmt::format("import ctypes, os\nos.mkdir('raw')\n"
                             "ctypes.CDLL(None).syscall({}, b'raw')",
                             SYS_rmdir)}),
            Paths{"raw"});
#endif
}

TEST_F(Written, IsKnownByItselfAndByItsName) {
  place.edit("a", "text");
  fs::create_hard_link("a", "other");
  const auto identity = identity_of("a");
  ASSERT_TRUE(identity);
  known.clear();
  shell("echo x > other; echo x > new");
  ASSERT_EQ(known.size(), 2U);
  EXPECT_EQ(known.at("other"), (std::vector{*entry_key(root + "other"), {*identity, ""}}));
  EXPECT_EQ(known.at("new"), std::vector{*entry_key(root + "new")});
}

TEST_F(Written, ThroughAnotherMountAndBelowAnotherRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounts are root's";
  for (const char* name : {"a mount", "root"}) fs::create_directory(place.beside(name));
  EXPECT_EQ(run({"unshare", "-m", "sh", "-c",
                 "mount --bind . '../a mount' && cd '../a mount' && echo x > new && mkdir dir &&"
                 " echo x > \"$PWD/dir/a\" && mv dir moved"}),
            (Paths{"new", "dir/a", "dir", "moved"}));
  EXPECT_EQ(known.at("new"), std::vector{*entry_key(root + "new")});
  // A link that begins with a '/' begins at that root, and what is above it is not to be reached.
  fs::create_directory_symlink("/mnt", "link");
  EXPECT_EQ(run({"unshare", "-m", "sh", "-c",
                 "mount --bind / ../root && mount --bind . ../root/mnt &&"
                 " chroot ../root sh -c 'echo x > /mnt/link/by-link; cd mnt;"
                 " echo x > link/relative; echo x > ../../../mnt/above'"}),
            (Paths{"by-link", "relative", "above"}));
}

TEST_F(Written, WhereThisProcessHasNoMountItIsKnownByKeysAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounts are root's";
  known.clear();
  EXPECT_EQ(
      run({"unshare", "-m", "sh", "-c", "mount -t tmpfs none . && cd . && echo x > \"$PWD/a\""}),
      Paths{});
  ASSERT_EQ(known.count(""), 1U);
  EXPECT_EQ(known.at("").front().name, "a");
}

#if defined(__x86_64__)
TEST_F(Written, By32BitCalls) {
  place.edit("a", "text");
  // push rbx; mov eax, ebx, ecx, edx; int 0x80; pop rbx; ret
  const std::string raw =
      "import ctypes, mmap, struct\n"
      "page = mmap.mmap(-1, 8192, 0x62, 7)\n"  // private, anonymous, below 2 GiB
      "at = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
      "def c(number, *a):\n"
      "    texts, words = 4096, []\n"
      "    for one in a:\n"
      "        if isinstance(one, bytes):\n"
      "            page[texts:texts + len(one) + 1] = one + b'\\0'\n"
      "            words.append(at + texts); texts += 256\n"
      "        else: words.append(one & 0xffffffff)\n"
      "    words += [0] * (3 - len(words))\n"
      "    code = b'\\x53' + b''.join(o + struct.pack('<I', w) for o, w in\n"
      "        zip((b'\\xb8', b'\\xbb', b'\\xb9', b'\\xba'), (number, *words)))\n"
      "    code += b'\\xcd\\x80\\x5b\\xc3'\n"
      "    page[:len(code)] = code\n"
      "    return ctypes.CFUNCTYPE(ctypes.c_int32)(at)()\n";
  const auto call = [&](const std::string& line) {
    return run({"/usr/bin/python3", "-c", raw + line});
  };
  const std::string trial = raw + "exit(0 if c(20) > 0 else 1)";  // getpid
  if (std::system(fmt::format("/usr/bin/python3 -c \"{}\"", trial).c_str()) != 0) {
    GTEST_SKIP() << "this kernel runs no 32-bit programs";
  }
  EXPECT_EQ(call("c(5, b'a', 0)"), Paths{});
  EXPECT_EQ(call("exit(0 if c(5, b'opened', 0o101, 0o600) > 0 else 1)"), Paths{"opened"});
  EXPECT_EQ(call("exit(0 if c(295, -100, b'at', 0o101) > 0 else 1)"), Paths{"at"});
  EXPECT_EQ(call("exit(-c(38, b'opened', b'renamed'))"), (Paths{"opened", "renamed"}));
  EXPECT_EQ(call("exit(-c(301, -100, b'renamed', 0))"), Paths{"renamed"});
  EXPECT_EQ(call("exit(-c(92, b'a', 1))"), Paths{"a"});
  EXPECT_EQ(call("import os; os.mkdir('dir'); exit(-c(40, b'dir'))"), Paths{"dir"});
  EXPECT_EQ(call("import os; os.mkdir('dir'); exit(-c(301, -100, b'dir', 0x200))"), Paths{"dir"});
  EXPECT_EQ(call("exit(0 if c(425, 1, b'room for it') == -38 else 1)"), Paths{});  // io_uring_setup
}
#endif

TEST_F(Written, ThroughLinks) {
  place.edit("real", "text");
  fs::create_directory("dir");
  fs::create_symlink("dir", "linked");
  fs::create_symlink("real", "soft");
  EXPECT_EQ(shell("echo x > linked/a"), Paths{"dir/a"});
  EXPECT_EQ(shell("echo x > soft"), (Paths{"soft", "real"}));
  EXPECT_EQ(shell("rm soft"), Paths{"soft"});  // and not what it led to
}

TEST_F(Written, ByWhateverAProgramStarts) {
  EXPECT_EQ(shell("(setsid sh -c 'echo x > daemon' &) | cat"), Paths{"daemon"});
  EXPECT_EQ(run({"/usr/bin/python3", "-c",
                 "import os, threading\n"
                 "t = threading.Thread(target=lambda: open('thread', 'w'))\n"
                 "t.start(); t.join()\n"
                 "fd = os.open('.', os.O_RDONLY)\n"
                 "os.close(os.open('at', os.O_CREAT | os.O_RDWR, dir_fd=fd))\n"
                 "os.replace('at', 'replaced', src_dir_fd=fd, dst_dir_fd=fd)\n"
                 "os.utime('replaced', (1, 1)); os.utime(os.open('replaced', 0))"}),
            (Paths{"thread", "at", "replaced"}));
}

TEST_F(Written, ByEachCall) {
  // Called raw: a C library chooses others.
  place.edit("a", "text");
  const auto call = [this](const std::string& line) {
    return run({"/usr/bin/python3", "-c",
                "import ctypes\nlibc = ctypes.CDLL(None)\nc = lambda *a: libc.syscall(*a)\n"
                "b = lambda t: ctypes.c_char_p(t)\n" +
                    line});
  };
  const auto n = [](long number) { return std::to_string(number); };
  const std::string at = "-100";
  EXPECT_EQ(call("c(" + n(SYS_openat2) + ", " + at +
                 ", b(b'made'), (ctypes.c_uint64 * 3)(0o101, 0o600, 0), 24)"),
            Paths{"made"});
  EXPECT_EQ(
      call("c(" + n(SYS_openat2) + ", " + at + ", b(b'a'), (ctypes.c_uint64 * 3)(0, 0, 0), 24)"),
      Paths{});
  EXPECT_EQ(call("c(" + n(SYS_renameat2) + ", " + at + ", b(b'a'), " + at + ", b(b'made'), 2)"),
            (Paths{"a", "made"}));  // exchanged
  EXPECT_EQ(call("c(" + n(SYS_mknodat) + ", " + at + ", b(b'node'), 0o100600, 0)"), Paths{"node"});
#ifdef SYS_open
  EXPECT_EQ(call("c(" + n(SYS_open) + ", b(b'old-open'), 0o101, 0o600)"), Paths{"old-open"});
  EXPECT_EQ(call("c(" + n(SYS_creat) + ", b(b'created'), 0o600)"), Paths{"created"});
  EXPECT_EQ(call("c(" + n(SYS_link) + ", b(b'created'), b(b'linked'))"), Paths{"linked"});
  EXPECT_EQ(call("c(" + n(SYS_rename) + ", b(b'linked'), b(b'renamed'))"),
            (Paths{"linked", "renamed"}));
  EXPECT_EQ(call("c(" + n(SYS_unlink) + ", b(b'renamed'))"), Paths{"renamed"});
  EXPECT_EQ(call("c(" + n(SYS_symlink) + ", b(b'a'), b(b'symbolic'))"), Paths{"symbolic"});
  EXPECT_EQ(call("c(" + n(SYS_utimes) + ", b(b'a'), None)"), Paths{"a"});
  EXPECT_EQ(call("c(" + n(SYS_chmod) + ", b(b'a'), 0o700)"), Paths{"a"});
#endif
}

TEST_F(Written, ARingThatWouldWriteUnseenIsRefused) {
  run({"/usr/bin/python3", "-c",
       fmt::format("import ctypes, errno, sys\n"
                   "libc = ctypes.CDLL(None, use_errno=True)\n"
                   "failed = libc.syscall({}, 1, ctypes.create_string_buffer(256)) == -1\n"
                   "sys.exit(0 if failed and ctypes.get_errno() == errno.ENOSYS else 1)",
                   SYS_io_uring_setup)});
}

TEST_F(Written, InSharedMemory) {
  std::string directory = "/dev/shm/reloadrun-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) GTEST_SKIP() << "there is no /dev/shm";
  root = directory + "/";
  EXPECT_EQ(shell("echo x > " + root + "a; echo x > /dev/null"), Paths{"a"});
  fs::remove_all(directory);
}

TEST_F(Written, AProgramThatCannotBeExecutedLeavesNothing) {
  place.edit("script", "text");
  proc::Program program;
  program.file = "script";
  program.arguments = {"script"};
  program.filter = net::write_filter().program();
  EXPECT_EQ(proc::spawn(program).error, EACCES);
}

}  // namespace
}  // namespace reloadrun::test
