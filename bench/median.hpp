// The middle one of some measurements.
#pragma once

#include <algorithm>
#include <vector>

namespace reloadrun::bench {

/// Of at least one value.
template <class Value>
Value median(std::vector<Value> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace reloadrun::bench
