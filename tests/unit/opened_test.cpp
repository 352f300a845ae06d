// What a program opens, as the kernel tells: real programs under the filter.

#include "net/opened.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include "app/opened_files.hpp"
#include "helpers/place.hpp"
#include "helpers/processes.hpp"
#include "helpers/program.hpp"
#include "proc/executable.hpp"
#include "unit/filtered.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class Opened : public testing::Test {
 protected:
  Opened() { fs::current_path(place.work()); }

  /// "r:a" for a file that is read, "w:", "rw:", "l:" for a listing; with '?' when it is missing,
  /// '!' when it is not to be reached, and "(link)" after it when it was opened by one.
  std::string text_of(const net::Opened& opened) {
    const auto relative = [this](const std::string& path) {
      return path.starts_with(root) ? path.substr(root.size()) : path;
    };
    std::string text = opened.lists ? "l" : "";
    if (!opened.lists && opened.reads) text += "r";
    if (opened.writes) text += "w";
    if (opened.kind == net::Opened::Kind::missing) text += "?";
    if (opened.kind == net::Opened::Kind::unreachable) text += "!";
    text += ":" + relative(opened.path);
    if (!opened.link.empty()) text += "(" + relative(opened.link) + ")";
    return text;
  }

  /// Runs a program to its end, and gives what it opens below the place.
  void run(const std::vector<std::string>& arguments,
           const std::function<void(const net::Opened&)>& see) const {
    net::CallFilter filter;
    net::notify_of_opens(filter);
    FilteredProgram program(arguments, filter);
    while (const auto call = program.next()) {
      const auto opened = net::opened_by(*call, app::is_of_the_system);
      if (opened && opened->path.starts_with(place.work().string())) see(*opened);
      EXPECT_TRUE(program.notifier.waits(*call));
      program.notifier.let_go_on(*call);
    }
    EXPECT_EQ(program.wait(), Ending{});
  }
  /// ... relative to it.
  std::set<std::string> run(const std::vector<std::string>& arguments) {
    std::set<std::string> all;
    run(arguments, [&](const net::Opened& opened) { all.insert(text_of(opened)); });
    return all;
  }
  /// How often this file was.
  std::size_t count(const std::vector<std::string>& arguments, const std::string& name) {
    std::size_t times = 0;
    run(arguments, [&](const net::Opened& opened) { times += opened.path == root + name ? 1 : 0; });
    return times;
  }
  std::set<std::string> shell(const std::string& line) { return run({"/bin/sh", "-c", line}); }
  std::set<std::string> python(const std::string& line) {
    return run({"/usr/bin/python3", "-ISc", line});
  }

  using Texts = std::set<std::string>;
  using Words = std::vector<std::string>;
  Place place;
  std::string root = place.work().string() + "/";
};

TEST_F(Opened, ByAShell) {
  place.edit("a", "true");
  fs::create_directory("dir");
  EXPECT_EQ(shell("cat a"), Texts{"r:a"});
  EXPECT_EQ(shell(". ./a; cat dir/../a"), Texts{"r:a"});
  EXPECT_EQ(shell("cat missing dir/none/at/all || true"),
            (Texts{"r?:missing", "r?:dir/none/at/all"}));
  EXPECT_EQ(shell("ls dir"), Texts{"l:dir"});
  EXPECT_EQ(shell("echo x > new"), Texts{"w?:new"});
  EXPECT_EQ(shell("echo x >> new"), Texts{"w:new"});
  EXPECT_EQ(shell("mv new moved; ln moved hard; ln -s moved soft"),
            (Texts{"w?:moved", "w?:hard", "w?:soft"}));
}

TEST_F(Opened, ByEachWayToOpen) {
  place.edit("a", "text");
  place.edit("b", "text");
  EXPECT_EQ(python("import os\n"
                   "os.open('a', os.O_RDWR)\n"
                   "os.open('b', os.O_RDONLY | os.O_TRUNC)\n"
                   "os.open('made', os.O_RDONLY | os.O_CREAT)\n"
                   "os.open('.', os.O_RDONLY); os.open('a', os.O_PATH)\n"
                   "os.open('.', os.O_TMPFILE | os.O_RDWR)\n"),
            (Texts{"rw:a", "rw:b", "rw?:made"}));
  EXPECT_EQ(python("import os\n"
                   "os.open('made', os.O_RDONLY | os.O_CREAT)\n"
                   "at = os.open('/', os.O_PATH)\n"
                   "os.open('" +
                   root.substr(1) +
                   "a', os.O_RDONLY, dir_fd=at)\n"
                   "os.truncate('b', 0); os.mkfifo('fifo'); os.open('fifo', os.O_RDWR)\n"),
            (Texts{"r:made", "r:a", "w:b", "w?:fifo"}));
  EXPECT_EQ(
      python("import ctypes\n"
             "c = ctypes.CDLL(None).syscall\n"
             "c(" +
             std::to_string(SYS_openat2) + ", -100, b'a', (ctypes.c_uint64 * 3)(0, 0, 0), 24)\n"),
      Texts{"r:a"});
#ifdef SYS_open
  EXPECT_EQ(python("import ctypes\n"
                   "c = ctypes.CDLL(None).syscall\n"
                   "c(" +
                   std::to_string(SYS_open) +
                   ", b'a', 0)\n"
                   "c(" +
                   std::to_string(SYS_creat) + ", b'created', 0o600)\n"),
            (Texts{"r:a", "w?:created"}));
#endif
}

