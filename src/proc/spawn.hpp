// Executing a program: vfork and exec, with nothing but async-signal-safe calls between.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "proc/signals.hpp"

namespace reloadrun::proc {

/// The first descriptor by which a program finds the sockets that it is given (sd_listen_fds(3)).
inline constexpr int first_socket = 3;

struct Program {
  std::string file;                      ///< what is executed: a path, not looked up
  std::vector<std::string> arguments;    ///< argv, with argv[0]
  std::vector<std::string> environment;  ///< NAME=VALUE
  std::string pid_variable{};            ///< one more, by which it finds its own pid; "": none

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

  /// What stdin and stdout are there; -1: what they are here.
  int input_fd = -1;
  int output_fd = -1;

  /// What it is given from first_socket on, as systemd gives sockets: blocking. None of the
  /// descriptors above is one of those that they take there.
  std::vector<int> sockets{};

  /// A seccomp filter for it and for all that it starts, with a listener (seccomp_unotify(2)). It
  /// must let sendmsg, write, execve and _exit pass. Who has no right to filters otherwise gives up
  /// the right to gain rights (PR_SET_NO_NEW_PRIVS, so that sudo does not work).
  std::vector<sock_filter> filter{};
};

struct Spawned {
  pid_t pid = -1;
  int error = 0;  ///< errno of the exec that failed; the pid is reaped already then

  /// A terminal had signalled this process group before the new member was there, and the signal is
  /// still pending here (where it is blocked and read by nobody, or not yet).
  bool missed_a_signal = false;

  /// Of a program with a filter: where its calls are answered. They wait for that; when it is
  /// closed they fail with ENOSYS.
  Fd listener{};
  int filter_error = 0;  ///< errno: the kernel has refused, and the program runs without a filter
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
