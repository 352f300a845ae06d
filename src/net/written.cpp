#include "net/written.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <optional>

#include "base/fd.hpp"
#include "fmt/format.h"

namespace reloadrun::net {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_AARCH64;
#else
#error "Which system calls are this machine's? See linux/audit.h."
#endif

constexpr int none = -1;
constexpr int here = -2;  // relative to the working directory

/// Which arguments name a file that is written.
struct Name {
  int directory = none;  // the argument with its descriptor
  int path = none;
};
enum class Link { followed, itself };  // what a path that ends in a link means
struct Writing {
  int call;
  Link link;
  Name first;
  Name second{};
  int flags = none;  // the argument that says whether a file is opened to be written
};

// Later than the headers of Debian 12.
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

constexpr std::array calls{
#ifdef SYS_open  // what newer machines leave out
    Writing{SYS_open, Link::followed, {here, 0}, {}, 1},
    Writing{SYS_creat, Link::followed, {here, 0}},
    Writing{SYS_chmod, Link::followed, {here, 0}},
    Writing{SYS_utime, Link::followed, {here, 0}},
    Writing{SYS_utimes, Link::followed, {here, 0}},
    Writing{SYS_futimesat, Link::followed, {0, 1}},
    Writing{SYS_rename, Link::itself, {here, 0}, {here, 1}},
    Writing{SYS_link, Link::itself, {here, 1}},
    Writing{SYS_symlink, Link::itself, {here, 1}},
    Writing{SYS_unlink, Link::itself, {here, 0}},
    Writing{SYS_mknod, Link::itself, {here, 0}},
    Writing{SYS_renameat, Link::itself, {0, 1}, {2, 3}},
#endif
    Writing{SYS_openat, Link::followed, {0, 1}, {}, 2},
    Writing{SYS_openat2, Link::followed, {0, 1}},  // its flags are not among the arguments
    Writing{SYS_truncate, Link::followed, {here, 0}},
    Writing{SYS_fchmodat, Link::followed, {0, 1}},
    Writing{SYS_fchmodat2, Link::followed, {0, 1}},
    Writing{SYS_utimensat, Link::followed, {0, 1}},
    Writing{SYS_renameat2, Link::itself, {0, 1}, {2, 3}},
    Writing{SYS_linkat, Link::itself, {2, 3}},
    Writing{SYS_symlinkat, Link::itself, {1, 2}},
    Writing{SYS_unlinkat, Link::itself, {0, 1}},
    Writing{SYS_mknodat, Link::itself, {0, 1}},
};

constexpr std::uint32_t opened_to_write = O_ACCMODE | O_CREAT | O_TRUNC;

void load(std::vector<sock_filter>& filter, std::size_t offset) {
  filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
}

/// The next `skipped` instructions are for those that match alone.
void unless_skip(std::vector<sock_filter>& filter, std::uint16_t test, std::uint32_t value,
                 std::uint8_t skipped) {
  filter.push_back(BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), value, 0, skipped));
}

void answer(std::vector<sock_filter>& filter, std::uint32_t what) {
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, what));
}

/// Where a call's path begins, as this process reaches it, and how it goes on.
struct Place {
  std::string directory;
  std::string path;  // relative to it; empty: the directory's descriptor itself
};

std::optional<Place> place_of(const Call& call, const Name& name) {
  const std::string process = fmt::format("/proc/{}", call.thread);
  const auto argument = static_cast<std::size_t>(name.path);
  const auto text = call.text(argument);
  if (!text && call.arguments.at(argument) != 0) return std::nullopt;  // it may not be read
  std::string path = text.value_or("");
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const bool of_a_device = path.starts_with("/dev/") && !path.starts_with("/dev/shm/");
  if (of_a_device || path.starts_with("/proc/")) return std::nullopt;
  if (path.starts_with('/')) return Place{process + "/root", path.substr(1)};
  if (name.directory == here) return Place{process + "/cwd", path};
  const auto fd = static_cast<int>(call.arguments.at(static_cast<std::size_t>(name.directory)));
  if (fd == AT_FDCWD) return Place{process + "/cwd", path};
  return Place{fmt::format("{}/fd/{}", process, fd), path};
}

