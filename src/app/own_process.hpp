// A reloader, or the builder, as its parent sees it: a process, and this end of the socket to it.
// Driven by the supervisor, on its main thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "app/channel.hpp"
#include "base/ending.hpp"
#include "base/fd.hpp"

namespace reloadrun::app {

/// How reloadrun executes itself again.
struct Self {
  std::string file = "/proc/self/exe";  ///< this very program, whatever lies at its path by now
  std::vector<std::string> arguments{};
};

class OwnProcess {
 public:
  /// It waits for send_begin(), and ends when this process has ended. Throws std::system_error.
  OwnProcess(Role role, const Self& self);

  [[nodiscard]] Channel& channel() { return channel_; }
  [[nodiscard]] const Channel& channel() const { return channel_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Wakes it, since a process that is stopped hears nothing, and orders. Waits a while for one
  /// that does not read; the order is lost then, or when it has ended.
  void order(const Order& order);
  /// Does not wait. It may have ended by itself.
  void signal(int signal) const;
  /// What the terminal had sent before the process was there, it was not told: see proc::Spawned.
  [[nodiscard]] bool missed_a_signal() const { return missed_a_signal_; }

  /// How it has ended, which is reaped, unless a debugger keeps it; nullopt while it lives. To be
  /// asked after what it has sent was received, and again after a while when its socket is closed.
  [[nodiscard]] std::optional<Ending> ending() const;

  /// Kills and reaps it; what it has below it becomes ours. For one that has not begun, or does not
  /// answer.
  void dismiss() const;

 private:
  Channel channel_;
  pid_t pid_ = -1;
  Fd handle_;
  bool missed_a_signal_ = false;
};

}  // namespace reloadrun::app
