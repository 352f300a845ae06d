// Nothing is left behind, over and over: a tree of twenty processes is restarted, and now its
// supervisor, now its reloader is killed at a random moment and started anew.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "helpers/deadline.hpp"
#include "helpers/fixture.hpp"
#include "helpers/saboteur.hpp"

namespace reloadrun::test {
namespace {

#ifdef WITH_SANITIZER
constexpr int soak_restarts = 40;
#else
constexpr int soak_restarts = 300;
#endif

class Soak : public EndToEnd {
 protected:
  Soak() : seed_(first_seed()), random_(seed_) { std::cout << "seed " << seed_ << '\n'; }

  /// RELOADRUN_SEED in the environment tries a run again, as far as that is possible.
  static std::uint32_t first_seed() {
    const char* given = std::getenv("RELOADRUN_SEED");
    if (given != nullptr) return static_cast<std::uint32_t>(std::stoul(given));
    return std::random_device()() % 1'000'000'000;
  }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  /// COMMAND, children, daemons, and one who does not listen: twenty processes.
  [[nodiscard]] Words tree_of_20() const {
    Words orders(13, "child=tell=12");
    orders.insert(orders.end(), 5, "daemon");
    orders.emplace_back("child=ignore=15");
    return target(orders);
  }
  /// Two files by turns: one that changes after each start looks like output.
  void edit() {
    const std::string version = std::to_string(++version_);
    place.edit(version_ % 2 == 0 ? "app.py" : "views.py", version);
  }
  static bool has_ended(pid_t pid) {
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT);
    return ended.si_pid != 0;
  }
  /// Until reloadrun has ended: a reloader that has just ended by itself is followed by another.
  static void kill_reloader_of(pid_t supervisor) {
    eventually("its end", [supervisor] {
      if (const auto reloader = reloader_of(supervisor)) ::kill(*reloader, SIGKILL);
      return has_ended(supervisor);
    });
  }

 private:
  std::uint32_t seed_;
  std::mt19937 random_;
  int version_ = 0;
};

TEST_F(Soak, NothingIsLeftOfATreeWhoeverIsKilled) {
  for (int seen = 0; seen < soak_restarts;) {
    Program program(reloadrun({"--stop-timeout", "20ms", "--settle", "0"}, tree_of_20()));
    reports.next("ready");
    for (auto left = below(20); left > 0; --left, ++seen) {
      edit();
      reports.next("ready");
    }
    if (below(2) == 0) edit();
    ::usleep(below(100'000));  // any moment of a stop, of a start, and of what follows
    if (below(2) == 0) {
      program.signal(SIGKILL);
    } else {
      kill_reloader_of(program.pid());
    }
    EXPECT_EQ(program.wait(), (Ending{true, SIGKILL})) << program.said();
    ASSERT_NO_FATAL_FAILURE(wait_until_nothing_is_left()) << program.said();
    while (reports.has("ready")) {  // of a start that nobody has waited for
    }
  }
}

}  // namespace
}  // namespace reloadrun::test
