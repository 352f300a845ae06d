#include "watch/stamps.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "base/fd.hpp"
#include "watch/content.hpp"
#include "watch/listing.hpp"

namespace reloadrun::watch {

Stamp plain_stamp(const struct stat& status) {
  Stamp stamp;
  stamp.mtime_seconds = status.st_mtim.tv_sec;
  stamp.mtime_nanoseconds = static_cast<std::int32_t>(status.st_mtim.tv_nsec);
  stamp.size = static_cast<std::uint64_t>(status.st_size);
  stamp.inode = status.st_ino;
  return stamp;
}

namespace {

/// Nothing for an mtime that somebody has set to another time than that of the writing.
Duration tick_left(const timespec& stamped) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  const std::int64_t seconds = now.tv_sec - stamped.tv_sec;
  if (seconds < -1 || seconds > 1) return Duration::zero();
  const Duration age =
      std::chrono::seconds(seconds) + std::chrono::nanoseconds(now.tv_nsec - stamped.tv_nsec);
  // That clock ticks itself: it may be behind an mtime of a finer one.
  if (age >= clock_tick || age <= -clock_tick) return Duration::zero();
  return std::min(clock_tick - age, clock_tick);
}

ChangeMark change_mark(const struct stat& status) {
  constexpr std::uint64_t second = 1'000'000'000;
  const std::uint64_t whole = static_cast<std::uint64_t>(status.st_ctim.tv_sec) * second +
                              static_cast<std::uint64_t>(status.st_ctim.tv_nsec);
  return std::max(static_cast<ChangeMark>(whole ^ (whole >> 32U)), ChangeMark{1});
}

/// Taking a right away or giving one is no other state of the bytes.
bool same_but_for_rights(Stamp one, const Stamp& other) {
  one.runnable = other.runnable;
  return one == other;
}

}  // namespace

ChangeTime change_time(const struct stat& status) {
  return {status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
}

ChangeTime change_time_now() {
  struct stat status {};
  const Fd file(::memfd_create("now", MFD_CLOEXEC));
  // Asked for first, and then changed: that is what makes Linux, from 6.13 on, take the time of a
  // change from its fine clock, and give no later change of any file an earlier one. See the
  // kernel's multigrain-ts.rst.
  const bool is_stamped = file && ::fstat(file.get(), &status) == 0 &&
                          ::futimens(file.get(), nullptr) == 0 && ::fstat(file.get(), &status) == 0;
  if (is_stamped) return change_time(status);
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return {now.tv_sec, now.tv_nsec};
}

bool changed_since(int directory, const char* name, const ChangeTime& moment) {
  struct stat status {};
  return ::fstatat(directory, name, &status, 0) == 0 && change_time(status) >= moment;
}

std::optional<Stamps::Taken> Stamps::take(int directory, const char* name, const Directory& around,
                                          const Seen* known, bool written) {
  struct stat status {};
  if (::fstatat(directory, name, &status, 0) != 0) {
    require_that_file_is_to_blame(name);
    return std::nullopt;
  }
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  Stamp stamp = plain_stamp(status);
  if (!inode_is_identity(directory, name, around, status.st_dev)) stamp.inode = 0;
  Taken taken{{stamp, change_mark(status)}, false, status.st_nlink > 1, tick_left(status.st_mtim)};
  if (with_content_) {
    taken.tick_left = std::max(taken.tick_left, tick_left(status.st_ctim));
    taken.seen.stamp.content = content_of(directory, name, taken.seen, known);
  }
  taken.seen.racy = taken.tick_left > Duration::zero();
  if (taken.seen.stamp.content != 0) return taken;
  if (known == nullptr) {
    taken.rewritten = written;
    return taken;
  }
  if (known->stamp.inode != taken.seen.stamp.inode) return taken;  // no write has made it that
  taken.rewritten = written && (known->racy || known->changed != taken.seen.changed);
  // What the stamp may have hidden, the same one still may: a look that comes later does not know
  // better, and the hint may be still to come.
  if (!taken.rewritten && same_but_for_rights(known->stamp, taken.seen.stamp)) {
    taken.seen.changed = known->changed;
    taken.seen.racy = taken.seen.racy || known->racy;
  }
  return taken;
}

/// Read again unless it must be the same.
std::uint64_t Stamps::content_of(int directory, const char* name, const Seen& now,
                                 const Seen* known) const {
  if (known != nullptr && known->stamp.content != 0 && !known->racy &&
      known->changed == now.changed) {
    Stamp unread = known->stamp;
    unread.content = 0;
    if (same_but_for_rights(unread, now.stamp)) return known->stamp.content;
  }
  return content_hash(directory, name, pause_);
}

/// A link may lead to another file system.
bool Stamps::inode_is_identity(int directory, const char* name, const Directory& around,
                               dev_t device) {
  if (device == around.device) return around.mount.inode_is_identity;
  const auto known = identities_.find(device);
  if (known != identities_.end()) return known->second;
  const Fd file(::openat(directory, name, O_PATH | O_CLOEXEC));
  const bool identity = !file || mount_of(file.get()).inode_is_identity;
  identities_.emplace(device, identity);
  return identity;
}

}  // namespace reloadrun::watch
