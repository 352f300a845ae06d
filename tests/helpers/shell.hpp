// An interactive shell on a pseudo-terminal, with job control, as a developer uses it.
#pragma once

#include <filesystem>
#include <string>

#include "helpers/program.hpp"

namespace reloadrun::test {

class Shell {
 public:
  explicit Shell(const std::filesystem::path& directory);

  /// Types a line; does not wait for its command.
  void start(const std::string& line);
  /// Waits until the shell asks for the next line.
  void expect_prompt();
  /// Waits until the shell asks for the next line after a Ctrl-Z, and everything below it has
  /// stopped but for who waits to begin. The shell waits for its child alone: a process that is not
  /// scheduled for that long is still reading, and takes what is typed next.
  void expect_all_stopped();
  /// The terminal's modes as a command of the shell finds them.
  std::string modes();
  /// How many processes the shell has below it.
  std::size_t children();
  /// Ends the shell.
  void exit();

  Program& program() { return program_; }

 private:
  Program program_;
};

}  // namespace reloadrun::test
