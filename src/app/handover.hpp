// What outlives a generation: given by a reloader to its supervisor in one message before it exits
// with 3, and by the supervisor to the next reloader.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/env_file.hpp"
#include "base/clock.hpp"
#include "core/restart_loop.hpp"
#include "watch/rules.hpp"

namespace reloadrun::app {

struct Handover {
  /// How often COMMAND was started so far: RELOADRUN_GENERATION counts on from here.
  std::uint64_t starts = 0;

  /// Whether the first start still waits (--postpone).
  bool postponed = false;

  /// The next start's RELOADRUN_CHANGED.
  std::string changed;

  /// When the first change of the restart that is going on was noticed, or it was asked for;
  /// nullopt at the first start.
  std::optional<TimePoint> since;

  /// When a burst of changes began that was not over when the last generation ended: the next start
  /// waits for its end. Dated back by how long the generation had waited before it stopped its
  /// target, as both together have the bound of one burst.
  std::optional<TimePoint> burst_since;

  /// The restarts in a row that one file has caused.
  core::RestartLoop loop;

  /// Notices that are given once in the life of reloadrun.
  std::vector<std::string> told;

  Environment environment;

  /// The list of --files-from as it was when it was last right, if it is wrong now.
  std::optional<std::vector<std::string>> listed;

  /// What ignore files said when they were last right, of those that are wrong now.
  watch::KeptRules rules;
};

/// `paths` one a line, those that `so_far` does not name yet added to it; cut at a whole line
/// within 4 KiB.
std::string changed_variable(const std::vector<std::string>& paths, std::string so_far = {});

}  // namespace reloadrun::app
