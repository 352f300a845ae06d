#include "net/caller_path.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/fd.hpp"
#include "base/file_key.hpp"
#include "base/format.hpp"
#include "net/file_number.hpp"

namespace reloadrun::net {
namespace {

constexpr int itself = O_PATH | O_CLOEXEC;
constexpr int a_directory = itself | O_DIRECTORY;

Fd opened_at(const Fd& directory, const std::string& path, int flags) {
  return Fd(::openat(directory.get(), path.c_str(), flags));
}

Fd opened_within(const Fd& directory, const std::string& path, int flags, std::uint64_t within) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = within | RESOLVE_NO_MAGICLINKS;
  return Fd(
      static_cast<int>(::syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof how)));
}

Fd copy_of(const Fd& file) { return Fd(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0)); }

std::optional<std::string> text_of_link(const Fd& link) {
  std::array<char, PATH_MAX> text;  // NOLINT(cppcoreguidelines-pro-type-member-init): it is filled
  const ssize_t length = ::readlinkat(link.get(), "", text.data(), text.size());
  if (length <= 0) return std::nullopt;
  return std::string(text.data(), static_cast<std::size_t>(length));
}

/// The first name of a path, which is taken out of it together with the slashes that follow it.
std::string take_name(std::string& path) {
  const auto end = std::min(path.find('/'), path.size());
  std::string name = path.substr(0, end);
  path.erase(0, std::min(path.find_first_not_of('/', end), path.size()));
  return name;
}

/// Name by name, for what no one call can do: to leave `from`, but not `root`.
Fd opened_by_names(const Fd& root, const Fd& from, std::string path, int flags) {
  constexpr int most_links = 40;  // as the kernel
  Fd at = copy_of(from);
  for (int links = 0; at;) {
    if (path.starts_with('/')) at = copy_of(root);
    path.erase(0, std::min(path.find_first_not_of('/'), path.size()));
    const std::string name = take_name(path);
    if (name.empty()) return opened_at(at, ".", flags);
    if (name == "..") {
      if (!are_same(at, root)) at = opened_at(at, name, a_directory);
      continue;
    }
    Fd next = opened_at(at, name, itself | O_NOFOLLOW);
    struct stat status {};
    if (!next || ::fstat(next.get(), &status) != 0) return {};
    const bool is_last = path.empty();
    if (S_ISLNK(status.st_mode) && !(is_last && (flags & O_NOFOLLOW) != 0)) {
      const auto text = text_of_link(next);
      if (!text || ++links > most_links) {
        errno = ELOOP;
        return {};
      }
      path = is_last ? *text : fmt::format("{}/{}", *text, path);
      continue;
    }
    if (is_last) return opened_at(at, name, flags | O_NOFOLLOW);
    at = std::move(next);
  }
  return {};
}

/// By the kernel's one call, and otherwise by names: it refuses what leaves `from` (EXDEV), and
/// ".." while anybody renames anything or mounts (EAGAIN).
Fd opened_below(const Fd& root, const Fd& from, const std::string& path, int flags,
                std::uint64_t within) {
  if (path.empty()) return copy_of(from);
  Fd file = opened_within(from, path, flags, within);
  const bool is_refused = errno == ENOSYS || errno == EPERM;  // by who has restricted us
  if (file || (errno != EXDEV && errno != EAGAIN && !is_refused)) return file;
  return opened_by_names(root, from, path, flags);
}

Fd opened_of(pid_t thread, std::string_view what) {
  return Fd(::open(fmt::format("/proc/{}/{}", thread, what).c_str(), itself));
}

}  // namespace

Fd open_in_root(const Fd& root, const std::string& path, int flags) {
  return opened_below(root, root, path, flags, RESOLVE_IN_ROOT);
}

Fd CallerPath::open(const std::string& below, int flags) const {
  if (from_root()) return open_in_root(from, below, flags);
  return opened_below(root, from, below, flags, RESOLVE_BENEATH);
}

Fd CallerPath::open_parent() const { return open(dot_around(path), a_directory); }

std::string CallerPath::name() const {
  const auto name = name_in(path);
  return name == "." || name == ".." ? "" : std::string(name);
}

std::optional<CallerPath> caller_path(pid_t thread, const std::string& path) {
  CallerPath named;
  const bool absolute = path.starts_with('/');
  named.from = opened_of(thread, absolute ? "root" : "cwd");
  if (!absolute) named.root = opened_of(thread, "root");
  if (!named.from || (!absolute && !named.root)) return std::nullopt;
  named.path = path.substr(absolute ? std::min(path.find_first_not_of('/'), path.size()) : 0);
  return named;
}

std::optional<CallerPath> caller_path(const Call& call, std::size_t path,
                                      std::optional<std::size_t> directory) {
  const auto text = call.text(path);
  if (!text || text->ends_with('/')) return std::nullopt;
  const int fd = directory ? static_cast<int>(call.arguments.at(*directory)) : AT_FDCWD;
  if (text->starts_with('/') || fd == AT_FDCWD) return caller_path(call.thread, *text);
  CallerPath named{opened_of(call.thread, fmt::format("fd/{}", fd)), opened_of(call.thread, "root"),
                   *text};
  if (!named.from || !named.root) return std::nullopt;
  return named;
}

}  // namespace reloadrun::net
