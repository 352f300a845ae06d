// A look is never in the way of a signal: with very many files reloadrun stops, and restarts, as
// fast as with a few. Looks follow each other here: there is always one to be in the way.

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <random>
#include <thread>

#include "base/fd.hpp"
#include "fmt/format.h"
#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Time = std::chrono::steady_clock;

class ManyFiles : public EndToEnd {
 protected:
  static constexpr int tries = 4;
#ifdef WITH_SANITIZER  // a look at one takes several times as long
  static constexpr int thousands = 60;
#else
  static constexpr int thousands = 300;
#endif

  ManyFiles() : few_(root_ / "few"), many_(root_ / "many") {
    make_files(few_, 1, 100);
    make_files(many_, thousands, 1000);
  }
  ~ManyFiles() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  /// How long the slowest of some took: `how` starts reloadrun in a directory, and measures.
  template <class How>
  static Time::duration slowest(const How& how, const fs::path& directory) {
    Time::duration most{};
    for (int i = 0; i < tries; ++i) most = std::max(most, how(directory, i));
    return most;
  }
  template <class How>
  void expect_as_fast(const How& how) {
    const auto few = slowest(how, few_);
    const auto many = slowest(how, many_);
    const auto ms = [](auto time) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    };
    std::cout << fmt::format("{} ms, with few files {} ms\n", ms(many), ms(few));
    EXPECT_LT(many, 3 * few + slowness() * 500ms);
  }

  [[nodiscard]] Invocation in(const fs::path& directory, const Words& options) const {
    Words arguments{reloadrun_path(), "-v"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Words command = target();
    arguments.insert(arguments.end(), command.begin(), command.end());
    return {.arguments = arguments, .directory = directory};
  }
  void wait_for_a_moment(std::chrono::milliseconds most) {
    std::this_thread::sleep_for(most * std::uniform_int_distribution(0, 100)(random_) / 100);
  }
  static Time::duration until_end(Program& program) {
    const auto begun = Time::now();
    EXPECT_EQ(program.wait(), Ending{});
    return Time::now() - begun;
  }

 private:
  /// In each directory one file, and other names of it: as many to look at, and sooner made.
  static void make_files(const fs::path& root, int directories, int names) {
    for (int i = 0; i < directories; ++i) {
      const fs::path directory = root / fmt::format("d{}", i);
      fs::create_directories(directory);
      const std::string file = (directory / "0").string();
      require_fd(::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644), "open");
      for (int j = 1; j < names; ++j) {
        fs::create_hard_link(file, directory / std::to_string(j));
      }
    }
  }
  static fs::path in_memory() {
    std::string name = fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path().string();
    name += "/reloadrun-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw_errno("mkdtemp");
    return name;
  }

  const fs::path root_ = in_memory();

 protected:
  const fs::path few_;
  const fs::path many_;

 private:
  std::minstd_rand random_{std::random_device()()};
};

TEST_F(ManyFiles, AreNotInTheWayOfAStop) {
  constexpr std::array signals{SIGTERM, SIGQUIT, SIGHUP, SIGINT};
  expect_as_fast([&](const fs::path& directory, int i) {
    Program reloadrun(in(directory, {"--watcher", "stat", "--interval", "50ms"}));
    reports.next("ready");
    wait_for_a_moment(1000ms);
    reloadrun.signal(signals.at(i));
    const auto took = until_end(reloadrun);
    EXPECT_EQ(reloadrun.said().find("waiting up to"), std::string::npos) << reloadrun.said();
    return took;
  });
}

TEST_F(ManyFiles, AreNotInTheWayOfCtrlC) {
  expect_as_fast([&](const fs::path& directory, int) {
    Invocation invocation = in(directory, {"--watcher", "stat", "--interval", "50ms"});
    invocation.terminal = true;
    Program reloadrun(invocation);
    reports.next("ready");
    wait_for_a_moment(1000ms);
    reloadrun.type("\x03");
    return until_end(reloadrun);
  });
}

TEST_F(ManyFiles, AreNotInTheWayOfAStopDuringTheFirstLook) {
  for (const char* const watcher : {"auto", "stat"}) {
    expect_as_fast([&](const fs::path& directory, int) {
      Program reloadrun(in(directory, {"--watcher", watcher, "--interval", "50ms"}));
      reloadrun.expect("looking at all files");
      wait_for_a_moment(200ms);
      reloadrun.signal(SIGTERM);
      return until_end(reloadrun);
    });
  }
}

TEST_F(ManyFiles, AreNotInTheWayOfARestart) {
  expect_as_fast([&](const fs::path& directory, int) {
    Program reloadrun(in(directory, {"--watcher", "stat", "--interval", "50ms"}));
    reports.next("ready");
    wait_for_a_moment(1000ms);
    const auto begun = Time::now();
    reloadrun.signal(SIGUSR1);
    EXPECT_EQ(reports.next("start")["generation"], "'2'");
    const auto took = Time::now() - begun;
    reports.next("ready");
    end(reloadrun);
    return took;
  });
}

// What a look has not come to when a restart ended it, the next reloader's finds.
TEST_F(ManyFiles, AreAllLookedAtAgainAfterARestart) {
  Program reloadrun(in(many_, {"--watcher", "stat", "--interval", "50ms"}));
  reports.next("ready");
  for (int i = 0; i < tries; ++i) {
    wait_for_a_moment(500ms);
    reloadrun.signal(SIGUSR1);
    reports.next("ready");
    const std::string edited = fmt::format("d{}/new", thousands - 1 - i);
    require_fd(::open((many_ / edited).c_str(), O_CREAT | O_WRONLY, 0644), "open");
    EXPECT_EQ(reports.next("start")["changed"], fmt::format("'{}'", edited));
    reports.next("ready");
  }
  end(reloadrun);
}

}  // namespace
}  // namespace reloadrun::test
