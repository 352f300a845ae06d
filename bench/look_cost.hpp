// What a full look costs, against the least that could tell the same.
#pragma once

#include "tree.hpp"

namespace reloadrun::bench {

struct LookCost {
  double look_ns;  ///< a file; medians, in processor time
  double stat_ns;  ///< the same by a stat() of every path
  [[nodiscard]] double ratio() const { return look_ns / stat_ns; }
};

/// Both take turns, so that they meet the same moments of the machine. Changes the working
/// directory to the tree's.
LookCost look_cost(const Tree& tree);

}  // namespace reloadrun::bench
