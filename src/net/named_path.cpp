#include "net/named_path.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "fmt/format.h"
#include "net/mounts.hpp"

namespace reloadrun::net {
namespace {

constexpr int name_only = O_PATH | O_CLOEXEC;

std::string root_of(pid_t thread) { return fmt::format("/proc/{}/root", thread); }

bool is_same(const Fd& one, const Fd& other) {
  struct stat status {};
  struct stat others {};
  return ::fstat(one.get(), &status) == 0 && ::fstat(other.get(), &others) == 0 &&
         status.st_dev == others.st_dev && status.st_ino == others.st_ino;
}

/// As if the caller's root were ours: what is above it is not to be reached, and links that begin
/// with a '/' begin there.
Fd reach_in_root(const NamedPath& named, int flags) {
  const Fd root(::open(named.directory.c_str(), name_only | O_DIRECTORY));
  if (!root) return {};
  open_how how{};
  how.flags = static_cast<std::uint64_t>(name_only | flags);
  how.resolve = RESOLVE_IN_ROOT;
  const char* const path = named.path.empty() ? "." : named.path.c_str();
  return Fd(static_cast<int>(::syscall(SYS_openat2, root.get(), path, &how, sizeof how)));
}

/// What begins at a directory of another root is made to begin at that root.
NamedPath from_its_root(NamedPath named) {
  named.other_root = true;
  if (named.from_root || named.path.empty()) return named;
  const Fd begin(::open(named.directory.c_str(), name_only));
  const Fd root(::open(root_of(named.thread).c_str(), name_only));
  const auto from = begin ? path_of(begin) : std::nullopt;
  const auto top = root ? path_of(root) : std::nullopt;
  const auto between = from && top ? rest_below(*from, *top) : std::nullopt;
  if (!between) return named;
  NamedPath whole{named.thread, root_of(named.thread), *between, true, true};
  whole.path.erase(0, 1);
  // A descriptor may be of a mount that lies nowhere below the root.
  if (!is_same(begin, reach(whole))) return named;
  if (!whole.path.empty()) whole.path += '/';
  whole.path += named.path;
  return whole;
}

std::optional<NamedPath> path_as_named(const Call& call, PathArguments arguments) {
  const auto argument = static_cast<std::size_t>(arguments.path);
  const auto text = call.text(argument);
  if (!text && call.arguments.at(argument) != 0) return std::nullopt;  // it may not be read
  std::string path = text.value_or("");
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const bool of_a_device = path.starts_with("/dev/") && !path.starts_with("/dev/shm/");
  if (of_a_device || path.starts_with("/proc/")) return std::nullopt;
  if (path.starts_with('/') || arguments.directory == working_directory) {
    return path_of(call.thread, path);
  }
  const auto fd =
      static_cast<int>(call.arguments.at(static_cast<std::size_t>(arguments.directory)));
  if (fd == AT_FDCWD) return path_of(call.thread, path);
  return NamedPath{call.thread, fmt::format("/proc/{}/fd/{}", call.thread, fd), path};
}

}  // namespace

std::string NamedPath::whole() const { return path.empty() ? directory : directory + "/" + path; }

NamedPath path_of(pid_t thread, const std::string& path) {
  const bool absolute = path.starts_with('/');
  return {thread, absolute ? root_of(thread) : fmt::format("/proc/{}/cwd", thread),
          path.substr(absolute ? 1 : 0), absolute};
}

std::optional<NamedPath> path_named(const Call& call, PathArguments arguments, Roots roots) {
  auto named = path_as_named(call, arguments);
  if (!named || roots == Roots::ours || shares_root(call.thread)) return named;
  return from_its_root(std::move(*named));
}

Fd reach(const NamedPath& named, int flags) {
  if (named.other_root && named.from_root) {
    Fd file = reach_in_root(named, flags);
    // A container's own filter may refuse a call that is new to it.
    if (file || (errno != ENOSYS && errno != EPERM)) return file;
  }
  return Fd(::open(named.whole().c_str(), name_only | flags));
}

std::optional<Entry> entry_of(const NamedPath& named) {
  const auto slash = named.path.rfind('/');
  const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
  std::string name = named.path.substr(begin);
  if (name.empty() || name == "." || name == "..") return std::nullopt;
  NamedPath around = named;
  around.path.resize(slash == std::string::npos ? 0 : slash);
  const Fd directory = reach(around, O_DIRECTORY);
  const auto status = look_at(directory);
  if (!status) return std::nullopt;
  auto path = path_here(directory, *status, named.thread);
  if (path) path = below(*path, name);
  return Entry{entry_key(*status, std::move(name)), std::move(path)};
}

std::optional<std::string> resolved_entry(const NamedPath& named) {
  auto entry = entry_of(named);
  return entry ? std::move(entry->path) : std::nullopt;
}

}  // namespace reloadrun::net
