// The fixture of every end-to-end test: a place, reports, and the proof that nothing is left.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "helpers/deadline.hpp"
#include "helpers/place.hpp"
#include "helpers/program.hpp"
#include "helpers/reports.hpp"

namespace reloadrun::test {

using Words = std::vector<std::string>;

class EndToEnd : public testing::Test {
 protected:
  /// Makes this process adopt whatever a program under test leaves behind.
  EndToEnd();

  /// Fails when a process is left, alive or dead, once every Program was waited for.
  void TearDown() override;

  /// Waits until nothing is left, for ends that nobody of ours could wait for.
  static void wait_until_nothing_is_left();

  /// reloadrun in the place's work directory, looking often.
  [[nodiscard]] Invocation reloadrun(const Words& options, const Words& command) const;
  /// The test target with its FIFO: see helpers/target.cpp for what it can be told.
  [[nodiscard]] Words target(const Words& orders = {}) const;

  /// Stops reloadrun as a user does; fails the test unless it ends with 0.
  static void end(Program& program);

  /// How often `part` stands in `text`.
  static std::size_t count(const std::string& text, const std::string& part);

  /// Whether a process of this pid is alive.
  static bool is_alive(int pid);
  /// The only child of `parent`, waited for.
  static pid_t only_child_of(pid_t parent);
  /// The reloader that has begun, and the one that waits beside it; each waited for.
  static pid_t reloader_below(pid_t supervisor);
  static pid_t successor_below(pid_t supervisor);
  /// Waits until a process has ended whose parent stands still.
  static void wait_until_unreaped(pid_t pid);

  Place place;
  Reports reports{place.beside("reports")};
};

}  // namespace reloadrun::test
