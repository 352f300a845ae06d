// What is watched, and by which way a change is noticed, with the real program.

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/printable.hpp"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "helpers/deadline.hpp"
#include "helpers/fixture.hpp"
#include "helpers/processes.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

// So long that only a hint can make a test's deadline.
const Words by_hints{"--interval", "1m"};
const Words by_looks{"--interval", "20ms", "--watcher", "stat"};
const Words by_both{"--interval", "20ms"};

Words joined(Words first, const Words& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

class Watching : public EndToEnd {
 protected:
  [[nodiscard]] Invocation watching(const Words& options, const Words& orders = {}) const {
    Words arguments = joined({reloadrun_path()}, options);
    arguments.emplace_back("--");
    return {.arguments = joined(arguments, target(orders)), .directory = place.work()};
  }
  /// A shell does this first, and then becomes the program.
  static Invocation after(const Words& unshare, const std::string& script, Invocation invocation) {
    const Words shell{"sh", "-c", script + " && exec \"$@\"", "sh"};
    invocation.arguments = joined(joined(unshare, shell), invocation.arguments);
    return invocation;
  }
  /// Fails unless the next start is the next generation's, for exactly these paths.
  void expect_start(Words changed) {
    std::sort(changed.begin(), changed.end());
    const auto start = reports.next("start");
    EXPECT_EQ(start["generation"], fmt::format("'{}'", ++generation_));
    EXPECT_EQ(start["changed"], fmt::format("'{}'", fmt::join(changed, "\n")));
    reports.next("ready");
  }
  /// Fails when anything but this leads to the next start.
  void expect_only_a_fence() {
    place.edit("fence.py", std::to_string(generation_));
    expect_start({"fence.py"});
  }
  void write(const fs::path& file, const std::string& content = "") {
    const fs::path full = place.work() / file;
    fs::create_directories(full.parent_path());
    std::ofstream(full) << content;
  }
  [[nodiscard]] fs::path in_work(const std::string& name) const { return place.work() / name; }
  std::string printed_by(const Words& options) {
    Program program(watching(options));
    EXPECT_EQ(program.wait(), Ending{}) << program.said();
    return program.printed();
  }

  int generation_ = 0;
};

TEST_F(Watching, NoticesNewAndRenamedDirectoriesAtOnce) {
  Program program(watching(by_hints));
  expect_start({});
  write("a/b/c/f");
  expect_start({"a/b/c/f"});
  fs::rename(in_work("a"), in_work("d"));
  expect_start({"a/b/c/f", "d/b/c/f"});
  write("d/b/c/g");
  expect_start({"d/b/c/g"});
  fs::rename(in_work("d"), place.beside("out"));
  expect_start({"d/b/c/f", "d/b/c/g"});
  fs::rename(place.beside("out"), in_work("in"));
  expect_start({"in/b/c/f", "in/b/c/g"});
  end(program);
}

TEST_F(Watching, NoticesThatItsRootWasReplacedAtOnce) {
  write("src/app.py", "one");
  Program program(watching(joined(by_hints, {"-w", "src"})));
  expect_start({});
  fs::remove_all(in_work("src"));
  write("src/app.py", "longer");
  expect_start({"src/app.py"});
  fs::remove_all(in_work("src"));
  program.expect("'src' is gone: waiting for it to come back");
  expect_start({"src/app.py"});
  write("src/deep/other.py");
  expect_start({"src/deep/other.py"});
  end(program);
}

TEST_F(Watching, NoticesThatANamedFileWasReplacedAtOnce) {
  write("settings.toml", "one");
  write("other.toml", "other");
  fs::create_symlink("settings.toml", in_work("link.toml"));
  Program program(watching(joined(by_hints, {"-w", "settings.toml", "-w", "link.toml"})));
  expect_start({});
  fs::create_symlink("other.toml", in_work("aside"));
  fs::rename(in_work("aside"), in_work("link.toml"));
  expect_start({"link.toml"});
  place.edit("settings.toml", "longer");
  expect_start({"settings.toml"});
  fs::remove(in_work("settings.toml"));
  expect_start({"settings.toml"});
  write("settings.toml", "back");
  expect_start({"settings.toml"});
  end(program);
}

TEST_F(Watching, LooksWithoutInotifyWhenAsked) {
  write("a/old.py");
  Program program(watching(by_looks));
  expect_start({});
  write("a/b/new.py");
  expect_start({"a/b/new.py"});
  write("a/old.py", "longer");
  expect_start({"a/old.py"});
  fs::remove_all(in_work("a"));
  expect_start({"a/b/new.py", "a/old.py"});
  end(program);
}

class WatchingWithLimits : public Watching {
 protected:
  /// In a user namespace, which has limits of its own.
  static Invocation limited(const std::string& limit, const Invocation& invocation) {
    return after({"unshare", "--user", "--map-root-user"}, "echo " + limit, invocation);
  }
};

TEST_F(WatchingWithLimits, GoesOnWithoutAnInotifyInstance) {
  Program program(limited("0 > /proc/sys/user/max_inotify_instances", watching(by_both)));
  expect_start({});
  write("a.py");
  expect_start({"a.py"});
  write("b/c.py");
  expect_start({"b/c.py"});
  end(program);
  const std::string line = "no inotify (Too many open files): changes are noticed every 20 ms";
  EXPECT_EQ(count(program.said(), line), 1U) << program.said();
  EXPECT_EQ(count(program.said(), "inotify"), 1U) << program.said();
}

TEST_F(WatchingWithLimits, LooksAtTheDirectoriesThatItMayNotWatch) {
  for (const char* name : {"a", "b", "c", "d", "e"}) write(fs::path(name) / "f");
  Program program(limited("3 > /proc/sys/user/max_inotify_watches", watching(by_both)));
  expect_start({});
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    write(fs::path(name) / "f", "longer");
    expect_start({fs::path(name) / "f"});
  }
  end(program);
  EXPECT_EQ(count(program.said(), "no more directories can be watched by inotify"), 1U)
      << program.said();
}

