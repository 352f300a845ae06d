// What `latency` has measured, as the chart that README shows.
#pragma once

#include <optional>
#include <vector>

#include "series.hpp"
#include "svg.hpp"

namespace reloadrun::bench {

/// `plain_node`: what node needs by itself, in milliseconds.
Chart chart_of(const std::vector<Series>& all, std::optional<double> plain_node);

}  // namespace reloadrun::bench
