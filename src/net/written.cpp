#include "net/written.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/format.hpp"
#include "net/mounts.hpp"
#include "net/named_path.hpp"

namespace reloadrun::net {
namespace {

/// What a call may do to the file that a path names.
enum class Effect {
  writes,   ///< what a link leads to
  names,    ///< it makes, replaces or removes the name itself
  removes,  ///< a directory, which is empty
};
struct Writing {
  Machine machine = Machine::native;
  int call = 0;
  Effect effect = Effect::writes;
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
    Writing{native, SYS_open, Effect::writes, {working_directory, 0}, {}, 1},
    Writing{native, SYS_creat, Effect::writes, {working_directory, 0}},
    Writing{native, SYS_chmod, Effect::writes, {working_directory, 0}},
    Writing{native, SYS_utime, Effect::writes, {working_directory, 0}},
    Writing{native, SYS_utimes, Effect::writes, {working_directory, 0}},
    Writing{native, SYS_futimesat, Effect::writes, {0, 1}},
    Writing{native, SYS_rename, Effect::names, {working_directory, 0}, {working_directory, 1}},
    Writing{native, SYS_link, Effect::names, {working_directory, 1}},
    Writing{native, SYS_symlink, Effect::names, {working_directory, 1}},
    Writing{native, SYS_unlink, Effect::names, {working_directory, 0}},
    Writing{native, SYS_rmdir, Effect::removes, {working_directory, 0}},
    Writing{native, SYS_mknod, Effect::names, {working_directory, 0}},
    Writing{native, SYS_renameat, Effect::names, {0, 1}, {2, 3}},
#endif
    Writing{native, SYS_openat, Effect::writes, {0, 1}, {}, 2},
    Writing{native, SYS_openat2, Effect::writes, {0, 1}},  // its flags are not among the arguments
    Writing{native, SYS_truncate, Effect::writes, {working_directory, 0}},
    Writing{native, SYS_fchmodat, Effect::writes, {0, 1}},
    Writing{native, SYS_fchmodat2, Effect::writes, {0, 1}},
    Writing{native, SYS_utimensat, Effect::writes, {0, 1}},
    Writing{native, SYS_renameat2, Effect::names, {0, 1}, {2, 3}},
    Writing{native, SYS_linkat, Effect::names, {2, 3}},
    Writing{native, SYS_symlinkat, Effect::names, {1, 2}},
    Writing{native, SYS_unlinkat, Effect::names, {0, 1}},
    Writing{native, SYS_mknodat, Effect::names, {0, 1}},
    // Numbers of 32-bit x86, see asm/unistd_32.h.
    Writing{compat, 5, Effect::writes, {working_directory, 0}, {}, 1},                   // open
    Writing{compat, 8, Effect::writes, {working_directory, 0}},                          // creat
    Writing{compat, 9, Effect::names, {working_directory, 1}},                           // link
    Writing{compat, 10, Effect::names, {working_directory, 0}},                          // unlink
    Writing{compat, 14, Effect::names, {working_directory, 0}},                          // mknod
    Writing{compat, 15, Effect::writes, {working_directory, 0}},                         // chmod
    Writing{compat, 30, Effect::writes, {working_directory, 0}},                         // utime
    Writing{compat, 38, Effect::names, {working_directory, 0}, {working_directory, 1}},  // rename
    Writing{compat, 40, Effect::removes, {working_directory, 0}},                        // rmdir
    Writing{compat, 83, Effect::names, {working_directory, 1}},                          // symlink
    Writing{compat, 92, Effect::writes, {working_directory, 0}},                         // truncate
    Writing{compat, 193, Effect::writes, {working_directory, 0}},  // truncate64
    Writing{compat, 271, Effect::writes, {working_directory, 0}},  // utimes
    Writing{compat, 295, Effect::writes, {0, 1}, {}, 2},           // openat
    Writing{compat, 297, Effect::names, {0, 1}},                   // mknodat
    Writing{compat, 299, Effect::writes, {0, 1}},                  // futimesat
    Writing{compat, 301, Effect::names, {0, 1}},                   // unlinkat
    Writing{compat, 302, Effect::names, {0, 1}, {2, 3}},           // renameat
    Writing{compat, 303, Effect::names, {2, 3}},                   // linkat
    Writing{compat, 304, Effect::names, {1, 2}},                   // symlinkat
    Writing{compat, 306, Effect::writes, {0, 1}},                  // fchmodat
    Writing{compat, 320, Effect::writes, {0, 1}},                  // utimensat
    Writing{compat, 353, Effect::names, {0, 1}, {2, 3}},           // renameat2
    Writing{compat, 412, Effect::writes, {0, 1}},                  // utimensat_time64
    Writing{compat, 437, Effect::writes, {0, 1}},                  // openat2
    Writing{compat, 452, Effect::writes, {0, 1}},                  // fchmodat2
};

constexpr std::uint32_t opened_to_write = O_ACCMODE | O_CREAT | O_TRUNC;

Effect effect_of(const Call& call, const Writing& writing) {
  const bool unlinkat = call.number == (call.machine == native ? SYS_unlinkat : 301);
  const bool removes = unlinkat && (call.arguments[2] & AT_REMOVEDIR) != 0;
  return removes ? Effect::removes : writing.effect;
}

/// It opens a file to read it, and says so where no filter sees it.
bool only_reads(const Call& call) {
  static_assert(SYS_openat2 == 437, "on every machine");
  if (call.number != SYS_openat2) return false;
  const auto flags = call.number_at(2);  // what struct open_how begins with
  return flags && (*flags & opened_to_write) == 0;
}

bool is_empty_directory(const NamedPath& named) {
  const Fd directory = reach(named, O_DIRECTORY | O_NOFOLLOW);
  std::error_code error;
  return directory &&
         std::filesystem::is_empty(fmt::format("/proc/self/fd/{}", directory.get()), error);
}

KnownFile known_by(Entry entry) {
  return {std::move(entry.path).value_or(""), {std::move(entry.key)}};
}

/// What is there already, under the entry's name, or by its own where that is a link.
void add_file(std::vector<KnownFile>& files, const Fd& file, const struct statx& status,
              pid_t thread) {
  KnownFile known{path_here(file, status, thread).value_or(""), {{identity_from(status), ""}}};
  const bool same = known.path.empty() || (!files.empty() && known.path == files.back().path);
  if (same && !files.empty()) {
    std::ranges::move(known.keys, std::back_inserter(files.back().keys));
    return;
  }
  if (auto key = entry_key(known.path)) known.keys.push_back(std::move(*key));
  files.push_back(std::move(known));
}

void add(std::vector<KnownFile>& files, const Call& call, PathArguments name, Effect effect) {
  if (name.path == no_argument) return;
  auto named = path_named(call, name);
  if (named) reached_by_caller(*named);
  // A directory that is not empty stays, and what is in it.
  if (!named || (effect == Effect::removes && !is_empty_directory(*named))) return;
  const Fd file = effect == Effect::writes ? reach(*named) : Fd();
  const auto status = look_at(file);
  // It gets another time or mode, or a file without a name (O_TMPFILE): nothing below it changes.
  if (status && S_ISDIR(status->stx_mode)) return;
  if (auto entry = entry_of(*named)) files.push_back(known_by(std::move(*entry)));
  if (status) add_file(files, file, *status, call.thread);
}

}  // namespace

CallFilter write_filter() {
  CallFilter filter;
  // What is asked of a ring is seen by no filter. Who would use one does without it then, as in a
  // container.
  static_assert(SYS_io_uring_setup == 425, "on every machine");
  filter.refuse(SYS_io_uring_setup, ENOSYS);
  filter.refuse(SYS_io_uring_setup, ENOSYS, compat);
  for (const Writing& one : writings) {
    const bool by_flags = one.flags != no_argument;
    filter.notify(one.call, by_flags ? When::any_bit(one.flags, opened_to_write) : When{},
                  one.machine);
  }
  return filter;
}

std::vector<KnownFile> written_by(const Call& call) {
  const auto* const one = std::ranges::find_if(writings, [&](const Writing& known) {
    return known.machine == call.machine && known.call == call.number;
  });
  if (one == writings.end() || call.thread <= 0 || only_reads(call)) return {};
  const Effect effect = effect_of(call, *one);
  std::vector<KnownFile> files;
  add(files, call, one->first, effect);
  add(files, call, one->second, effect);
  return files;
}

}  // namespace reloadrun::net