#ifndef WITH_ADDRESS_SANITIZER  // its companion needs descriptors to look at an exception's type
/// With this for a limit a process that waits can open nothing more.
rlim_t lowest_free_descriptor(pid_t pid) {
  const fs::path open = fmt::format("/proc/{}/fd", pid);
  rlim_t number = 0;
  while (fs::is_symlink(open / std::to_string(number))) ++number;
  return number;
}

TEST_F(WatchingWithLimits, LooksAgainAtWhatItCouldNotLookAt) {
  write("d/f");
  // Where only hints lead to a look, one that failed must not be the last.
  Program program(watching(joined(by_both, {"--watcher", "inotify"})));
  expect_start({});
  const pid_t reloader = reloader_below(program.pid());
  rlimit before{};
  ASSERT_EQ(::prlimit(reloader, RLIMIT_NOFILE, nullptr, &before), 0);
  program.expect("started, pid");  // by a thread of its own, which had a pipe open for that
  // In a look its main thread has something open that it will close.
  eventually("it waits for events", [reloader] { return is_in_call(reloader, SYS_ppoll); });
  const rlimit none{lowest_free_descriptor(reloader), before.rlim_max};
  ASSERT_EQ(::prlimit(reloader, RLIMIT_NOFILE, &none, nullptr), 0);
  write("d/f", "longer");
  program.expect("cannot look at the files");
  ASSERT_EQ(::prlimit(reloader, RLIMIT_NOFILE, &before, nullptr), 0);
  expect_start({"d/f"});
  end(program);
}

#endif

class WatchingMounts : public Watching {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounts are root's to make";
    write("sub/under");
  }
  static Invocation mounting(const Invocation& invocation, const std::string& script = "true") {
    return after({"unshare", "--mount"}, script, invocation);
  }
  /// Runs this where the program has its mounts.
  void run_beside(const Program& program, const std::string& script) {
    Program shell({.arguments = {"nsenter", "--mount", "--target", std::to_string(program.pid()),
                                 "sh", "-c", script},
                   .directory = place.work()});
    EXPECT_EQ(shell.wait(), Ending{}) << shell.said();
  }
  [[nodiscard]] std::string sub() const { return in_work("sub"); }
};

