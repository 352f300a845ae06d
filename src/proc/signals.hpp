// Signals as reloadrun takes them: blocked in every thread and read from a descriptor, so that
// nothing runs in a handler; and as it was given them, to give them to the target.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace reloadrun::proc {

/// The signal state that reloadrun was started with. The other dispositions need no entry here:
/// reloadrun does not touch them, and exec keeps what is ignored.
struct SignalsGiven {
  std::uint64_t mask = 0;      ///< bit n-1 for signal n
  bool child_ignored = false;  ///< SIGCHLD; set to its default here, since children are waited for

  [[nodiscard]] sigset_t mask_set() const;
  /// Gives this thread the mask that there was.
  void restore_mask() const;
  /// ... and this process, at last, what take_signals() has changed.
  void restore() const;
  /// Unblocks what StopsHeld blocks, but for what was blocked at the start.
  void let_stops_through() const;
};

/// Blocks, for this thread and those that it starts, what reloadrun reads from descriptors, and
/// what must not disturb it (a SIGPIPE of a closed stderr, the SIGIO of a lease: see
/// open_files.hpp; the SIGXFSZ of a limit that a memory file has to keep, too), and returns what
/// was before. A signal that is ignored stays so (nohup). To be called before any thread is
/// started.
SignalsGiven take_signals();

/// Delivers those of `wanted` that were not ignored at the start.
class SignalFd {
 public:
  explicit SignalFd(const std::vector<int>& wanted);
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The next signal, or nullopt when there is none now.
  std::optional<signalfd_siginfo> next();

 private:
  Fd fd_;
};

/// Whether a terminal sent this to a whole process group: Ctrl-C, Ctrl-\, or the line's hanging up.
/// False for a hang-up that the kernel sent to this process alone, as the leader of its session.
bool from_terminal(const signalfd_siginfo& signal);

/// For a process that has just been made, with the terminal's signals blocked: whether one of them
/// has come before it was there, and is still pending for its parent, whose /proc/PID/status this
/// is. Async-signal-safe.
bool missed_terminal_signal(const char* parent_status);

/// Whether a process does something of its own about a signal: it catches it, or has blocked it, as
/// who reads it from a descriptor or waits for it; not when it was started with it blocked
/// (`given`). False when there is no such process, or it may not be read.
bool answers_signal(pid_t pid, int signal, const SignalsGiven& given);

/// Blocks, while it lives, what stops a process from the terminal (Ctrl-Z), in this thread: in a
/// child of vfork(), which would otherwise be stopped and hold its parent, whom the shell waits for
/// to stop.
class StopsHeld {
 public:
  StopsHeld();
  ~StopsHeld();
  StopsHeld(const StopsHeld&) = delete;
  StopsHeld& operator=(const StopsHeld&) = delete;

 private:
  sigset_t before_{};
};

/// Whether this process ignores a signal, and so does what it starts.
bool is_ignored(int signal);
/// Whether it has a handler for it.
bool is_caught(int signal);

/// Has this process do nothing about the signals that would end reloadrun, where they would end it:
/// by a handler, so that they end what it executes. What it forks they end too.
void outlive_stop_signals();

/// "SIGTERM", "SIGRTMIN+1", "signal 77".
std::string signal_name(int signal);

/// Ends this process by `signal` without leaving a core; where a signal cannot end it (process 1),
/// with status 128 + signal.
[[noreturn]] void die_by(int signal);

}  // namespace reloadrun::proc
