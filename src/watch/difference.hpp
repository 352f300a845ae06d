// What has changed between two snapshots that do not watch the same files. For another list of
// files; looks that go on compare for themselves.
#pragma once

#include "watch/pause.hpp"
#include "watch/snapshot.hpp"
#include "watch/stamps.hpp"

namespace reloadrun::watch {

/// What only comes into view in `after` is a change when it was changed at `begun` or since; what
/// only goes out of view, when it is gone.
Changes difference(const Snapshot& before, const Snapshot& after, const ChangeTime& begun,
                   Pause* pause = nullptr);

}  // namespace reloadrun::watch
