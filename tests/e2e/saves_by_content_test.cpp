// --content: a save of the same bytes is no change however it is done, and other bytes are one
// whatever mtime and size say.

#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/fd.hpp"
#include "fmt/format.h"
#include "helpers/saves.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;
using std::this_thread::sleep_for;
using namespace std::chrono_literals;

class Bytes : public Saves {
 protected:
  static constexpr int some = 10;  // by chance a look falls between two calls

  Bytes() { place.edit("app.py", "same\n"); }

  [[nodiscard]] fs::path file() const { return place.work() / "app.py"; }
  Fd truncate() const {
    return require_fd(::open(file().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC), "open");
  }
  static void write(const Fd& open, const std::string& bytes) {
    ASSERT_EQ(::write(open.get(), bytes.data(), bytes.size()), std::ssize(bytes));
  }
  void expect_none() {
    EXPECT_EQ(content_of(file()), "same\n");
    const std::string fence = fmt::format("fence{}", ++fence_);  // no loop
    place.edit(fence, "up");
    expect_start({fence});
  }
  /// Two files of one size and time.
  void make_releases() const {
    for (const char* const name : {"v0", "v1"}) {
      fs::create_directory(place.beside(name));
      write(require_fd(::open((place.beside(name) / "app.py").c_str(), O_WRONLY | O_CREAT, 0644),
                       "open"),
            std::string(name) + "\n");
      const timespec old{1'000'000'000, 0};
      const timespec times[] = {old, old};
      ASSERT_EQ(::utimensat(AT_FDCWD, (place.beside(name) / "app.py").c_str(), times, 0), 0);
    }
  }
  void expect_each_release(const Words& options) {
    make_releases();
    run({"cp", "-p", "../v0/app.py", "app.py"});
    start(options);
    for (const std::string name : {"v1", "v0", "v1", "v0"}) {
      run({"cp", "-p", "../" + name + "/app.py", "app.py"});
      expect_start({"app.py"});
      EXPECT_EQ(content_of(file()), name + "\n");
    }
    place.edit("fence", "1");
    expect_start({"fence"});
  }

 private:
  int fence_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Watcher, Bytes, testing::Values("auto", "stat"), watcher_name);

TEST_P(Bytes, WrittenBackByWhoTruncatesFirst) {
  fs::create_directory(place.beside("copy"));
  fs::copy(file(), place.beside("copy/app.py"));
  start({"--content"});
  const std::vector<Words> ways{
      {"sh", "-c", "cat ../copy/app.py >app.py"},
      {"sh", "-c", "tee app.py <../copy/app.py >/dev/null"},
      {"cp", "../copy/app.py", "app.py"},
      {"install", "../copy/app.py", "app.py"},
      {"rsync", "-I", "--inplace", "../copy/app.py", "app.py"},
      {"vim", "-u", "NONE", "-i", "NONE", "-N", "-es", "-c", "set backupcopy=yes", "-c", "wq!",
       "app.py"},
      {"sed", "-i", "s/x/y/", "app.py"},
      {"sh", "-c", ": >app.py; cat ../copy/app.py >app.py"},
  };
  for (const Words& way : ways) {
    for (int i = 0; i < some; ++i) run(way);
    SCOPED_TRACE(way.front() + " " + way.at(1));
    expect_none();
  }
}

TEST_P(Bytes, WrittenBackAfterAWhile) {
  start({"--content"});
  for (const auto while_ : {50ms, 300ms, 3000ms}) {
    Fd open = truncate();
    sleep_for(while_);
    write(open, "sa");
    sleep_for(50ms);
    write(open, "me\n");
    open = Fd();
    expect_none();
  }
}

TEST_P(Bytes, WrittenBackByWhoClosesTheEmptyFile) {
  start({"--content"});
  for (int i = 0; i < some; ++i) {
    run({"sh", "-c", ": >app.py; sleep 0.05; echo same >app.py"});
    expect_none();
  }
}

TEST_P(Bytes, WrittenBackWhileTheOldTargetIsStopped) {
  start({"--content", "--stop-timeout", "300ms"}, {"ignore=15"});
  place.edit("other", "1");
  Fd open = truncate();
  sleep_for(400ms);  // into the next generation
  write(open, "same\n");
  open = Fd();
  expect_start({"other"});
  expect_none();
}

TEST_P(Bytes, AreNotWaitedForBesideAnotherChange) {
  start({"--content"});
  Fd open = truncate();
  sleep_for(2500ms);  // beyond the bound of other bursts
  EXPECT_FALSE(reports.has("start"));
  const auto edited = std::chrono::steady_clock::now();
  place.edit("other", "1");
  expect_start({"app.py", "other"});
  EXPECT_LT(std::chrono::steady_clock::now() - edited, slowness() * 4s);
  write(open, "same\n");  // the new target may have read the empty file
  open = Fd();
  expect_start({"app.py"});
  expect_none();
}

TEST_P(Bytes, OfAnotherReleaseWithTheSameTimeAndSize) { expect_each_release({"--content"}); }

using Copies = Bytes;
INSTANTIATE_TEST_SUITE_P(Watcher, Copies, testing::Values("auto"), watcher_name);

TEST_P(Copies, OfAnotherReleaseWithTheSameTimeAndSize) { expect_each_release({}); }

TEST_P(Copies, WithRsyncInPlace) {
  make_releases();
  run({"cp", "-p", "../v0/app.py", "app.py"});
  start();
  run({"rsync", "-t", "--inplace", "--ignore-times", "../v1/app.py", "app.py"});
  expect_start({"app.py"});
  run({"chmod", "600", "app.py"});
  run({"touch", "-d", "@1000000000", "app.py"});
  run({"mv", "app.py", "../aside"});
  run({"mv", "../aside", "app.py"});
  run({"sh", "-c", ": >>app.py"});
  place.edit("fence", "1");
  expect_start({"fence"});
}

}  // namespace
}  // namespace reloadrun::test