TEST_F(Opened, By32BitCalls) {
  if (const auto why = why_no_program_32(); !why.empty()) GTEST_SKIP() << why;
  place.edit("a", "text");
  const auto call = [&](Words words) {
    words.insert(words.begin(), program_32_path());
    return run(words);
  };
  EXPECT_EQ(call({"open", "a", "#0"}), Texts{"r:a"});
  EXPECT_EQ(call({"openat", "#-100", "a", "#02"}), Texts{"rw:a"});
  EXPECT_EQ(call({"openat2", "#-100", "a", "=01", "#24"}), Texts{"w:a"});
  EXPECT_EQ(call({"creat", "b", "#0600"}), Texts{"w?:b"});
  EXPECT_EQ(call({"truncate", "b", "#0"}), Texts{"w:b"});
  EXPECT_EQ(call({"truncate64", "b", "#0", "#0", "#0"}), Texts{"w:b"});
  EXPECT_EQ(call({"rename", "b", "c"}), Texts{"w?:c"});
  EXPECT_EQ(call({"renameat", "#-100", "c", "#-100", "d"}), Texts{"w?:d"});
  EXPECT_EQ(call({"renameat2", "#-100", "d", "#-100", "e"}), Texts{"w?:e"});
  EXPECT_EQ(call({"link", "e", "f"}), Texts{"w?:f"});
  EXPECT_EQ(call({"linkat", "#-100", "e", "#-100", "g"}), Texts{"w?:g"});
  EXPECT_EQ(call({"symlink", "e", "h"}), Texts{"w?:h"});
  EXPECT_EQ(call({"symlinkat", "e", "#-100", "i"}), Texts{"w?:i"});
  EXPECT_EQ(call({"mknod", "j", "#0100600", "#0"}), Texts{"w?:j"});
  EXPECT_EQ(call({"mknodat", "#-100", "k", "#0100600", "#0"}), Texts{"w?:k"});
}

TEST_F(Opened, ThroughLinks) {
  place.edit("real", "text");
  fs::create_directory("dir");
  fs::create_symlink("dir", "linked");
  fs::create_symlink("real", "soft");
  fs::create_symlink("nothing", "dangling");
  EXPECT_EQ(shell("cat soft"), Texts{"r:real(soft)"});
  EXPECT_EQ(shell("cat linked/a || true"), Texts{"r?:dir/a"});
  EXPECT_EQ(shell("cat dangling || true"), Texts{"r?:dangling"});
  EXPECT_EQ(shell("echo x > linked/a; echo x > soft"), (Texts{"w?:dir/a", "w:real(soft)"}));
}

TEST_F(Opened, InAnotherMountNamespaceAndBelowAnotherRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounts are root's";
  place.edit("a", "text");
  for (const char* name : {"mnt", "root"}) fs::create_directory(place.beside(name));
  EXPECT_EQ(
      run({"unshare", "-m", "sh", "-c",
           "mount --bind . ../mnt && cd ../mnt && cat a missing/b; echo x > new;"
           " cat \"$PWD/new\"; mv new moved; ls \"$PWD\""}),
      (Texts{"r:a", "r?:missing/b", "w?:new", "r:new", "w?:moved", "l:" + place.work().string()}));
  EXPECT_EQ(run({"unshare", "-m", "sh", "-c",
                 "mount --bind a /etc/hostname && cat /etc/hostname /etc/passwd >/dev/null"}),
            Texts{"r:a"});
  fs::create_directory_symlink("/mnt", "link");
  EXPECT_EQ(run({"unshare", "-m", "sh", "-c",
                 "mount --bind / ../root && mount --bind . ../root/mnt &&"
                 " chroot ../root sh -c 'cat /mnt/link/a /mnt/link/b; cd mnt; cat link/c'; true"}),
            (Texts{"r:a", "r?:b", "r?:c"}));
}

// The kernel refuses a path with "..", that is not to leave a root, when anything is renamed
// meanwhile.
TEST_F(Opened, InAnotherMountNamespaceWhileOthersRename) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounts are root's";
  fs::create_directory(place.beside("mnt"));
  place.edit("renamed", "");
  const std::jthread others([](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      fs::rename("renamed", "renamed2");
      fs::rename("renamed2", "renamed");
    }
  });
  constexpr std::size_t times = 1000;
  EXPECT_EQ(count({"unshare", "-m", "sh", "-c",
                   "mount --bind . ../mnt && i=0 && while [ $i != " + std::to_string(times) +
                       " ]; do i=$((i + 1)); : >>../mnt/log; done"},
                  "log"),
            times);
}

TEST_F(Opened, WhatNoMountHereHas) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounts are root's";
  place.edit("a", "text");
  EXPECT_EQ(run({"unshare", "-m", "sh", "-c",
                 "mount -t tmpfs none . && cd \"$PWD\" && echo x > a; cat a missing; true"}),
            Texts{"r!:a"});
}

TEST_F(Opened, ByAnOrdinaryUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "every test here is run as one";
  fs::permissions(place.work(), fs::perms::all);
  fs::permissions(place.work().parent_path(), fs::perms::all);
  EXPECT_TRUE(in_child_without_rights([this] {
    return shell("echo x > new; cat new") == Texts{"w?:new", "r:new"};
  }));
}

TEST(OfTheSystem, IsWhatPackagesAndTheKernelPutThere) {
  for (const char* path : {"/usr/lib/python3/os.py", "/usr", "/lib/x", "/etc/hosts", "/proc/1/maps",
                           "/dev/shm/a", "/var/lib/x", "/nix/store/x"}) {
    EXPECT_TRUE(app::is_of_the_system(path)) << path;
  }
  for (const char* path : {"/home/u/a", "/tmp/a", "/usrlocal/a", "/opt/x/a", "/srv/a", "/app/a",
                           "/usr/src/app/a", "/var/www/a", "/usr/lib/../../home/u/a"}) {
    EXPECT_FALSE(app::is_of_the_system(path)) << path;
  }
}

}  // namespace
}  // namespace reloadrun::test