/// What the kernel calls the file that is reached so; nullopt when there is none, or we may not
/// look into the process.
std::optional<std::string> resolved(const std::string& path) {
  const Fd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::array<char, PATH_MAX> text{};
  const std::string link = fmt::format("/proc/self/fd/{}", file.get());
  const ssize_t length = ::readlink(link.c_str(), text.data(), text.size());
  if (length <= 0) return std::nullopt;
  return std::string(text.data(), static_cast<std::size_t>(length));
}

/// Resolved but for its last name. nullopt when that is none of an entry.
std::optional<std::string> resolved_entry(const Place& place) {
  const auto slash = place.path.rfind('/');
  const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
  const std::string name = place.path.substr(begin);
  if (name.empty() || name == "." || name == "..") return std::nullopt;
  auto parent = resolved(place.directory + "/" + place.path.substr(0, begin));
  if (!parent) return std::nullopt;
  return (*parent == "/" ? "" : *parent) + "/" + name;
}

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void add(std::vector<std::string>& paths, const Call& call, const Name& name, Link link) {
  if (name.path == none) return;
  const auto place = place_of(call, name);
  if (!place) return;
  const bool has_path = !place->path.empty();
  const std::string whole = has_path ? place->directory + "/" + place->path : place->directory;
  // It gets another time or mode, or a file without a name (O_TMPFILE): nothing below it changes.
  if (link == Link::followed && is_directory(whole)) return;
  if (auto entry = resolved_entry(*place)) paths.push_back(std::move(*entry));
  if (link == Link::itself) return;
  auto file = resolved(whole);
  if (file && std::ranges::find(paths, *file) == paths.end()) paths.push_back(std::move(*file));
}

}  // namespace

std::vector<sock_filter> write_filter() {
  std::vector<sock_filter> filter;
  load(filter, offsetof(seccomp_data, arch));
  unless_skip(filter, BPF_JEQ, own_architecture, 1);
  filter.push_back(BPF_STMT(BPF_JMP | BPF_JA, 1));
  answer(filter, SECCOMP_RET_ALLOW);
  load(filter, offsetof(seccomp_data, nr));
  // What is asked of a ring is seen by no filter. Who would use one does without it then, as in a
  // container.
  unless_skip(filter, BPF_JEQ, SYS_io_uring_setup, 1);
  answer(filter, SECCOMP_RET_ERRNO | ENOSYS);
  for (const Writing& one : calls) {
    const bool by_flags = one.flags != none;
    unless_skip(filter, BPF_JEQ, static_cast<std::uint32_t>(one.call), by_flags ? 4 : 1);
    if (by_flags) {
      const auto argument = static_cast<std::size_t>(one.flags);
      load(filter,
           offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));  // its low half
      unless_skip(filter, BPF_JSET, opened_to_write, 1);
      answer(filter, SECCOMP_RET_USER_NOTIF);
      answer(filter, SECCOMP_RET_ALLOW);
    } else {
      answer(filter, SECCOMP_RET_USER_NOTIF);
    }
  }
  answer(filter, SECCOMP_RET_ALLOW);
  return filter;
}

std::vector<std::string> written_by(const Call& call) {
  const auto one = std::ranges::find(calls, call.number, &Writing::call);
  if (one == calls.end() || call.thread <= 0) return {};
  if (call.number == SYS_openat2) {
    const auto flags = call.number_at(2);  // what struct open_how begins with
    if (flags && (*flags & opened_to_write) == 0) return {};
  }
  // What was below a directory that is removed, others were told to remove.
  const bool of_directory = call.number == SYS_unlinkat && (call.arguments[2] & AT_REMOVEDIR) != 0;
  if (of_directory) return {};
  std::vector<std::string> paths;
  add(paths, call, one->first, one->link);
  add(paths, call, one->second, one->link);
  return paths;
}

}  // namespace reloadrun::net