TEST_F(WatchingMounts, SeesThemComeAndGo) {
  Program program(mounting(watching(by_both)));
  expect_start({});
  run_beside(program, "mount -t tmpfs none " + sub());
  expect_start({"sub/under"});
  run_beside(program, "echo > " + sub() + "/over");
  expect_start({"sub/over"});
  run_beside(program, "umount " + sub());
  expect_start({"sub/over", "sub/under"});
  write("sub/under", "longer");
  expect_start({"sub/under"});
  end(program);
}

TEST_F(WatchingMounts, SeesItsRootUnmounted) {
  const auto mount_it = "mount -t tmpfs none " + sub() + " && echo > " + sub() + "/over";
  Program program(mounting(watching(joined(by_hints, {"-w", "sub"})), mount_it));
  expect_start({});
  run_beside(program, "umount " + sub());
  expect_start({"sub/over", "sub/under"});
  write("sub/new");
  expect_start({"sub/new"});
  end(program);
}

TEST_F(Watching, FollowsAnEditedIgnoreFile) {
  write("app.py", "one");
  write("made.py", "one");
  Program program(watching(joined(by_hints, {"-e", "py"})));
  expect_start({});
  write(".gitignore", "made.py\n");
  expect_only_a_fence();  // and the rules are known
  write("made.py", "longer");
  let_change_time_pass();  // until the next start
  expect_only_a_fence();
  write(".gitignore", "other.py\n");
  expect_only_a_fence();  // it comes into view, which is no change
  write("made.py", "longer still");
  expect_start({"made.py"});
  end(program);
}

TEST_F(Watching, KeepsWhatAnIgnoreFileSaidBeforeItBroke) {
  write("made.py", "one");
  write(".gitignore", "made.py\n");
  Program program(watching(joined(by_hints, {"-e", "py"})));
  expect_start({});
  write(".gitignore", "fine.py\nother[.py\n");
  program.expect("line 2 of .gitignore: 'other[.py' is a broken pattern");
  write("made.py", "longer");
  expect_only_a_fence();
  end(program);
}

TEST_F(Watching, KeepsItInTheNextGenerations) {
  write("made.py", "one");
  write(".gitignore", "made.py\n");
  Program program(watching(by_hints));
  expect_start({});
  write(".gitignore", "fine.py\nother[.py\n");
  expect_start({".gitignore"});
  write("made.py", "longer");
  expect_only_a_fence();
  end(program);
  EXPECT_EQ(count(program.said(), "broken pattern"), 1U) << program.said();
}

TEST_F(Watching, NoticesWhatHasChangedOutOfItsView) {
  for (const Words& how : {by_both, by_looks}) {
    write(".gitignore", "made.py\n");
    write("made.py", "one");
    Program program(watching(how));
    generation_ = 0;
    expect_start({});
    write("made.py", "longer");
    let_change_time_pass();  // until the next start
    expect_only_a_fence();
    write(".gitignore", "");  // nothing that was brought into view has changed since the start
    expect_start({".gitignore"});
    write(".gitignore", "made.py\n");
    expect_start({".gitignore"});
    write("made.py", "longer still");
    write(".gitignore", "");  // as a checkout of another branch may do it
    expect_start({".gitignore", "made.py"});
    end(program);
  }
}

TEST_F(Watching, NoticesWhatTheRulesAroundItsRootBroughtIntoView) {
  fs::create_directories(place.beside(".git/objects"));
  fs::create_directories(place.beside(".git/refs"));
  std::ofstream(place.beside(".git/HEAD")) << "ref: refs/heads/main\n";
  for (const Words& how : {by_both, by_looks}) {
    std::ofstream(place.beside(".gitignore")) << "made.py\n";
    write("made.py", "one");
    Program program(watching(how));
    generation_ = 0;
    expect_start({});
    write("made.py", "longer");
    expect_only_a_fence();
    std::ofstream(place.beside(".gitignore")) << "";
    write("made.py", "longer still");
    expect_start({"made.py"});
    end(program);
  }
}

