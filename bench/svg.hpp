// A chart of times on a logarithmic axis, as an SVG that can be read on light and on dark pages.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "series.hpp"

namespace reloadrun::bench {

constexpr std::size_t most_sizes = 2;  ///< that it can tell from each other

struct Bar {
  std::optional<Spread> spread;  ///< nullopt: nothing to draw
  std::string remark;            ///< beside it: what was lost, or why nothing is drawn
};

struct Row {
  std::string name;
  std::vector<Bar> bars;  ///< one for each of Chart::kinds
};

struct Section {
  std::string heading;
  std::vector<Row> rows;
};

struct Chart {
  std::string title;
  std::vector<std::string> kinds;  ///< of bars in a row, for the legend; at most most_sizes
  std::vector<Section> sections;
  std::vector<std::string> caption;  ///< lines
};

std::string svg(const Chart& chart);

}  // namespace reloadrun::bench
