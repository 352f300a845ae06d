// What watching costs, in one run:
//
//     watching RELOADRUN [--files N] [--check]
//
// A full look as a ratio to a bare stat() loop, the reloader's memory, its idle processor time, and
// the time to the first start; for a tree of N files (100,000), and smaller ones where they are
// compared. With --check only what has a mark to pass, on 20,000 files; ends with 1 when one is
// missed. The marks are ratios and sizes, no times.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "command.hpp"
#include "fmt/format.h"
#include "look_cost.hpp"
#include "median.hpp"
#include "tree.hpp"

namespace reloadrun::bench {
namespace {

constexpr std::size_t ignored_files = 200000;

// On a loaded machine; on a quiet one it is at most 1.0.
constexpr double most_ratio = 1.5;
constexpr double most_bytes = 150;

struct Wanted {
  std::string program;
  std::size_t files = 100000;
  bool check = false;
};

bool show_look(const Tree& tree) {
  const LookCost cost = look_cost(tree);
  fmt::print("a full look: {:.0f} ns a file, stat() {:.0f} ns, ratio {:.2f}\n", cost.look_ns,
             cost.stat_ns, cost.ratio());
  return cost.ratio() <= most_ratio;
}

bool show_memory(const std::string& program, const Tree& tree) {
  const Tree none(0);
  const Command small(program, none.path(), "auto");
  const Command large(program, tree.path(), "auto");
  const auto more = static_cast<double>(large.private_bytes() - small.private_bytes());
  const double bytes = more / static_cast<double>(tree.files()) - Tree::name_length;
  fmt::print("memory: {:.0f} bytes a file beyond its name\n", bytes);
  return bytes <= most_bytes;
}

/// The part of a core that is used while nothing happens.
double idle_use(const std::string& program, const Tree& tree, const std::string& watcher) {
  using namespace std::chrono_literals;
  constexpr auto warm_up = 2s;
  constexpr auto measured = 8s;
  const Command command(program, tree.path(), watcher);
  std::this_thread::sleep_for(warm_up);
  const auto begun = std::chrono::steady_clock::now();
  const Seconds before = command.processor_time();
  std::this_thread::sleep_for(measured);
  const Seconds used = command.processor_time() - before;
  return used / Seconds(std::chrono::steady_clock::now() - begun);
}

void show_idle(const std::string& program, const Tree& tree) {
  fmt::print("idle, {} files: {:.2f} % of a core (auto), {:.2f} % (stat)\n", tree.files(),
             100 * idle_use(program, tree, "auto"), 100 * idle_use(program, tree, "stat"));
}

/// The first starts in several trees, taking turns; the medians.
std::vector<Seconds> first_starts(const std::string& program, const std::vector<const Tree*>& trees,
                                  int rounds) {
  std::vector<std::vector<Seconds>> times(trees.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < trees.size(); ++i) {
      times[i].push_back(Command(program, trees[i]->path(), "auto").first_start());
    }
  }
  std::vector<Seconds> medians;
  for (auto& of_tree : times) medians.push_back(median(std::move(of_tree)));
  return medians;
}

void show_starts(const std::string& program, const Tree& small, const Tree& large) {
  constexpr int rounds = 7;
  constexpr int rounds_of_small = 41;
  const auto of_both = first_starts(program, {&small, &large}, rounds);
  Tree with_ignored(small.files());
  with_ignored.add_ignored(ignored_files);
  const auto of_small = first_starts(program, {&small, &with_ignored}, rounds_of_small);
  const auto milliseconds = [](Seconds time) { return time.count() * 1e3; };
  fmt::print("first start, {} files: {:.1f} ms\n", small.files(), milliseconds(of_small[0]));
  fmt::print("first start, {} files: {:.1f} ms\n", large.files(), milliseconds(of_both[1]));
  fmt::print("first start, {} files and {} ignored ones: {:.1f} ms, ratio {:.2f}\n", small.files(),
             ignored_files, milliseconds(of_small[1]), of_small[1] / of_small[0]);
}

bool show(const Wanted& wanted) {
  const Tree tree(wanted.files);
  fmt::print("{} files in directories of 100\n", tree.files());
  const bool look_passed = show_look(tree);
  const bool memory_passed = show_memory(wanted.program, tree);
  if (wanted.check) return look_passed && memory_passed;
  for (const std::size_t files : {1000, 10000}) show_idle(wanted.program, Tree(files));
  show_idle(wanted.program, tree);
  show_starts(wanted.program, Tree(100), tree);
  return true;
}

Wanted read_arguments(int argc, char** argv) {
  Wanted wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--check") {
      wanted.check = true;
      wanted.files = 20000;
    } else if (word == "--files" && i + 1 < argc) {
      wanted.files = std::stoul(argv[++i]);
    } else {
      wanted.program = std::filesystem::absolute(word);
    }
  }
  return wanted;
}

}  // namespace
}  // namespace reloadrun::bench

int main(int argc, char** argv) try {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a run takes minutes
  const auto wanted = reloadrun::bench::read_arguments(argc, argv);
  if (wanted.program.empty()) {
    fmt::print(stderr, "usage: watching RELOADRUN [--files N] [--check]\n");
    return 2;
  }
  return reloadrun::bench::show(wanted) ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception& error) {
  fmt::print(stderr, "watching: {}\n", error.what());
  return 2;
}