TEST_F(Watching, FollowsAnEditedListOfFiles) {
  for (const char* name : {"a.py", "b.py", "c.py"}) write(name, "one");
  const fs::path list = place.beside("list");
  std::ofstream(list) << "a.py\nb.py\n";
  Program program(watching(joined(by_both, {"--files-from", list})));
  expect_start({});
  write("c.py", "longer");
  write("b.py", "longer");
  expect_start({"b.py"});
  std::ofstream(list) << "a.py\nc.py\n";
  program.expect("watching 3 files now");  // and COMMAND's executable
  write("b.py", "longer still");
  write("c.py", "longer still");
  expect_start({"c.py"});
  write("d.py", "new");
  std::ofstream(list) << "a.py\nc.py\nd.py\n";
  expect_start({"d.py"});
  std::ofstream half(list);  // empty for as long as it is being written
  write("c.py", "once more");
  expect_start({"c.py"});
  half << "a.py" << '\0' << "c.py" << '\0' << "d.py" << '\0';  // says the same
  half.close();
  write("b.py", "once more");
  write("a.py", "longer");
  expect_start({"a.py"});
  fs::remove(list);
  program.expect("the last good list stays");
  write("b.py", "the last");
  write("d.py", "longer");  // the last good list is not the first one
  expect_start({"d.py"});
  end(program);
}

TEST_F(Watching, TakesAListOfFilesFromStdin) {
  write("a.py", "one");
  write("b.py", "one");
  std::ofstream(place.beside("list")) << "a.py\n";
  const std::string redirect = fmt::format("exec < '{}'", place.beside("list").string());
  Program program(after({}, redirect, watching(joined(by_hints, {"--files-from", "-"}), {"read"})));
  expect_start({});
  write("b.py", "longer");
  write("a.py", "longer");
  expect_start({"a.py"});
  EXPECT_FALSE(reports.has("line"));  // the target's stdin is empty
  end(program);
}

TEST_F(Watching, ListsWhatItWatches) {
  write(".gitignore", "*.tmp\nbuild/\n");
  for (const char* name : {"a.py", "b.html", "c.tmp", "build/d.py", "node_modules/e.py", "src/f.py",
                           "src/g.log", "-h.py"}) {
    write(name);
  }
  const auto listed = [this](const Words& options) {
    std::string text = printed_by(joined({"--list"}, options));
    // COMMAND's executable, which is always among them.
    const std::string own = test_target_path() + "\n";
    const auto at = text.find(own);
    EXPECT_NE(at, text.npos);
    return at == text.npos ? text : text.erase(at, own.size());
  };
  EXPECT_EQ(listed({}), "-h.py\n.gitignore\na.py\nb.html\nsrc/f.py\n");
  EXPECT_EQ(listed({"-e", "py"}), "-h.py\na.py\nsrc/f.py\n");
  EXPECT_EQ(listed({"-f", "src/"}), "src/f.py\n");
  EXPECT_EQ(listed({"-f", "*.py", "-i", "/a.*", "-i", "src"}), "-h.py\n");
  EXPECT_EQ(listed({"-i", "*", "-i", "!*.tmp"}), "c.tmp\n");
  EXPECT_EQ(listed({"--no-gitignore"}),
            "-h.py\n.gitignore\na.py\nb.html\nbuild/d.py\nc.tmp\nsrc/f.py\n");
  EXPECT_EQ(listed({"--no-default-ignores", "-e", "py,log"}),
            "-h.py\na.py\nnode_modules/e.py\nsrc/f.py\nsrc/g.log\n");
  EXPECT_EQ(listed({"-w", "build", "-w", "c.tmp"}), "build/d.py\nc.tmp\n");
}

