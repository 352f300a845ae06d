#include "goals.hpp"

#include <optional>
#include <set>
#include <string_view>

#include "fmt/format.h"

namespace reloadrun::bench {
namespace {

constexpr double most_of_yardstick = 3.0;
constexpr double most_of_smaller_tree = 1.2;
constexpr double settle = 10.0;  // milliseconds; the default

using AllSeries = std::vector<Series>;

std::optional<double> median_of(const AllSeries& all, std::string_view name, Mode mode,
                                std::size_t files) {
  for (const Series& series : all) {
    if (series.tool.name != name || series.tool.mode != mode || series.files != files) continue;
    const auto spread = series.spread();
    return spread ? std::optional(spread->median) : std::nullopt;
  }
  return std::nullopt;
}

void add_those_to_yardstick(std::vector<Goal>& goals, const AllSeries& all, std::size_t files) {
  for (const Mode mode : {Mode::bare, Mode::usual}) {
    const auto ours = median_of(all, our_name, mode, files);
    const auto least = median_of(all, yardstick_name, mode, files);
    if (!ours || !least) continue;
    const bool settles = mode == Mode::usual;
    const char* const what = settles ? "default settings, beyond the settle time" : "--settle 0";
    goals.push_back({fmt::format("{}, {} files, to the yardstick", what, files),
                     (*ours - (settles ? settle : 0)) / *least, most_of_yardstick});
  }
}

void add_those_to_peers(std::vector<Goal>& goals, const AllSeries& all, std::size_t files) {
  const auto ours = median_of(all, our_name, Mode::usual, files);
  for (const Series& series : all) {
    const std::string& name = series.tool.name;
    if (series.files != files || name == our_name || name == yardstick_name) continue;
    const auto theirs = series.spread();
    if (!ours || !theirs) continue;
    goals.push_back({fmt::format("default settings, {} files, to {}", files, name),
                     *ours / theirs->median, 1.0});
  }
}

}  // namespace

std::vector<Goal> goals(const AllSeries& all) {
  std::set<std::size_t> sizes;
  for (const Series& series : all) sizes.insert(series.files);
  std::vector<Goal> found;
  for (const std::size_t files : sizes) {
    add_those_to_yardstick(found, all, files);
    add_those_to_peers(found, all, files);
  }
  const auto small = median_of(all, our_name, Mode::bare, *sizes.begin());
  const auto large = median_of(all, our_name, Mode::bare, *sizes.rbegin());
  if (small && large) {
    found.push_back({fmt::format("--settle 0, {} files to {}", *sizes.rbegin(), *sizes.begin()),
                     *large / *small, most_of_smaller_tree});
  }
  return found;
}

}  // namespace reloadrun::bench
