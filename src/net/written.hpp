// Which files a program writes: by the system calls that may make, change, replace or remove one,
// of which the kernel notifies us before they are carried out. Known so, and not guessed from the
// files. Used by the builder, on its main thread.
//
// Not notified, and so not known: what is written by a handle (open_by_handle_at), or by a ring
// that was made before (io_uring).
#pragma once

#include <vector>

#include "base/file_key.hpp"
#include "net/call_filter.hpp"
#include "net/notifier.hpp"

namespace reloadrun::net {

/// Notifies of such calls alone, and refuses to make rings (io_uring), which pass by filters.
/// Opening a file to read it costs nothing.
CallFilter write_filter();

/// What a call that write_filter() has notified of may write: names in their directories, and the
/// files that are there already, also by what a link leads to that is followed. A directory that is
/// moved, or removed, stands for all that is below it. Empty for what cannot be known: the process
/// has ended, or may not be read; and for devices.
std::vector<KnownFile> written_by(const Call& call);

}  // namespace reloadrun::net