TEST_F(Watching, ExplainsWhy) {
  write(".gitignore", "# made\n*.tmp\n");
  write("a.tmp");
  write("b.log");
  write("c.py");
  const auto explained = [this](const std::string& path, const Words& options = {}) {
    return printed_by(joined({"--explain", path}, options));
  };
  EXPECT_NE(explained("a.tmp").find("line 2 of .gitignore"), std::string::npos)
      << explained("a.tmp");
  EXPECT_NE(explained("b.log").find("*.log"), std::string::npos) << explained("b.log");
  EXPECT_NE(explained("c.py", {"-i", "c.*"}).find("--ignore"), std::string::npos)
      << explained("c.py", {"-i", "c.*"});
  EXPECT_TRUE(explained("c.py").find("c.py is watched") == 0 ||
              explained("c.py").find("'c.py' is watched") == 0)
      << explained("c.py");
}

TEST_F(Watching, NamesOddNamesRight) {
  const Words names{"new\nline",           " ", "-w",     "--", "\xff\xfe",
                    std::string(255, 'n'), "*", "a'b\"\\"};
  Program program(watching(by_hints));
  expect_start({});
  for (const std::string& name : names) {
    place.edit(name, "here");
    expect_start({quoted(name, Names::for_a_terminal)});
    write("d/" + name);
    expect_start({quoted("d/" + name, Names::for_a_terminal)});
  }
  end(program);
}

TEST_F(Watching, LetsBeWhatIsNoFile) {
  write("real/file.py");
  for (const Words& how : {by_hints, by_looks}) {
    Program program(watching(how));
    reports.next("ready");
    fs::create_symlink("loop", in_work("loop"));
    fs::create_symlink("there", in_work("back"));
    fs::create_symlink("back", in_work("there"));
    fs::create_directory_symlink(".", in_work("real/self"));
    fs::create_directory_symlink("..", in_work("real/up"));
    fs::create_symlink("nowhere", in_work("dangling"));
    ASSERT_EQ(::mkfifo(in_work("fifo").c_str(), 0600), 0);
    ASSERT_EQ(::mknod(in_work("socket").c_str(), S_IFSOCK | 0600, 0), 0);
    fs::create_symlink("fifo", in_work("link-to-fifo"));
    fs::create_symlink("/dev/zero", in_work("link-to-device"));
    if (::geteuid() == 0) {
      // That of /dev/zero: whoever reads it comes to no end.
      ASSERT_EQ(::mknod(in_work("device").c_str(), S_IFCHR | 0600, 0x105), 0);
    }
    write("fence.py", how == by_hints ? "one" : "longer");
    const auto second = reports.next("start");
    EXPECT_EQ(second["generation"], "'2'");
    EXPECT_EQ(second["changed"], "'fence.py'");
    reports.next("ready");
    fs::remove(in_work("dangling"));
    fs::rename(in_work("real/file.py"), in_work("nowhere"));
    fs::create_symlink("nowhere", in_work("dangling"));
    const auto third = reports.next("start");
    EXPECT_EQ(third["changed"], "'dangling\nnowhere\nreal/file.py'");
    reports.next("ready");
    end(program);
    fs::rename(in_work("nowhere"), place.beside("kept"));
    for (const char* name : {"loop", "back", "there", "real", "dangling", "fifo", "socket",
                             "link-to-fifo", "link-to-device", "device"}) {
      fs::remove_all(in_work(name));
    }
    fs::create_directory(in_work("real"));
    fs::rename(place.beside("kept"), in_work("real/file.py"));
  }
}

TEST_F(Watching, ReturnsToItsDirectoryThatWasMadeAgain) {
  for (const Words& how : {by_both, by_looks}) {
    write("app.py", "one");
    Program program(watching(how));
    generation_ = 0;
    expect_start({});
    fs::remove_all(place.work());
    program.expect(place.work().string() + " is gone: waiting");
    // At once, as it is: a file that comes after it would be a change of its own.
    fs::create_directory(place.beside("again"));
    std::ofstream(place.beside("again") / "app.py") << "here";
    fs::rename(place.beside("again"), place.work());
    program.expect(place.work().string() + " is back");
    expect_start({place.work()});
    write("deep/new.py");
    expect_start({"deep/new.py"});
    end(program);
    fs::remove_all(in_work("deep"));
  }
}

}  // namespace
}  // namespace reloadrun::test
