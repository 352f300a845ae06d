// The controlling terminal: its modes are noted before a target starts and put back when it has
// ended. Driven by the reloader's main thread, and by the supervisor's when its reloader died.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <optional>

#include "base/fd.hpp"

namespace reloadrun::proc {

class Terminal {
 public:
  /// The controlling terminal, if there is one.
  Terminal();

  /// Notes the modes, if this process group is in the foreground. Otherwise they are another job's.
  void save();

  /// Puts the noted modes back, unless this process group runs in the background or another job has
  /// the terminal. A foreground that a dead target has left behind (an interactive shell takes it)
  /// is taken back first. Never waits for output to drain: the terminal may be held by Ctrl-S.
  void restore();

 private:
  [[nodiscard]] bool take_back_foreground() const;

  Fd terminal_;
  std::optional<termios> saved_;
};

}  // namespace reloadrun::proc
