// What is left out unless --no-default-ignores: one table, which the README shows. Constant; any
// thread.
#pragma once

#include <span>
#include <string_view>

#include "watch/patterns.hpp"

namespace reloadrun::watch {

struct DefaultIgnore {
  std::string_view pattern;
  std::string_view what;  ///< for the user's eyes: "vim: swap file"
};

/// The table, in the order of its patterns' lines, from 1. A directory that holds
/// Rules::virtual_environment_mark is left out besides.
std::span<const DefaultIgnore> default_ignore_table();

/// The table's patterns; all are for names. Compiled at the first call.
const Patterns& default_ignores();

}  // namespace reloadrun::watch
