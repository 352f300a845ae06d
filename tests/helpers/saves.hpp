// The fixture of "one save, one restart": reloadrun as a user starts it, other programs that save,
// and the proof that each save was one restart for exactly what was saved.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "helpers/environment.hpp"
#include "helpers/fixture.hpp"

namespace reloadrun::test {

/// The parameter is the value of --watcher.
class Saves : public EndToEnd, public testing::WithParamInterface<const char*> {
 protected:
  /// Gives the programs a home without settings, and git a configuration of its own.
  Saves();
  /// Stops reloadrun.
  void TearDown() override;

  /// Starts reloadrun over work() with the default --settle, its target with these orders, and
  /// waits for the first generation.
  void start(const Words& options = {}, const Words& orders = {});

  /// Runs a program that saves, by default in work(), to its end; fails the test unless that is
  /// status 0. Returns what it printed. It is in a process group of its own, and no child of
  /// reloadrun's.
  std::string run(const Words& command);
  std::string run(const Words& command, const std::filesystem::path& directory);

  /// Fails unless the next start is the next generation's, for exactly these paths, as far as they
  /// fit into the variable.
  void expect_start(Words changed);
  /// To be called when a save is over. Fails unless it leads to one start for exactly these paths,
  /// and to nothing more: the next start is for a fence alone. Nor may it be answered at the bound:
  /// reloadrun has seen that it is over, and not only waited for as long as it ever does.
  void expect_one_restart(const Words& changed);

  /// Writes a tree of 10 files in each directory to `root`, with this content. Returns their paths
  /// below it: "d0/0" and so on.
  static Words write_tree(const std::filesystem::path& root, const std::string& content,
                          int directories);

 private:
  const Environment environment_;
  std::optional<Program> reloadrun_;
  int generation_ = 0;
};

/// The name of a test's watcher, for INSTANTIATE_TEST_SUITE_P.
std::string watcher_name(const testing::TestParamInfo<const char*>& info);

}  // namespace reloadrun::test
