// Never stale: when edits stop, the running target has seen the last of them. Bursts of edits at
// random moments, of a restart as well as between two; and with handovers that are broken.

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "fmt/format.h"
#include "helpers/fixture.hpp"
#include "helpers/forced_exit.hpp"
#include "helpers/saboteur.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_count = 50;

#ifdef WITH_SANITIZER
constexpr int bursts = 80;
#else
constexpr int bursts = 500;
#endif

class Stale : public EndToEnd, public testing::WithParamInterface<const char*> {
 protected:
  Stale() : seed_(first_seed()), random_(seed_) {
    std::cout << "seed " << seed_ << '\n';
    for (std::size_t file = 0; file < file_count; ++file) edit(file);
  }

  /// RELOADRUN_SEED in the environment tries a run again, as far as that is possible.
  static std::uint32_t first_seed() {
    const char* given = std::getenv("RELOADRUN_SEED");
    if (given != nullptr) return static_cast<std::uint32_t>(std::stoul(given));
    return std::random_device()() % 1'000'000'000;
  }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  void pause(std::uint32_t most_microseconds) { ::usleep(below(most_microseconds)); }

  /// The next version of a file, of the same size as the one before, by one of the ways to save.
  void edit(std::size_t file) {
    const std::string text = fmt::format("{:08}", ++versions_[file]);
    const fs::path path = place.work() / std::to_string(file);
    switch (below(3)) {
      case 0:
        std::ofstream(path) << text;
        break;
      case 1:
        std::ofstream(place.beside("aside")) << text;
        fs::rename(place.beside("aside"), path);
        break;
      case 2:
        fs::remove(path);
        std::ofstream(path) << text;
        break;
    }
  }
  /// At any moment, by any means. Returns whether it came in time.
  bool break_any_handover(pid_t supervisor) {
    const std::uint32_t means = below(every_breakage.size() + 1);
    if (means < every_breakage.size()) {
      const Then then = below(4) == 0 ? Then::its_own : Then::silence;
      return break_handover(supervisor, every_breakage.at(means), then);
    }
    const auto reloader = reloader_of(supervisor);
    return reloader && force_exit_3(*reloader);
  }
  void burst() {
    for (auto edits = 1 + below(8); edits > 0; --edits) {
      edit(below(file_count));
      if (below(2) == 0) pause(3'000);
    }
  }
  [[nodiscard]] std::string newest() const {
    std::string text;
    for (const int version : versions_) text += fmt::format("{:08} ", version);
    return text;
  }
  /// Waits for a target that has seen every edit; throws TimedOut.
  void expect_the_newest_seen() {
    while (reports.next("seen")["text"] != newest()) {
    }
  }

 private:
  const std::uint32_t seed_;
  std::mt19937 random_;
  std::array<int, file_count> versions_{};
};

INSTANTIATE_TEST_SUITE_P(Watcher, Stale, testing::Values("auto", "stat"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(Stale, NeverWhateverTheMomentOfTheEdits) {
  Program program(
      reloadrun({"--watcher", GetParam()}, target({"seen=50", "slow=10", "slow-stop=10"})));
  expect_the_newest_seen();
  for (int done = 0; done < bursts; ++done) {
    burst();
    if (below(3) == 0) {
      expect_the_newest_seen();
    } else {
      pause(40'000);
    }
  }
  burst();
  expect_the_newest_seen();
  end(program);
}

TEST_P(Stale, NeverThoughHandoversAreBroken) {
  if (const auto why = why_no_sabotage(); !why.empty()) GTEST_SKIP() << why;
  Program program(
      reloadrun({"--watcher", GetParam()}, target({"seen=50", "slow=10", "slow-stop=10"})));
  expect_the_newest_seen();
  // A handover that ends before it could be broken is not counted, and how many do depends on the
  // machine's load: so it goes on until enough have been broken, within the test's own time limit.
  const int enough = bursts / 20;
  int broken = 0;
  for (int done = 0; done < bursts || broken < enough; ++done) {
    const auto moment = below(8);
    if (moment == 0 && break_any_handover(program.pid())) ++broken;
    burst();
    if (moment == 1 && break_any_handover(program.pid())) ++broken;
    if (below(3) == 0) {
      expect_the_newest_seen();
    } else {
      pause(40'000);
    }
  }
  burst();
  expect_the_newest_seen();
  end(program);
  std::cout << broken << " broken handovers\n";
}

class Tick : public EndToEnd {};

// What is written twice in a tick may look the same to stat() after both: so no target starts in
// the tick of a file that it could have read between the two.
TEST_F(Tick, IsOverBeforeAStartThatNoHintPutsOff) {
  constexpr auto tick = std::chrono::milliseconds(10);
  for (int i = 0; i < 20; ++i) place.edit(std::to_string(i), "");
  Program program(reloadrun({"--watcher", "stat", "--settle", "0"}, target()));
  reports.next("ready");
  for (int i = 0; i < 20; ++i) {
    const std::string file = std::to_string(i);
    ::usleep(i * 1'000);  // at all moments of the interval between two looks
    place.edit(file, "text");
    struct stat status {};
    ASSERT_EQ(::stat((place.work() / file).c_str(), &status), 0);
    const auto written = std::chrono::seconds(status.st_mtim.tv_sec) +
                         std::chrono::nanoseconds(status.st_mtim.tv_nsec);
    const std::chrono::nanoseconds started(std::stoll(reports.next("start")["time"]));
    EXPECT_GE(started, written + tick);
    reports.next("ready");
  }
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
