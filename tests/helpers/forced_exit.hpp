// A reloader that exits with 3 although it has not come to that: by ptrace(2), from outside.
#pragma once

#include <sys/types.h>

namespace reloadrun::test {

/// Makes a process exit with 3 at its next system call, without having done anything for it. False
/// when it has gone. Throws std::system_error when the system does not let us.
bool force_exit_3(pid_t pid);

}  // namespace reloadrun::test
