#include "net/opened.hpp"

#include <fcntl.h>
#include <linux/openat2.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "net/mounts.hpp"
#include "net/named_path.hpp"

namespace reloadrun::net {
namespace {

enum class Does { opens, opens_by_struct, makes, names, mounts };

struct Opening {
  SystemCall call;
  Does does = Does::opens;
  PathArguments path{};
  int flags = no_argument;  // the argument with those of open()
};

constexpr std::array openings{
    Opening{calls::open, Does::opens, {working_directory, 0}, 1},
    Opening{calls::creat, Does::makes, {working_directory, 0}},
    Opening{calls::openat, Does::opens, {0, 1}, 2},
    Opening{calls::openat2, Does::opens_by_struct, {0, 1}, 2},
    Opening{calls::truncate, Does::makes, {working_directory, 0}},
    Opening{calls::truncate64, Does::makes, {working_directory, 0}},
    Opening{calls::rename, Does::names, {working_directory, 1}},
    Opening{calls::renameat, Does::names, {2, 3}},
    Opening{calls::renameat2, Does::names, {2, 3}},
    Opening{calls::link, Does::names, {working_directory, 1}},
    Opening{calls::linkat, Does::names, {2, 3}},
    Opening{calls::symlink, Does::names, {working_directory, 1}},
    Opening{calls::symlinkat, Does::names, {1, 2}},
    Opening{calls::mknod, Does::names, {working_directory, 0}},
    Opening{calls::mknodat, Does::names, {0, 1}},
    Opening{calls::mount, Does::mounts},
    Opening{calls::umount, Does::mounts},
    Opening{calls::umount2, Does::mounts},
    Opening{calls::move_mount, Does::mounts},
    Opening{calls::pivot_root, Does::mounts},
    Opening{calls::chroot, Does::mounts},
    Opening{calls::setns, Does::mounts},
};

const Opening* opening_of(const Call& call) {
  const auto* const one =
      std::ranges::find_if(openings, [&](const Opening& known) { return call.is(known.call); });
  return one == openings.end() ? nullptr : one;
}

/// As those of open(); nullopt when they cannot be read.
std::optional<std::uint64_t> flags_of(const Call& call, const Opening& opening) {
  const auto argument = static_cast<std::size_t>(opening.flags);
  if (opening.does == Does::makes) return O_WRONLY | O_CREAT | O_TRUNC;
  if (opening.does == Does::opens) return call.arguments.at(argument);
  return call.number_at(argument);  // what struct open_how begins with
}

/// What is missing, with the directories around it that are missing as well.
std::optional<std::string> resolved_missing(const NamedPath& named) {
  NamedPath around = named;
  std::string rest;
  for (;;) {
    const auto slash = around.path.rfind('/');
    const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
    const std::string name = around.path.substr(begin);
    if (name == "..") return std::nullopt;
    if (!name.empty() && name != ".") rest = rest.empty() ? name : fmt::format("{}/{}", name, rest);
    around.path.resize(slash == std::string::npos ? 0 : slash);
    const Fd there = reach(around);
    if (const auto status = look_at(there)) {
      const auto path = path_here(there, *status, named.thread);
      return rest.empty() || !path ? std::nullopt : std::optional(below(*path, rest));
    }
    if (around.path.empty()) return std::nullopt;
  }
}

/// Under whatever name it is written.
std::vector<FileKey> keys_of(const Fd& file, const std::string& path) {
  std::vector<FileKey> keys;
  if (auto entry = entry_key(path)) keys.push_back(std::move(*entry));
  const auto status = look_at(file);
  if (!status) return keys;
  const FileIdentity identity = identity_from(*status);
  // Without its birth, a later file would be taken for it that has got its number.
  if (identity.born != 0) keys.push_back({identity, ""});
  return keys;
}

std::optional<Opened> named_by(const Call& call, const Opening& opening, Roots roots) {
  auto named = path_named(call, opening.path, roots);
  if (!named) return std::nullopt;
  reached_by_caller(*named);
  auto entry = entry_of(*named);
  if (!entry || !entry->path) return std::nullopt;
  return Opened{.path = std::move(*entry->path), .writes = true, .keys = {std::move(entry->key)}};
}

/// What the path leads to; `opened.link` is filled in.
Fd reach(const NamedPath& named, bool follow, Opened& opened) {
  Fd file = reach(named, O_NOFOLLOW);
  if (!file || ::fstat(file.get(), &opened.status) != 0) return {};
  if (!S_ISLNK(opened.status.st_mode)) return file;
  if (!follow) {
    errno = ELOOP;
    return {};
  }
  opened.link = resolved_entry(named).value_or("");
  file = reach(named);
  if (file && ::fstat(file.get(), &opened.status) != 0) return {};
  return file;
}

/// Whether it is what a program depends on: a file, whatever is missing, or what a directory has.
bool is_of_use(const Opened& opened) {
  switch (opened.kind) {
    case Opened::Kind::directory:
      return opened.lists && !opened.writes;
    case Opened::Kind::file:
      return S_ISREG(opened.status.st_mode);
    case Opened::Kind::unreachable:
      return S_ISREG(opened.status.st_mode) && !opened.writes;
    case Opened::Kind::missing:
      break;
  }
  return true;
}

/// Where what was reached is, and by which path.
void locate(const Fd& file, pid_t thread, Opened& opened) {
  const auto status = look_at(file);
  auto path = status ? path_here(file, *status, thread) : std::nullopt;
  if (path) {
    opened.kind = S_ISDIR(opened.status.st_mode) ? Opened::Kind::directory : Opened::Kind::file;
  } else {
    opened.kind = Opened::Kind::unreachable;
    path = path_of(file);
  }
  opened.path = std::move(path).value_or("");
}

}  // namespace

void notify_of_opens(CallFilter& filter) {
  for (const Opening& one : openings) filter.notify(one.call);
}

bool changes_roots(const Call& call) {
  const Opening* const opening = opening_of(call);
  return opening != nullptr && opening->does == Does::mounts;
}

std::optional<Opened> opened_by(const Call& call, const LeaveOut& left_out, Roots roots) {
  const Opening* const opening = opening_of(call);
  if (opening == nullptr || opening->does == Does::mounts || call.thread <= 0) return std::nullopt;
  if (opening->does == Does::names) return named_by(call, *opening, roots);
  const auto flags = flags_of(call, *opening);
  if (!flags || (*flags & O_PATH) != 0) return std::nullopt;
  Opened opened;
  const std::uint64_t access = *flags & O_ACCMODE;
  opened.writes = access != O_RDONLY || (*flags & O_TRUNC) != 0;
  opened.reads = access == O_RDONLY || access == O_RDWR;
  opened.lists = (*flags & O_DIRECTORY) != 0;
  const bool makes = (*flags & O_CREAT) != 0;
  auto named = path_named(call, opening->path, roots);
  if (!named || named->path.empty()) return std::nullopt;
  const auto is_left_out = [&](const std::string& path) {
    return !opened.writes && !makes && left_out && left_out(path);
  };
  // The name tells only where it is one of ours.
  const bool is_ours = named->from_root && !named->other_root;
  if (is_ours && is_left_out("/" + named->path)) return std::nullopt;
  reached_by_caller(*named);
  const Fd file = reach(*named, (*flags & O_NOFOLLOW) == 0, opened);
  if (file) {
    locate(file, call.thread, opened);
    if (opened.path.empty()) return std::nullopt;
  } else {
    if (errno != ENOENT) return std::nullopt;
    auto path = resolved_missing(*named);
    if (!path) return std::nullopt;
    opened.path = std::move(*path);
    opened.link.clear();
    opened.writes = opened.writes || makes;
  }
  if (is_left_out(opened.path) || !is_of_use(opened)) return std::nullopt;
  if (opened.writes) opened.keys = keys_of(file, opened.path);
  return opened;
}

}  // namespace reloadrun::net
