// Executing a program: vfork and exec, with nothing but async-signal-safe calls between.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "proc/signals.hpp"

namespace reloadrun::proc {

struct Program {
  std::string file;                      ///< what is executed: a path, not looked up
  std::vector<std::string> arguments;    ///< argv, with argv[0]
  std::vector<std::string> environment;  ///< NAME=VALUE

  /// Give the program this signal state; without it, it starts with this thread's mask and with
  /// what StopsHeld blocks, which it is to unblock (see SignalsGiven::let_stops_through()).
  std::optional<SignalsGiven> signals;

  /// What the kernel sends it when the thread that started it ends; 0 for nothing. (exec of a
  /// set-user-ID program takes that away again.)
  int parent_death_signal = 0;

  /// Written to this descriptor by the new process, just before it becomes the program, if it takes
  /// it without blocking.
  int announce_fd = -1;
  std::string announcement;

  /// Kept open in the program, although it is close-on-exec here.
  int kept_fd = -1;
};

struct Spawned {
  pid_t pid = -1;
  int error = 0;  ///< errno of the exec that failed; the pid is reaped already then

  /// A terminal had signalled this process group before the new member was there, and the signal is
  /// still pending here (where it is blocked and read by nobody, or not yet).
  bool missed_a_signal = false;
};

/// Starts `program` as a child of the calling thread and returns when it has been executed, or
/// could not be. Throws std::system_error when not even a process could be made.
Spawned spawn(const Program& program);

/// This process's environment but for the variables named, each as NAME=VALUE.
std::vector<std::string> environment_without(const std::vector<std::string>& names);

struct Executable {
  std::string file;  ///< empty when there is none
  int error = 0;     ///< why: ENOENT, EACCES; 0 when there is one
  /// Where it may appear: the file itself, or when there is none, each place in PATH.
  std::vector<std::string> candidates;
};

/// The file that `command` names, as execvp() would find it: itself when it has a slash, otherwise
/// the first in PATH that may be executed. Whether a file with a slash exists is not looked at.
Executable find_executable(const std::string& command);

}  // namespace reloadrun::proc
