// Taking stamps: one stat() of one file. Driven by look.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <unordered_map>

#include "watch/mount.hpp"
#include "watch/snapshot.hpp"

namespace reloadrun::watch {

/// mtime, size and inode, as they are.
Stamp plain_stamp(const struct stat& status);

ChangeTime change_time(const struct stat& status);
/// Now, by the clock that local file systems stamp with: what is changed from now on is not older.
ChangeTime change_time_now();
/// Whether `name` in `directory` (AT_FDCWD for none) was changed at `moment` or since. A link
/// counts as what it leads to.
bool changed_since(int directory, const std::string& name, const ChangeTime& moment);

class Stamps {
 public:
  explicit Stamps(bool with_content) : with_content_(with_content) {}

  struct Taken {
    Stamp stamp;
    bool has_other_names = false;  ///< hard links: who writes by another one passes inotify by
  };

  /// Of the regular file that `name` leads to, relative to `directory` (AT_FDCWD for none), an
  /// entry of `around`; nullopt when it leads to none. `known`: its last stamp, or null; its
  /// content is not read again when nothing else differs. Throws std::system_error when the failure
  /// is not the file's.
  std::optional<Taken> take(int directory, const std::string& name, const Directory& around,
                            const Stamp* known);

 private:
  bool inode_is_identity(int directory, const std::string& name, const Directory& around,
                         dev_t device);

  const bool with_content_;
  std::unordered_map<dev_t, bool> identities_;  // of devices other than the directory's own
};

}  // namespace reloadrun::watch
