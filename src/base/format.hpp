// fmt, as all of reloadrun uses it: what formats is compiled once, in format.cpp, and not in each
// file that says something, which would take twice as long. Debian has no static fmt to link, and
// the shared one would be one more file that the command needs.
#pragma once

#include <string>

#include "fmt/format.h"
#include "fmt/ranges.h"

/// `fmt::` in reloadrun is all that ::fmt has, but for these two.
namespace reloadrun::fmt {

using namespace ::fmt;

std::string vformat(::fmt::string_view format, ::fmt::format_args args);

template <class... Args>
std::string format(::fmt::format_string<Args...> format, Args&&... args) {
  if constexpr (requires { format.get(); }) {  // since fmt 10, and the only way since 12
    return fmt::vformat(format.get(), ::fmt::make_format_args(args...));
  } else {
    return fmt::vformat(format, ::fmt::make_format_args(args...));
  }
}

}  // namespace reloadrun::fmt
