#include "series.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <map>
#include <random>

#include "fmt/format.h"
#include "median.hpp"
#include "tree.hpp"
#include "watcher.hpp"

namespace reloadrun::bench {
namespace {

using namespace std::chrono_literals;

constexpr int most_failed_starts = 2;  // each takes a minute

/// Never twice the same, so that no timer of a tool keeps in step with the edits.
Duration between(Duration least, Duration most) {
  static std::mt19937 random;
  return Duration(
      std::uniform_int_distribution<Duration::rep>(least.count(), most.count())(random));
}

void edit_once(Series& series, Watcher& watcher) {
  if (const auto took = watcher.edit()) {
    series.times.push_back(took->count());
  } else {
    ++series.lost;
  }
}

void visit(Series& series, const Tree& tree, int edits) try {
  // Some start their target several times for one edit, a quarter of a second apart, and may hang
  // when the next edit falls between.
  constexpr Duration least = 400ms;
  constexpr Duration most = 600ms;
  Watcher watcher(series.tool, tree, least);
  for (int edit = 0; edit < edits; ++edit) {
    watcher.rest(between(least, most));
    edit_once(series, watcher);
  }
} catch (const DidNotStart& why) {
  ++series.failed_starts;
  series.failure = why.what();
}

}  // namespace

std::optional<Spread> Series::spread() const {
  if (times.empty()) return std::nullopt;
  std::vector<double> sorted = times;
  std::ranges::sort(sorted);
  const auto at = [&](double part) {
    return sorted[std::lround(part * static_cast<double>(sorted.size() - 1))];
  };
  return Spread{median(times), at(0.1), at(0.9)};
}

void measure_in_turns(std::vector<Series>& all, int rounds, int edits) {
  std::map<std::size_t, Tree> trees;
  for (const Series& series : all) trees.try_emplace(series.files, series.files);
  for (int round = 1; round <= rounds; ++round) {
    fmt::print(stderr, "round {} of {}\n", round, rounds);
    for (Series& series : all) {
      const bool hopeless = series.times.empty() && series.failed_starts >= most_failed_starts;
      if (!hopeless) visit(series, trees.at(series.files), edits);
    }
  }
}

void measure_at_once(std::vector<Series>& all, int edits) {
  std::deque<Tree> trees;
  std::deque<Watcher> watchers;
  for (const Series& series : all) {
    watchers.emplace_back(series.tool, trees.emplace_back(series.files), 20ms);
  }
  for (int edit = 0; edit < edits; ++edit) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      watchers[i].rest(between(5ms, 15ms));
      edit_once(all[i], watchers[i]);
    }
  }
}

}  // namespace reloadrun::bench
