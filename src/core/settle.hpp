// When a burst of changes is over, so that one save, one build and one checkout are one restart;
// and whether the old target's stop may begin before. No clock, no file: app/observer fills in what
// its looks found, and asks again after each look, on the reloader's main thread.
#pragma once

#include <chrono>

#include "base/clock.hpp"

namespace reloadrun::core {

/// What the looks at a burst of changes have found.
struct Burst {
  TimePoint first;                     ///< the first change of the burst
  TimePoint last;                      ///< the latest change
  bool modified = false;               ///< a file was there before, is there, and differs
  bool being_written = false;          ///< a changed file is open for writing
  bool being_saved = false;            ///< all are, and may end up as they were (--content)
  Deadline missing_since{};            ///< since when the latest file is missed
  bool executable_unfinished = false;  ///< COMMAND's executable has changed and is not whole
  bool directory_gone = false;         ///< the working directory's name leads nowhere
  Deadline git_lock_stale_at{};        ///< git rewrites the work tree: when its lock is forgotten
  bool git_was_seen = false;  ///< it has held such a lock, or written its index, in this burst
  bool rebase = false;        ///< and a rebase is under way
  Deadline not_before{};      ///< a restart loop is slowed down
  Deadline tick_over_at{};    ///< until then a file may be written again and look the same
};

/// The longest that a burst is waited for, from its first change: a server that never comes back is
/// worse than one that comes back twice.
inline constexpr Duration longest_burst = std::chrono::seconds(2);

/// Where the bytes count, a save of the same bytes is no change however long it takes. Who has
/// written nothing for this long holds the file for another reason.
inline constexpr Duration longest_pause = std::chrono::seconds(10);

/// Editors that save by deleting and creating, or by renaming aside, miss their file only this
/// long.
inline constexpr Duration missed_for = std::chrono::milliseconds(200);

/// One command of the user's is several of git's: `stash` is a reset and a clean, and between two
/// of them there is no lock for a moment.
inline constexpr Duration git_pause = std::chrono::milliseconds(100);

/// Between two commits of a rebase git runs hooks and merges, which takes longer.
inline constexpr Duration rebase_pause = std::chrono::milliseconds(250);

/// The pauses between git's commands keep a burst open beyond `longest_burst`, but not for ever:
/// something else may write all the time.
inline constexpr Duration longest_git_burst = std::chrono::seconds(10);

/// A large program takes long to link, and to start over half of one is no use; a working directory
/// that is gone is being put there anew. After this they are taken for broken, and starting will
/// say how.
inline constexpr Duration longest_link = std::chrono::seconds(30);

/// When the burst is over if nothing more happens; the restart is due then. `settle` is how long
/// nothing may have changed. The result may lie in the past.
TimePoint settled_at(const Burst& burst, Duration settle);

/// Whether it is still going on when settled_at() has come: it was cut off.
bool is_cut_off(const Burst& burst, Duration settle, TimePoint now);

/// How soon to look again at what keeps a burst that has lasted `so_far` from being over, where
/// nothing tells of it. The longer it has taken, the less it matters how soon its end is seen; but
/// an editor closes a file within a millisecond of its write, and is not to wait longer than for
/// the burst to settle.
Duration recheck_after(Duration so_far);

/// Whether the burst leads to a restart whatever comes next, so that the stop can begin at once and
/// the rest be waited for meanwhile. A file that has appeared may be a temporary one, a file that
/// has vanished may come back, and what somebody is still writing, or git, or a linker, is not
/// there yet: until it is, the old target serves.
bool is_certain(const Burst& burst, TimePoint now);

}  // namespace reloadrun::core
