#include "core/settle.hpp"

#include <algorithm>

namespace reloadrun::core {

namespace {

using namespace std::chrono_literals;

/// When nothing will have happened for long enough, whatever the bounds are.
TimePoint quiet_at(const Burst& burst, Duration settle) {
  if (burst.being_written) return TimePoint::max();
  TimePoint quiet = burst.last + settle;
  if (burst.missing_since) quiet = std::max(quiet, *burst.missing_since + missed_for);
  return quiet;
}

}  // namespace

TimePoint settled_at(const Burst& burst, Duration settle) {
  TimePoint due = std::min(quiet_at(burst, settle), burst.first + longest_burst);

  // What follows is waited for longer than any burst of saves may take.
  if (burst.git_was_seen) {
    const Duration pause = burst.rebase ? rebase_pause : git_pause;
    due = std::max(due, std::min(burst.last + pause, burst.first + longest_git_burst));
  }
  if (burst.git_lock_stale_at) due = std::max(due, *burst.git_lock_stale_at);
  if (burst.being_saved) due = std::max(due, burst.last + longest_pause);
  if (burst.executable_unfinished || burst.directory_gone) {
    due = std::max(due, burst.first + longest_link);
  }
  if (burst.not_before) due = std::max(due, *burst.not_before);
  if (burst.tick_over_at) due = std::max(due, *burst.tick_over_at);
  return due;
}

bool is_cut_off(const Burst& burst, Duration settle, TimePoint now) {
  return quiet_at(burst, settle) > now;
}

Duration recheck_after(Duration so_far) {
  const Duration later = std::max(so_far / 10, Duration(20ms));
  return std::clamp(std::min(so_far / 2, later), Duration(200us), Duration(100ms));
}

bool is_certain(const Burst& burst, TimePoint now) {
  return burst.modified && !burst.being_written && !burst.executable_unfinished &&
         !burst.directory_gone && !burst.git_lock_stale_at && !burst.git_was_seen &&
         (!burst.not_before || *burst.not_before <= now);
}

}  // namespace reloadrun::core
