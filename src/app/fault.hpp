// The line that says why a process of reloadrun's cannot go on, when nothing else of it can speak
// any more. Called on the main thread, before the process ends.
#pragma once

#include <exception>
#include <string>

namespace reloadrun::app {

/// "reloadrun: what is wrong: what to do" on stderr, if that can be written.
void tell_fault(const std::string& what_is_wrong, const std::string& what_to_do);

/// The same of what was thrown and nobody has caught: of what the system lacks, if it says so.
void tell_fault(const std::exception& error);

}  // namespace reloadrun::app
