// One save, one restart, by the programs that save: editors, and those that write many files.

#include "helpers/saves.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/fd.hpp"
#include "fmt/format.h"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;
using std::this_thread::sleep_for;
using namespace std::chrono_literals;

class Editors : public Saves {
 protected:
  Editors() { place.edit("app.py", "one\n"); }

  [[nodiscard]] fs::path file() const { return place.work() / "app.py"; }
  [[nodiscard]] fs::path in_work(const std::string& name) const { return place.work() / name; }

  /// Vim's command line with what makes it write files beside its own.
  static Words vim(const Words& arguments, const std::string& backupcopy = "auto") {
    Words command{"vim",
                  "-u",
                  "NONE",
                  "-N",
                  "-i",
                  "NONE",
                  "--cmd",
                  "set swapfile directory=. updatecount=1 "
                  "backup writebackup backupdir=. backupskip= backupcopy=" +
                      backupcopy};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
  }
  void save_with_vim(const std::string& backupcopy) {
    start();
    run(vim({"-es", "-c", "%s/one/two/", "-c", "wq", "app.py"}, backupcopy));
    EXPECT_EQ(content_of(file()), "two\n");
    EXPECT_TRUE(fs::exists(in_work("app.py~")));
    expect_one_restart({"app.py"});
  }

  [[nodiscard]] Program on_terminal(const Words& command) const {
    return Program({.arguments = command, .directory = place.work(), .terminal = true});
  }
};

INSTANTIATE_TEST_SUITE_P(Watcher, Editors, testing::Values("auto", "stat"), watcher_name);

TEST_P(Editors, VimWithBackupcopyYes) { save_with_vim("yes"); }
TEST_P(Editors, VimWithBackupcopyNo) { save_with_vim("no"); }
TEST_P(Editors, VimWithBackupcopyAuto) { save_with_vim("auto"); }

TEST_P(Editors, VimThatStaysOpen) {
  start();
  Program editor = on_terminal(vim({"app.py"}));
  eventually("vim's swap file", [&] { return fs::exists(in_work(".app.py.swp")); });
  editor.type("itwo\x1b:w\r");
  expect_one_restart({"app.py"});
  EXPECT_EQ(content_of(file()), "twoone\n");
  EXPECT_TRUE(fs::exists(in_work(".app.py.swp")));
  editor.type(":q\r");
  EXPECT_EQ(editor.wait(), Ending{});
  place.edit("fence", "after vim");
  expect_start({"fence"});  // the swap file's end is no change
}

TEST_P(Editors, Nano) {
  start();
  Program editor = on_terminal({"nano", "--ignorercfiles", "--locking", "--backup", "app.py"});
  eventually("nano's menu", [&] { return editor.said().find("Exit") != std::string::npos; });
  EXPECT_TRUE(fs::exists(in_work(".app.py.swp")));
  editor.type("two\x0f\r");  // ^O
  expect_one_restart({"app.py"});
  EXPECT_EQ(content_of(file()), "twoone\n");
  EXPECT_TRUE(fs::exists(in_work("app.py~")));
  editor.type("\x18");  // ^X
  EXPECT_EQ(editor.wait(), Ending{});
  place.edit("fence", "after nano");
  expect_start({"fence"});
}

TEST_P(Editors, VsCodeInPlace) {
  start();
  Fd open = require_fd(::open(file().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC), "open");
  ASSERT_EQ(::write(open.get(), "two\n", 4), 4);
  open = Fd();
  expect_one_restart({"app.py"});
}

TEST_P(Editors, VsCodeAtomic) {
  start();
  std::ofstream(in_work("app.py.vsctmp")) << "two\n";
  fs::rename(in_work("app.py.vsctmp"), file());
  expect_one_restart({"app.py"});
}

TEST_P(Editors, JetBrains) {
  start();
  std::ofstream(in_work("app.py___jb_tmp___")) << "two\n";
  fs::rename(file(), in_work("app.py___jb_old___"));
  fs::rename(in_work("app.py___jb_tmp___"), file());
  fs::remove(in_work("app.py___jb_old___"));
  expect_one_restart({"app.py"});
}

TEST_P(Editors, Kate) {
  start();
  std::ofstream(in_work("app.py.kQzXvB")) << "two\n";  // QSaveFile's suffix is random
  fs::rename(in_work("app.py.kQzXvB"), file());
  expect_one_restart({"app.py"});
}

TEST_P(Editors, Gnome) {
  start();
  std::ofstream(in_work(".goutputstream-XK2VB3")) << "two\n";
  fs::rename(file(), in_work("app.py~"));
  fs::rename(in_work(".goutputstream-XK2VB3"), file());
  expect_one_restart({"app.py"});
}

