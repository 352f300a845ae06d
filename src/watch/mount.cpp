#include "watch/mount.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace reloadrun::watch {
namespace {

// What <linux/magic.h> does not name: statfs(2), and the file systems' own headers.
constexpr std::uint32_t zfs = 0x2fc12fc1;
constexpr std::uint32_t bcachefs = 0xca451a4e;
constexpr std::uint32_t jfs = 0x3153464a;
constexpr std::uint32_t ntfs3 = 0x7366746e;

constexpr std::array<std::uint32_t, 14> local{EXT4_SUPER_MAGIC,
                                              BTRFS_SUPER_MAGIC,
                                              XFS_SUPER_MAGIC,
                                              TMPFS_MAGIC,
                                              RAMFS_MAGIC,
                                              F2FS_SUPER_MAGIC,
                                              zfs,
                                              bcachefs,
                                              OVERLAYFS_SUPER_MAGIC,
                                              jfs,
                                              ntfs3,
                                              EXFAT_SUPER_MAGIC,
                                              MSDOS_SUPER_MAGIC,
                                              NILFS_SUPER_MAGIC};

constexpr std::array<std::uint32_t, 5> inodes_made_up{FUSE_SUPER_MAGIC, V9FS_MAGIC, SMB_SUPER_MAGIC,
                                                      CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC};

}  // namespace

Mount mount_of(int fd) {
  struct statfs status {};
  if (::fstatfs(fd, &status) != 0) return {};
  const auto type = static_cast<std::uint32_t>(status.f_type);
  return {std::ranges::find(local, type) != local.end(),
          std::ranges::find(inodes_made_up, type) == inodes_made_up.end()};
}

}  // namespace reloadrun::watch
