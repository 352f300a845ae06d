#include "net/written.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "net/acting_as.hpp"
#include "net/identity.hpp"
#include "net/named_path.hpp"

namespace reloadrun::net {
namespace {

enum class Link { followed, itself };  // what a path that ends in a link means
struct Writing {
  int call = 0;
  Link link = Link::followed;
  PathArguments first;
  PathArguments second{};
  int flags = no_argument;  // the argument that says whether a file is opened to be written
};

// Later than the headers of Debian 12.
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

constexpr std::array writings{
#ifdef SYS_open  // what newer machines leave out
    Writing{SYS_open, Link::followed, {working_directory, 0}, {}, 1},
    Writing{SYS_creat, Link::followed, {working_directory, 0}},
    Writing{SYS_chmod, Link::followed, {working_directory, 0}},
    Writing{SYS_utime, Link::followed, {working_directory, 0}},
    Writing{SYS_utimes, Link::followed, {working_directory, 0}},
    Writing{SYS_futimesat, Link::followed, {0, 1}},
    Writing{SYS_rename, Link::itself, {working_directory, 0}, {working_directory, 1}},
    Writing{SYS_link, Link::itself, {working_directory, 1}},
    Writing{SYS_symlink, Link::itself, {working_directory, 1}},
    Writing{SYS_unlink, Link::itself, {working_directory, 0}},
    Writing{SYS_mknod, Link::itself, {working_directory, 0}},
    Writing{SYS_renameat, Link::itself, {0, 1}, {2, 3}},
#endif
    Writing{SYS_openat, Link::followed, {0, 1}, {}, 2},
    Writing{SYS_openat2, Link::followed, {0, 1}},  // its flags are not among the arguments
    Writing{SYS_truncate, Link::followed, {working_directory, 0}},
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

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void add(std::vector<std::string>& paths, const Call& call, PathArguments name, Link link) {
  if (name.path == no_argument) return;
  const auto named = path_named(call, name);
  if (!named) return;
  const ActingAs caller(identity_of(call.thread));
  if (!caller) return;  // it is not told by us of what it may not see
  const std::string whole = named->whole();
  // It gets another time or mode, or a file without a name (O_TMPFILE): nothing below it changes.
  if (link == Link::followed && is_directory(whole)) return;
  if (auto entry = resolved_entry(*named)) paths.push_back(std::move(*entry));
  if (link == Link::itself) return;
  auto file = resolved(whole);
  if (file && std::ranges::find(paths, *file) == paths.end()) paths.push_back(std::move(*file));
}

}  // namespace

CallFilter write_filter() {
  CallFilter filter;
  // What is asked of a ring is seen by no filter. Who would use one does without it then, as in a
  // container.
  filter.refuse(SYS_io_uring_setup, ENOSYS);
  for (const Writing& one : writings) {
    const bool by_flags = one.flags != no_argument;
    filter.notify(one.call, by_flags ? When::any_bit(one.flags, opened_to_write) : When{});
  }
  return filter;
}

std::vector<std::string> written_by(const Call& call) {
  const auto* const one = std::ranges::find(writings, call.number, &Writing::call);
  if (one == writings.end() || call.thread <= 0) return {};
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
