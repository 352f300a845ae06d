// Taking stamps: one stat() of one file. Driven by look.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "watch/mount.hpp"
#include "watch/pause.hpp"
#include "watch/snapshot.hpp"

namespace reloadrun::watch {

/// mtime, size and inode, as they are.
Stamp plain_stamp(const struct stat& status);

ChangeTime change_time(const struct stat& status);
/// Now, as local file systems stamp it: what is changed from now on is not older. What was changed
/// before is older, but on a kernel before 6.13 not within one tick.
ChangeTime change_time_now();
/// Whether `name` in `directory` (AT_FDCWD for none) was changed at `moment` or since. A link
/// counts as what it leads to.
bool changed_since(int directory, const char* name, const ChangeTime& moment);

/// The longest tick of the clock that Linux stamps with, that of 100 in a second. Other systems'
/// file systems have coarser ones.
inline constexpr Duration clock_tick = std::chrono::milliseconds(10);

class Stamps {
 public:
  explicit Stamps(bool with_content, Pause* pause = nullptr)
      : with_content_(with_content), pause_(pause) {}

  struct Taken {
    Seen seen;
    /// It was written to as the hint says, although the stamps may be the same. Never where the
    /// bytes are known: they say themselves whether they are others.
    bool rewritten = false;
    bool has_other_names = false;  ///< hard links: who writes by another one passes inotify by
    Duration tick_left{0};         ///< how long it may still be written and look the same
  };

  /// Of the regular file that `name` leads to, relative to `directory` (AT_FDCWD for none), an
  /// entry of `around`; nullopt when it leads to none. `known`: what was last seen of it, or null;
  /// its content is not read again when nothing else differs, nor may have. `written`: a hint says
  /// that it was. Throws std::system_error when the failure is not the file's.
  std::optional<Taken> take(int directory, const char* name, const Directory& around,
                            const Seen* known, bool written = false);

 private:
  [[nodiscard]] std::uint64_t content_of(int directory, const char* name, const Seen& now,
                                         const Seen* known) const;
  bool inode_is_identity(int directory, const char* name, const Directory& around, dev_t device);

  const bool with_content_;
  Pause* const pause_;
  std::unordered_map<dev_t, bool> identities_;  // of devices other than the directory's own
};

}  // namespace reloadrun::watch
