// Others' text (names of files and of processes, patterns, values) as a terminal may have it. Pure
// functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace reloadrun {

/// Control characters, which could do anything to a terminal, are written out, those of UTF-8 too;
/// and so is what sets the direction of a text, or ends a line or a paragraph. A second time
/// changes nothing.
std::string printable(std::string_view text);

/// What a list of names, one a line, is for.
enum class Names {
  as_data,  ///< only what would be taken for other names is quoted: with a line break, or a leading
            ///< '"'
  for_a_terminal  ///< ... and what printable() writes out
};

/// A name in such a list: itself, or as git quotes one (core.quotePath, git-config(1)): in double
/// quotes, with escapes as in C; bytes beyond ASCII only where they have to be.
std::string quoted(std::string_view name, Names names);

}  // namespace reloadrun
