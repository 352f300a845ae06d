// "Did you mean": which of the names that there are a mistyped one is near to. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reloadrun::cli {

/// How many characters are inserted, left out, replaced, or swapped with their neighbour between
/// `one` and `other`: the optimal string alignment distance.
std::size_t distance(std::string_view one, std::string_view other);

/// The name nearest to `given`: at most a third of its characters are wrong, or it is the beginning
/// of one name alone. nullopt when none is near.
std::optional<std::string> nearest(std::string_view given, const std::vector<std::string>& names);

}  // namespace reloadrun::cli
