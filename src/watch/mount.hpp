// What a file system can be relied on for, by its type. Pure but for the one statfs().
#pragma once

namespace reloadrun::watch {

struct Mount {
  /// inotify sees every change, whoever makes it, and a directory's mtime moves with its entries.
  /// Not so where another machine, or a program behind FUSE, changes files too; an unknown type is
  /// not relied on.
  bool inotify_sees = false;
  /// A file keeps its inode number. FUSE, 9p and SMB make numbers up as they go.
  bool inode_is_identity = true;
};

/// Of the file system that this open file lies on.
Mount mount_of(int fd);

}  // namespace reloadrun::watch
