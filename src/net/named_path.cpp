#include "net/named_path.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/format.hpp"
#include "net/acting_as.hpp"
#include "net/caller_path.hpp"
#include "net/file_number.hpp"
#include "net/mounts.hpp"

namespace reloadrun::net {
namespace {

constexpr int name_only = O_PATH | O_CLOEXEC;

/// What begins at a directory of another root is made to begin at that root.
NamedPath from_its_root(NamedPath named) {
  named.other_root = true;
  reached_by_caller(named);
  if (named.from_root || named.path.empty()) return named;
  const Beginning root(named.thread, "root");
  const auto from = path_of(named.directory.file());
  const auto top = path_of(root.file());
  const auto between = from && top ? rest_below(*from, *top) : std::nullopt;
  if (!between) return named;
  NamedPath whole{named.thread, root, *between, true, true, named.caller};
  whole.path.erase(0, 1);
  // A descriptor may be of a mount that lies nowhere below the root.
  if (!are_same(named.directory.file(), reach(whole))) return named;
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
  return NamedPath{call.thread, Beginning(call.thread, fmt::format("fd/{}", fd)), path};
}

}  // namespace

std::string NamedPath::whole() const {
  return path.empty() ? directory.path() : directory.path() + "/" + path;
}

Beginning::Beginning(pid_t thread, std::string_view what)
    : file_(std::make_shared<const Fd>(
          ::open(fmt::format("/proc/{}/{}", thread, what).c_str(), name_only))),
      path_(fmt::format("/proc/self/fd/{}", file_->get())) {}

NamedPath path_of(pid_t thread, const std::string& path) {
  const bool absolute = path.starts_with('/');
  return {thread, Beginning(thread, absolute ? "root" : "cwd"), path.substr(absolute ? 1 : 0),
          absolute};
}

std::optional<NamedPath> path_named(const Call& call, PathArguments arguments, Roots roots) {
  auto named = path_as_named(call, arguments);
  if (!named || roots == Roots::ours || shares_root(call.thread)) return named;
  return from_its_root(std::move(*named));
}

void reached_by_caller(NamedPath& named) {
  if (!named.caller) named.caller = identity_of(named.thread);
}

Fd reach(const NamedPath& named, int flags) {
  const ActingAs caller(named.caller);
  if (!caller) {  // it is not told by us of what it may not see
    errno = EACCES;
    return {};
  }
  if (named.other_root && named.from_root) {
    return open_in_root(named.directory.file(), named.path, name_only | flags);
  }
  return Fd(::open(named.whole().c_str(), name_only | flags));
}

std::optional<Entry> entry_of(const NamedPath& named) {
  std::string name(name_in(named.path));
  if (name.empty() || name == "." || name == "..") return std::nullopt;
  NamedPath around = named;
  around.path = dot_around(named.path);
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
