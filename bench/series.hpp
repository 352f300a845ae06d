// What is measured by `latency`: one tool on one size of tree, edit by edit.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "peers.hpp"

namespace reloadrun::bench {

/// In milliseconds; a tenth of the edits was quicker than `low`, and a tenth slower than `high`.
struct Spread {
  double median;
  double low;
  double high;
};

struct Series {
  Tool tool;
  std::size_t files;
  std::vector<double> times{};  ///< in milliseconds
  int lost = 0;                 ///< edits that no start has followed
  int failed_starts = 0;        ///< rounds in which the tool did not come to answer
  std::string failure{};        ///< why it did not, the last time

  [[nodiscard]] int edits() const { return static_cast<int>(times.size()) + lost; }
  /// nullopt when no edit was answered.
  [[nodiscard]] std::optional<Spread> spread() const;
};

/// Round after round each series in turn starts its tool, edits, and stops it, so that all meet the
/// same moments of the machine, and none the others. Those of one size share a tree.
void measure_in_turns(std::vector<Series>& all, int rounds, int edits);

/// All tools at work at the same time, each in a tree of its own, and the edits in turns: closer
/// together, for tools that cost nothing while they wait.
void measure_at_once(std::vector<Series>& all, int edits);

}  // namespace reloadrun::bench