TEST_P(Editors, ThatDeleteAndCreate) {
  start();
  fs::remove(file());
  sleep_for(100ms);
  std::ofstream(file()) << "two\n";
  expect_one_restart({"app.py"});
}

TEST_P(Editors, ThatWriteSlowly) {
  start();
  std::ofstream open(file());
  for (int part = 0; part < 5; ++part) {
    open << "a part of it\n" << std::flush;
    sleep_for(100ms);
  }
  EXPECT_FALSE(reports.has("start"));  // the old target goes on
  open.close();
  expect_one_restart({"app.py"});
}

class Tools : public Saves {
 protected:
  /// A tree of 50 files is watched, and there is a newer one beside it.
  Tools() : names(write_tree(place.work(), "one\n", 5)), newer(place.beside("newer")) {
    write_tree(newer, "another one\n", 5);
  }

  /// Fails unless the newer tree has become the watched one.
  void expect_newer() const {
    for (const std::string& name : names) {
      EXPECT_EQ(content_of(place.work() / name), "another one\n") << name;
    }
  }

  const Words names;
  const fs::path newer;
};

INSTANTIATE_TEST_SUITE_P(Watcher, Tools, testing::Values("auto", "stat"), watcher_name);

TEST_P(Tools, SedInPlace) {
  start();
  run({"sed", "-i", "s/one/two/", "d0/0"});
  expect_one_restart({"d0/0"});
}

TEST_P(Tools, SedInPlaceOverATree) {
  start();
  Words command{"sed", "-i", "s/one/another one/"};
  command.insert(command.end(), names.begin(), names.end());
  run(command);
  expect_one_restart(names);
  expect_newer();
}

TEST_P(Tools, Patch) {
  std::ofstream difference(place.beside("difference"));
  for (const std::string& name : names) {
    difference << fmt::format("--- a/{0}\n+++ b/{0}\n@@ -1 +1 @@\n-one\n+another one\n", name);
  }
  difference.close();
  start();
  run({"patch", "-p1", "-i", "../difference"});
  expect_one_restart(names);
  expect_newer();
}

TEST_P(Tools, Rsync) {
  start();
  run({"rsync", "-a", "../newer/", "."});
  expect_one_restart(names);
  expect_newer();
}

TEST_P(Tools, RsyncInPlace) {
  start();
  run({"rsync", "-a", "--inplace", "../newer/", "."});
  expect_one_restart(names);
  expect_newer();
}

TEST_P(Tools, Tar) {
  run({"tar", "cf", "../newer.tar", "."}, newer);
  start();
  run({"tar", "xf", "../newer.tar"});
  expect_one_restart(names);
  expect_newer();
}

TEST_P(Tools, Cp) {
  start();
  run({"cp", "-r", "../newer/.", "."});
  expect_one_restart(names);
  expect_newer();
}

// More than the files of a burst that are all asked who writes them.
TEST_P(Tools, CpOfALargeTree) {
  const Words many = write_tree(place.work(), "one\n", 110);
  write_tree(newer, "another one\n", 110);
  start();
  run({"cp", "-r", "../newer/.", "."});
  expect_one_restart(many);
}

/// Writes another file every 5 ms until it is destroyed.
class Scribbler {
 public:
  explicit Scribbler(const fs::path& directory) : pid_(::fork()) {
    for (int i = 0; pid_ == 0; ++i) {
      std::ofstream(directory / fmt::format("part{}", i % 50)) << i;
      sleep_for(5ms);
    }
  }
  ~Scribbler() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Scribbler(const Scribbler&) = delete;
  Scribbler& operator=(const Scribbler&) = delete;

 private:
  pid_t pid_;
};

TEST_P(Tools, ThatNeverEnd) {
  // The pause is longer than a writer is kept off the processor; and the target takes its time to
  // stop, so that something surely changes meanwhile.
  start({"--settle", "200ms", "--stop-timeout", "100ms"}, {"ignore=15"});
  {
    const auto began = std::chrono::steady_clock::now();
    const Scribbler scribbler(place.work());
    EXPECT_EQ(reports.next("start")["generation"], "'2'");
    // Not the bound of 2 s twice, before the stop and after it.
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s + slowness() * 1500ms);
  }
  place.edit("fence", "at last");
  while (reports.next("start")["changed"].find("fence") == std::string::npos) {
  }
  reports.next("ready");
}

}  // namespace
}  // namespace reloadrun::test
