// How src/cli says that what the user has written is wrong: on the command line, or in a line of a
// configuration file.
#pragma once

#include <cstddef>
#include <string>

namespace reloadrun::cli {

/// Throws Error (status 2).
[[noreturn]] void fail(const std::string& what_is_wrong, std::string what_to_do);

/// The same, with "FILE:LINE: " before it.
[[noreturn]] void fail_at(const std::string& file, std::size_t line,
                          const std::string& what_is_wrong, std::string what_to_do);

}  // namespace reloadrun::cli
