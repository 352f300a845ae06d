// What /proc/PID/stat says of processes and threads, for all who walk or wait. Any thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/ending.hpp"

namespace reloadrun::proc {

/// One that is alive.
struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  std::uint64_t start_time =
      0;  ///< in clock ticks of this boot; with the pid, it names one process
  std::string name{};
  bool stopped = false;  ///< by a signal, as Ctrl-Z sends it
};

struct Stat {
  Process process;
  char state = '?';
  bool ended = false;  ///< the first thread has; others may run
  long user_ticks = 0;
};

/// nullopt when there is no such process any more, or /proc hides it.
std::optional<Stat> read_stat(pid_t pid);

struct Thread {
  char state = '?';                           ///< as in proc(5), /proc/pid/stat
  std::chrono::milliseconds in_user_mode{0};  ///< for how long it has run, outside of system calls
};
/// nullopt when there is no such thread any more.
std::optional<Thread> thread_of(pid_t number);

/// Whether all threads of a process have ended: it is a zombie, whoever is to reap it. False when
/// there is none of that pid, or /proc hides it.
bool is_zombie(pid_t pid);

/// How a zombie has ended. What may not be read is unknown.
Ending ending_of_zombie(pid_t pid);

}  // namespace reloadrun::proc
