// How a process ended, as a plain value that rooms can hand to one another.
#pragma once

#include <sys/wait.h>

namespace reloadrun {

/// An exit status, or the signal that ended the process.
struct Ending {
  bool by_signal = false;
  int value = 0;  ///< the exit status (0 to 255), or the signal's number
  bool core_dumped = false;
  bool unknown = false;  ///< nobody but a debugger may know: `value` is a guess

  friend bool operator==(const Ending&, const Ending&) = default;
};

/// From what waitpid() reports of a process that has ended.
inline Ending ending_from_wait(int status) {
  if (WIFSIGNALED(status)) return {true, WTERMSIG(status), WCOREDUMP(status) != 0, false};
  return {false, WEXITSTATUS(status), false, false};
}

}  // namespace reloadrun
