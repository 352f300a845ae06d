// A program under test, reloadrun most of the time: started with pipes or a terminal, its lines
// awaited, its end collected.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ending.hpp"
#include "base/fd.hpp"

namespace reloadrun::test {

struct Invocation {
  std::vector<std::string> arguments;  ///< with the program first
  std::filesystem::path directory;
  std::vector<std::string> environment{};  ///< NAME=VALUE, besides this process's
  /// On a new pseudo-terminal, as the leader of a session of its own, instead of pipes.
  bool terminal = false;
  /// Called in the new process before it becomes the program; its group and signals are reset.
  std::function<void()> prepare{};
};

class Program {
 public:
  explicit Program(const Invocation& invocation);
  /// Kills what is left of it and of everything below, after a test that failed.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Waits for `text` in what stderr (or the terminal) says after the last text awaited; returns
  /// the line that has it. Throws TimedOut, with everything that was said.
  std::string expect(const std::string& text);
  /// What stderr (or the terminal) has said so far, since the beginning.
  const std::string& said();
  /// What stdout has said so far.
  const std::string& printed();

  void signal(int number) const;
  /// Types at the terminal.
  void type(const std::string& keys) const;
  /// The descriptor of the terminal's other side.
  [[nodiscard]] int terminal() const { return errors_.get(); }
  /// Closes the terminal, as when its window is closed.
  void close_terminal() { errors_ = Fd(); }
  /// Waits for its end; throws TimedOut.
  Ending wait();

 private:
  void read_more(int milliseconds);

  pid_t pid_ = -1;
  Fd errors_;  // stderr's reading end, or the terminal's other side
  Fd output_;
  bool reading_ = true;
  std::string said_;
  std::size_t awaited_ = 0;
  std::string printed_;
  std::optional<Ending> ended_;
};

/// Paths of what the build has made.
std::string reloadrun_path();
std::string test_target_path();
/// helpers/program_32.cpp, unless there is a reason why it cannot be run.
std::string program_32_path();
std::string why_no_program_32();
inline constexpr auto python = "/usr/bin/python3";  ///< Debian's, which has Debian's Django

}  // namespace reloadrun::test
