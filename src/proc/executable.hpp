// COMMAND's executable. Whether it is whole: a linker or a copy writes it over a while, and as long
// as it does, the old target goes on. Whether it is more than its user. Nothing is executed here.
//
// Driven by app/observer on the reloader's main thread, when the executable has changed, and by the
// worker that starts it.
#pragma once

#include <string>

namespace reloadrun::proc {

enum class Wholeness {
  whole,           ///< as far as can be told without executing it
  missing,         ///< no such file, or a link that leads nowhere
  being_written,   ///< open for writing: exec would answer ETXTBSY
  not_executable,  ///< no regular file, or no x bit for us: EACCES. A linker gives the x bit last
  no_program,      ///< empty, or nothing but zeros where a header should be: ENOEXEC
};

/// The state of `path` now. The first that holds, in this order: missing, being_written,
/// not_executable, no_program.
///
/// Where no lease tells whether it is being written (see open_for_writing()), the kernel's own
/// check before an exec does, from Linux 6.14 on; where neither does, nobody is taken to write it.
Wholeness wholeness(const std::string& path);

/// Whether executing it gives rights that this process does not have (set-user-ID, set-group-ID,
/// file capabilities).
bool gains_rights(const std::string& path);

}  // namespace reloadrun::proc
