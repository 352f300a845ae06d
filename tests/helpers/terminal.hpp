// The fixture of what happens on a terminal: reloadrun there, directly or as a shell's line.
#pragma once

#include <string>

#include "helpers/fixture.hpp"

namespace reloadrun::test {

inline constexpr auto ctrl_c = "\x03";
inline constexpr auto ctrl_z = "\x1a";

class OnTerminal : public EndToEnd {
 protected:
  /// reloadrun as the leader of a new terminal's session.
  [[nodiscard]] Invocation on_terminal(const Words& options, const Words& command) const;
  /// The same command as a line for a shell.
  [[nodiscard]] std::string line(const Words& options, const Words& command) const;

  /// Whether what is typed at the program's terminal is neither echoed nor edited by it.
  static bool is_raw(const Program& program);
};

}  // namespace reloadrun::test
