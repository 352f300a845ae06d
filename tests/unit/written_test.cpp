// What a program writes, as the kernel tells: real programs under the filter, and every call by
// which a file may come to be another.

#include "net/written.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
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
#include "helpers/program.hpp"
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

TEST_F(Written, By32BitCalls) {
  if (const auto why = why_no_program_32(); !why.empty()) GTEST_SKIP() << why;
  place.edit("a", "text");
  place.edit("b", "text");
  fs::create_directory("dir");
  const auto call = [&](std::vector<std::string> words, int error = 0) {
    words.insert(words.begin(), program_32_path());
    return run(words, error);
  };
  EXPECT_EQ(call({"open", "a", "#0"}), Paths{});
  EXPECT_EQ(call({"open", "opened", "#0101", "#0600"}), Paths{"opened"});
  EXPECT_EQ(call({"creat", "created", "#0600"}), Paths{"created"});
  EXPECT_EQ(call({"openat", "#-100", "at", "#0101", "#0600"}), Paths{"at"});
  EXPECT_EQ(call({"openat2", "#-100", "a", "=0", "#24"}), Paths{});
  EXPECT_EQ(call({"openat2", "#-100", "a", "=02", "#24"}), Paths{"a"});
  EXPECT_EQ(call({"rename", "opened", "renamed"}), (Paths{"opened", "renamed"}));
  EXPECT_EQ(call({"renameat", "#-100", "renamed", "#-100", "again"}), (Paths{"renamed", "again"}));
  EXPECT_EQ(call({"renameat2", "#-100", "again", "#-100", "last"}), (Paths{"again", "last"}));
  EXPECT_EQ(call({"link", "a", "hard"}), Paths{"hard"});
  EXPECT_EQ(call({"linkat", "#-100", "a", "#-100", "harder"}), Paths{"harder"});
  EXPECT_EQ(call({"symlink", "a", "soft"}), Paths{"soft"});
  EXPECT_EQ(call({"symlinkat", "a", "#-100", "softer"}), Paths{"softer"});
  EXPECT_EQ(call({"mknod", "node", "#0100600", "#0"}), Paths{"node"});
  EXPECT_EQ(call({"mknodat", "#-100", "other", "#0100600", "#0"}), Paths{"other"});
  EXPECT_EQ(call({"chmod", "b", "#0600"}), Paths{"b"});
  EXPECT_EQ(call({"fchmodat", "#-100", "b", "#0600"}), Paths{"b"});
  EXPECT_EQ(call({"truncate", "b", "#1"}), Paths{"b"});
  EXPECT_EQ(call({"truncate64", "b", "#0", "#0", "#0"}), Paths{"b"});
  EXPECT_EQ(call({"utimes", "b", "#0"}), Paths{"b"});
  EXPECT_EQ(call({"futimesat", "#-100", "b", "#0"}), Paths{"b"});
  EXPECT_EQ(call({"utimensat", "#-100", "b", "#0", "#0"}), Paths{"b"});
  EXPECT_EQ(call({"utimensat_time64", "#-100", "b", "#0", "#0"}), Paths{"b"});
#if defined(__x86_64__)
  EXPECT_EQ(call({"utime", "b", "#0"}), Paths{"b"});
#endif
  EXPECT_EQ(call({"unlink", "node"}), Paths{"node"});
  EXPECT_EQ(call({"unlinkat", "#-100", "other", "#0"}), Paths{"other"});
  EXPECT_EQ(call({"rmdir", "dir"}), Paths{"dir"});
  EXPECT_EQ(call({"mkdir", "dir", "#0700"}), Paths{});
  EXPECT_EQ(call({"unlinkat", "#-100", "dir", "#01000"}), Paths{"dir"});
  EXPECT_EQ(call({"io_uring_setup", "#1", "#0"}, ENOSYS), Paths{});
}

#if defined(__x86_64__)
TEST_F(Written, ByCallsOfX32) {
  // Notified of before a kernel without it refuses them.
  place.edit("a", "text");
  EXPECT_EQ(
      run({"/usr/bin/python3", "-c",
           fmt::format("import ctypes\nc = ctypes.CDLL(None).syscall\n"
                       "c({}, b'a', 0); c({}, b'b', 0); c({}, b'c', 0o101, 0o600)",
                       0x40000000 | SYS_open, 0x40000000 | SYS_creat, 0x40000000 | SYS_open)}),
      (Paths{"b", "c"}));
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
