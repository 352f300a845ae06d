// Which files a program writes: by the system calls that may make, change, replace or remove one,
// of which the kernel notifies us before they are carried out. Known so, and not guessed from the
// files. Used by the builder, on its main thread.
//
// Not notified, and so not known: what is written by a handle (open_by_handle_at), by a ring that
// was made before (io_uring), or by a program of another machine's system calls (32-bit).
#pragma once

#include <string>
#include <vector>

#include "net/call_filter.hpp"
#include "net/notifier.hpp"

namespace reloadrun::net {

/// Notifies of such calls alone, and refuses to make rings (io_uring), which pass by filters.
/// Opening a file to read it costs nothing.
CallFilter write_filter();

/// What a call that write_filter() has notified of may write: absolute paths without links, but for
/// the last name, which is given as it stands, and, when it is a link that is followed, as what it
/// leads to as well. A directory that is moved stands for all that is below it. Empty for what
/// cannot be known: the process has ended, or may not be read; and for devices.
std::vector<std::string> written_by(const Call& call);

}  // namespace reloadrun::net
