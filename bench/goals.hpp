// What reloadrun wants to keep to, read from a run: ratios to the yardstick of the same run.
#pragma once

#include <string>
#include <vector>

#include "series.hpp"

namespace reloadrun::bench {

struct Goal {
  std::string words;
  double value;
  double most;
  [[nodiscard]] bool kept() const { return value <= most; }
};

/// Those for which `all` has the medians.
std::vector<Goal> goals(const std::vector<Series>& all);

}  // namespace reloadrun::bench
