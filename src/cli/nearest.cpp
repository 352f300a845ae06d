#include "cli/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace reloadrun::cli {
namespace {

// No option's name is near to what is longer.
constexpr std::size_t longest = 64;

}  // namespace

std::size_t distance(std::string_view one, std::string_view other) {
  using Row = std::vector<std::size_t>;
  Row before_last(other.size() + 1);
  Row last(other.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (std::size_t i = 1; i <= one.size(); ++i) {
    Row row(other.size() + 1);
    row[0] = i;
    for (std::size_t j = 1; j <= other.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped =
          i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, std::move(row));
  }
  return last.back();
}

std::optional<std::string> nearest(std::string_view given, const std::vector<std::string>& names) {
  if (given.size() > longest) return std::nullopt;
  const auto is_begun = [given](const std::string& name) { return name.starts_with(given); };
  if (given.size() > 1 && std::ranges::count_if(names, is_begun) == 1) {
    return *std::ranges::find_if(names, is_begun);
  }
  const auto closer = [given](const std::string& one, const std::string& other) {
    return distance(given, one) < distance(given, other);
  };
  const auto best = std::ranges::min_element(names, closer);
  if (best == names.end() || distance(given, *best) > std::max<std::size_t>(1, given.size() / 3)) {
    return std::nullopt;
  }
  return *best;
}

}  // namespace reloadrun::cli
