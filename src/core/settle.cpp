#include "core/settle.hpp"

#include <algorithm>

namespace reloadrun::core {

TimePoint settled_at(const Burst& burst, Duration settle) {
  TimePoint quiet = burst.last + settle;
  if (burst.missing_since) quiet = std::max(quiet, *burst.missing_since + missed_for);
  if (burst.being_written) quiet = TimePoint::max();
  TimePoint due = std::min(quiet, burst.first + longest_burst);

  // What follows is waited for longer than any burst of saves may take.
  if (burst.git_was_seen) {
    const Duration pause = burst.rebase ? rebase_pause : git_pause;
    due = std::max(due, std::min(burst.last + pause, burst.first + longest_git_burst));
  }
  if (burst.git_lock_stale_at) due = std::max(due, *burst.git_lock_stale_at);
  if (burst.executable_unfinished) due = std::max(due, burst.first + longest_link);
  if (burst.not_before) due = std::max(due, *burst.not_before);
  return due;
}

}  // namespace reloadrun::core
