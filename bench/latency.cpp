// How soon the target runs again after an edit, side by side in one run:
//
//     latency RELOADRUN [--svg FILE] [--files N]... [--rounds N] [--edits N] [--check]
//
// From the end of a write to the first instruction of the target that is started for it: by the
// yardstick (the bare system calls, yardstick.c), by reloadrun, and by those peers that PATH has;
// in trees of 100 and of 100,000 files, or of N. --svg draws it. With --check only the yardstick
// and reloadrun, on 100 and 10,000 files, before all else that runs on the machine; ends with 1
// when a mark is missed, and with 77 where this user may not come first. The marks are ratios, no
// times.

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "chart.hpp"
#include "fmt/format.h"
#include "goals.hpp"
#include "median.hpp"
#include "proc/spawn.hpp"
#include "proc/tree.hpp"
#include "series.hpp"
#include "tree.hpp"
#include "watcher.hpp"

namespace reloadrun::bench {
namespace {

constexpr int status_skipped = 77;  // by which CTest knows it

struct Wanted {
  std::string program{};
  std::string svg{};
  std::vector<std::size_t> files{};
  int rounds = 5;
  int edits = 6;  ///< in each round
  bool check = false;
};

/// The sizes of one tool stand next to each other.
std::vector<Series> plan(const Wanted& wanted) {
  std::vector<Series> all;
  const auto add = [&](const Tool& tool) {
    for (const std::size_t files : wanted.files) all.push_back({.tool = tool, .files = files});
  };
  for (const Mode mode : {Mode::bare, Mode::usual}) {
    add(yardstick(mode));
    add(reloadrun(wanted.program, mode));
  }
  for (const Tool& peer : peers_in_path()) add(peer);
  return all;
}

/// No more than the marks need: each series is to have its own tree.
std::vector<Series> plan_of_check(const Wanted& wanted) {
  std::vector<Series> all;
  for (const Mode mode : {Mode::bare, Mode::usual}) {
    all.push_back({.tool = yardstick(mode), .files = wanted.files.front()});
    all.push_back({.tool = reloadrun(wanted.program, mode), .files = wanted.files.front()});
  }
  all.push_back({.tool = reloadrun(wanted.program, Mode::bare), .files = wanted.files.back()});
  return all;
}

void show(const std::vector<Series>& all) {
  fmt::print("{:<22} {:<8} {:>7} {:>9} {:>9} {:>9} {:>6} {:>5}\n", "", "mode", "files", "median ms",
             "10 %", "90 %", "edits", "lost");
  for (const Series& series : all) {
    const std::string name = series.tool.name + " " + series.tool.version;
    fmt::print("{:<22} {:<8} {:>7} ", name, series.tool.mode == Mode::bare ? "bare" : "usual",
               series.files);
    if (const auto spread = series.spread()) {
      fmt::print("{:>9.2f} {:>9.2f} {:>9.2f} {:>6} {:>5}", spread->median, spread->low,
                 spread->high, series.edits(), series.lost);
    }
    if (series.failed_starts > 0) {
      fmt::print(" {} ({} rounds)", series.failure, series.failed_starts);
    }
    fmt::print("\n");
  }
}

bool show_goals(const std::vector<Series>& all) {
  bool all_kept = true;
  for (const Goal& goal : goals(all)) {
    fmt::print("{}: {}: {:.2f}, at most {:.2f}\n", goal.kept() ? "kept" : "MISSED", goal.words,
               goal.value, goal.most);
    all_kept = all_kept && goal.kept();
  }
  return all_kept;
}

std::optional<double> show_plain_node() {
  constexpr int times = 11;
  if (proc::find_executable("node").file.empty()) return std::nullopt;
  const Tree tree(100);
  std::vector<double> starts;
  for (int i = 0; i < times; ++i) starts.push_back(plain_node_start(tree).count());
  const double middle = median(std::move(starts));
  fmt::print("node itself, without --watch, takes {:.1f} ms to its script's first line\n", middle);
  return middle;
}

/// Before all else that runs on the machine, with what is started from here: what a busy processor
/// does to a ratio between one process and three is chance. False where that is not allowed.
bool come_first() {
  const sched_param first{.sched_priority = 1};
  return ::sched_setscheduler(0, SCHED_RR, &first) == 0;
}

/// A machine that is busy nevertheless makes the ratios worse, never better: hence further
/// attempts.
bool check(const Wanted& wanted) {
  constexpr int attempts = 3;
  for (int attempt = 1; attempt <= attempts; ++attempt) {
    std::vector<Series> all = plan_of_check(wanted);
    measure_at_once(all, wanted.edits);
    show(all);
    if (show_goals(all)) return true;
  }
  return false;
}

void compare(const Wanted& wanted) {
  std::vector<Series> all = plan(wanted);
  measure_in_turns(all, wanted.rounds, wanted.edits);
  show(all);
  const auto plain_node = show_plain_node();
  show_goals(all);
  if (wanted.svg.empty()) return;
  std::ofstream file(wanted.svg);
  file << svg(chart_of(all, plain_node));
  if (!file.flush()) throw std::runtime_error(wanted.svg + ": cannot be written");
}

Wanted read_arguments(int argc, char** argv) {
  Wanted wanted;
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  wanted.check = std::ranges::count(words, "--check") > 0;
  if (wanted.check) wanted.edits = 100;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto number = [&] { return std::stoul(argv[++i]); };
    if (word == "--check") continue;
    if (word.starts_with("--") && i + 1 == argc) throw std::runtime_error("an option has no value");
    if (word == "--svg") {
      wanted.svg = argv[++i];
    } else if (word == "--files") {
      wanted.files.push_back(number());
    } else if (word == "--rounds") {
      wanted.rounds = static_cast<int>(number());
    } else if (word == "--edits") {
      wanted.edits = static_cast<int>(number());
    } else {
      wanted.program = std::filesystem::absolute(word);
    }
  }
  if (wanted.files.empty()) wanted.files = {100, wanted.check ? 10000U : 100000U};
  return wanted;
}

}  // namespace
}  // namespace reloadrun::bench

int main(int argc, char** argv) try {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const auto wanted = reloadrun::bench::read_arguments(argc, argv);
  if (wanted.program.empty() || wanted.files.size() > reloadrun::bench::most_sizes) {
    fmt::print(stderr,
               "usage: latency RELOADRUN [--svg FILE] [--files N [--files N]] [--rounds N] "
               "[--edits N] [--check]\n");
    return 2;
  }
  reloadrun::proc::become_subreaper();
  if (wanted.check) {
    if (!reloadrun::bench::come_first()) {
      fmt::print("not measured: --check needs the right to a real-time priority (root has it)\n");
      return reloadrun::bench::status_skipped;
    }
    return reloadrun::bench::check(wanted) ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  reloadrun::bench::compare(wanted);
  return EXIT_SUCCESS;
} catch (const std::exception& error) {
  fmt::print(stderr, "latency: {}\n", error.what());
  return 2;
}
