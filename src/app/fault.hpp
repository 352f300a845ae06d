// The line that says why a process of reloadrun's cannot go on, when nothing else of it can speak
// any more. Called on the main thread, before the process ends.
#pragma once

#include <string>

namespace reloadrun::app {

/// "reloadrun: what is wrong: what to do" on stderr, if that can be written.
void tell_fault(const std::string& what_is_wrong, const std::string& what_to_do);

/// What to do about what nobody has thought of.
inline constexpr auto report_it = "this should not be; see what the system lacks, or report it";

}  // namespace reloadrun::app
