// A target that writes, at each of its starts, a file that is watched restarts for ever. Seen here
// and slowed down. Plain values, no clock: app/observer asks while a burst goes on, on the
// reloader's main thread, and hands the history over to the next generation.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace reloadrun::core {

/// The restarts in a row that one file has caused, each soon after the start before.
struct RestartLoop {
  std::string path{};               ///< empty: no such file
  int times = 0;                    ///< how many restarts, the latest burst's included
  std::vector<std::string> told{};  ///< the files that the user was told of

  friend bool operator==(const RestartLoop&, const RestartLoop&) = default;
};

/// What a program writes because it starts, it writes while it loads its modules and opens its
/// files. One that takes longer restarts so seldom that nobody needs to be saved from it.
inline constexpr Duration soon_after_start = std::chrono::seconds(1);

/// A person would have to save the same file so many times, each time within a second of the start
/// that the save before has caused: saving twice in a hurry happens, three times hardly. Editors
/// that save by themselves wait about a second after the last key, so they come too late to count,
/// or so late that the first delays, which are measured from the start, are over already.
inline constexpr int restarts_of_a_loop = 4;

/// The least time between two starts in a loop: doubled by each restart, up to the longest.
inline constexpr Duration first_loop_delay = std::chrono::milliseconds(500);
inline constexpr Duration longest_loop_delay = std::chrono::seconds(5);

struct LoopStep {
  RestartLoop loop;   ///< to be handed to the next generation
  Duration delay{0};  ///< the restart is not to come sooner after the target's start
  bool tell = false;  ///< the user is to be told now of loop.path, for the only time
};

/// What a burst that leads to a restart adds to `before`. `paths` are all that changed in it, in
/// any order, not empty; `after_start` is how long after the target's start its first change came.
/// Other files in the burst change nothing; one without the loop's file begins a new row, and one
/// that comes late ends it.
LoopStep after_burst(RestartLoop before, const std::vector<std::string>& paths,
                     Duration after_start);

/// Whether a look's changes end the delay of a restart that is held back: another file than the
/// loop's has changed, and too late to belong to the start. Somebody is at work, and waits.
bool ends_delay(const RestartLoop& loop, const std::vector<std::string>& paths,
                Duration after_start);

}  // namespace reloadrun::core
