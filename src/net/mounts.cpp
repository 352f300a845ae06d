#include "net/mounts.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_key.hpp"
#include "base/format.hpp"

namespace reloadrun::net {
namespace {

constexpr std::string_view removed = " (deleted)";

/// proc_pid_mountinfo(5)
struct Mount {
  std::uint64_t id = 0;
  std::string device;
  std::string root;   ///< the directory of its file system that is mounted
  std::string point;  ///< where, below the process's root
};

/// As the kernel writes a blank, a line break and the like: \040.
std::string unescaped(std::string_view text) {
  constexpr std::size_t digits = 3;
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto number = text.substr(at + 1, digits);
    if (text[at] == '\\' && number.size() == digits && std::ranges::all_of(number, is_octal)) {
      plain += static_cast<char>(std::stoi(std::string(number), nullptr, 8));
      at += digits;
    } else {
      plain += text[at];
    }
  }
  return plain;
}

std::vector<Mount> mounts_of(const std::string& process) {
  std::vector<Mount> mounts;
  std::istringstream lines(read_kernel_file(fmt::format("/proc/{}/mountinfo", process)));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    Mount mount;
    std::string parent;
    std::string root;
    std::string point;
    if (!(words >> mount.id >> parent >> mount.device >> root >> point)) continue;
    mount.root = unescaped(root);
    mount.point = unescaped(point);
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::optional<std::string> read_link(const std::string& link) {
  std::array<char, PATH_MAX> text;  // NOLINT(cppcoreguidelines-pro-type-member-init): it is filled
  const ssize_t length = ::readlink(link.c_str(), text.data(), text.size());
  if (length <= 0 || text.front() != '/') return std::nullopt;
  return std::string(text.data(), static_cast<std::size_t>(length));
}

bool is_same(const struct statx& first, const struct statx& second) {
  return first.stx_ino == second.stx_ino && first.stx_dev_major == second.stx_dev_major &&
         first.stx_dev_minor == second.stx_dev_minor;
}

/// What is known here will do: to ask the server of a network mount could take for ever.
bool statx_at(int directory, const char* path, int flags, struct statx& status) {
  constexpr unsigned fields = identity_fields | STATX_TYPE | STATX_NLINK | STATX_MNT_ID;
  return ::statx(directory, path, flags | AT_STATX_DONT_SYNC, fields, &status) == 0;
}

bool leads_to(const std::string& path, const struct statx& file) {
  struct statx there {};
  return statx_at(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, there) && is_same(there, file);
}

/// What a mount of the thread's has at `path` lies where in its file system; and another mount of
/// the same one, which is ours, may have it too.
std::optional<std::string> by_a_mount_of_ours(const std::string& path, const struct statx& file,
                                              pid_t thread) {
  const auto root = read_link(fmt::format("/proc/{}/root", thread));
  const auto theirs = mounts_of(std::to_string(thread));
  const auto mount = std::ranges::find(theirs, file.stx_mnt_id, &Mount::id);
  if (!root || (file.stx_mask & STATX_MNT_ID) == 0 || mount == theirs.end()) return std::nullopt;
  const auto point = mount->point == "/" ? *root : below(*root, mount->point.substr(1));
  const auto rest = rest_below(path, point);
  if (!rest) return std::nullopt;
  const std::string inside = rest->empty() ? mount->root : below(mount->root, rest->substr(1));
  for (const Mount& ours : mounts_of("self")) {
    const auto below_ours = rest_below(inside, ours.root);
    if (ours.device != mount->device || !below_ours) continue;
    std::string here = below_ours->empty() ? ours.point : below(ours.point, below_ours->substr(1));
    if (leads_to(here, file)) return here;
  }
  return std::nullopt;
}

}  // namespace

bool shares_root(pid_t thread) {
  static const auto ours = [] {
    struct statx root {};
    statx_at(AT_FDCWD, "/", 0, root);
    return root;
  }();
  struct statx theirs {};
  // A mount belongs to one namespace alone.
  return statx_at(AT_FDCWD, fmt::format("/proc/{}/root", thread).c_str(), 0, theirs) &&
         is_same(ours, theirs) && ours.stx_mnt_id == theirs.stx_mnt_id;
}

std::optional<std::string> path_of(const Fd& file) {
  return read_link(fmt::format("/proc/self/fd/{}", file.get()));
}

std::optional<struct statx> look_at(const Fd& file) {
  struct statx status {};
  if (!file || !statx_at(file.get(), "", AT_EMPTY_PATH, status)) return std::nullopt;
  return status;
}

std::optional<std::string> path_here(const Fd& file, const struct statx& status, pid_t thread) {
  auto path = path_of(file);
  if (!path || leads_to(*path, status)) return path;
  if (!shares_root(thread)) return by_a_mount_of_ours(*path, status, thread);
  // Another has taken its place a moment ago.
  if (status.stx_nlink == 0 && path->ends_with(removed))
    path->resize(path->size() - removed.size());
  return path;
}

}  // namespace reloadrun::net
