// Who holds a file open for writing: whether anybody does, asked of the kernel in one call, and
// whether it is one of us, which only /proc tells. What we write ourselves is output, and output is
// no change; what anybody else still writes is a change that is not over.
//
// Driven by app/outputs and app/build_outputs on the reloader's main thread, when a file has
// changed, and by the builder. Nothing here opens a FIFO or a device, or waits for a program.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>

#include "base/file_key.hpp"

namespace reloadrun::proc {

enum class Writing {
  no,
  yes,
  unknown,  ///< no regular file, or the kernel, the file system or our rights refuse to tell
};

/// Whether some process, this one too, has the regular file open for writing, or mapped so. `file`
/// is a descriptor of any kind, O_PATH will do; it is not changed, and stays the caller's.
///
/// Asked by taking a read lease, which is refused exactly while the file is open for writing
/// (fcntl(2), F_SETLEASE), and which is given back at once. It needs the file's owner or CAP_LEASE,
/// and a file system with leases: `unknown` otherwise. Who opens the file for writing in that
/// instant is held up until the lease is back, and this process gets a SIGIO: take_signals() blocks
/// it.
Writing open_for_writing(int file);
/// The same by path, a link's target; `unknown` when there is none.
Writing open_for_writing(const std::string& path);

/// Who of us holds a file open for writing.
struct WrittenByOurs {
  std::set<FileIdentity> tree;   ///< this process, its parent (the supervisor), or a descendant
  std::set<FileIdentity> group;  ///< another process of its own process group (`| tee dev.log`)
};

/// Those of `files` that one of us holds open for writing. Processes that may not be inspected are
/// passed over, and so is a mapping whose descriptor was closed.
WrittenByOurs written_by_ours(std::set<FileIdentity> files);

/// Every file, devices too, that a descendant of this process has open for writing.
std::set<FileIdentity> written_by_descendants();

/// The numbers, which are those of their inodes, of all sockets that descendants of this process
/// have open.
std::set<std::uint64_t> sockets_of_descendants();

}  // namespace reloadrun::proc
