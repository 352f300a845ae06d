// One look at the files: stat() decides, and nothing is opened but directories. Driven by the
// reloader's main thread once per interval.
#pragma once

#include "watch/snapshot.hpp"
#include "watch/watch_set.hpp"

namespace reloadrun::watch {

/// Every watched file as it is now. What cannot be seen (vanished meanwhile, unreadable, a loop of
/// links) is left out, as if it were not there. Links are followed when they lead to files, and to
/// directories when the link itself is a root. Throws std::system_error when the look as a whole
/// cannot be trusted (no descriptor left, an I/O error).
Snapshot look(const WatchSet& watched);

}  // namespace reloadrun::watch
