#include "net/written.hpp"

#include <fcntl.h>
#include <sys/stat.h>
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
  SystemCall call;
  Effect effect = Effect::writes;
  PathArguments first;
  PathArguments second{};
  int flags = no_argument;  // the argument that says whether a file is opened to be written
};

constexpr std::array writings{
    Writing{calls::open, Effect::writes, {working_directory, 0}, {}, 1},
    Writing{calls::creat, Effect::writes, {working_directory, 0}},
    Writing{calls::chmod, Effect::writes, {working_directory, 0}},
    Writing{calls::utime, Effect::writes, {working_directory, 0}},
    Writing{calls::utimes, Effect::writes, {working_directory, 0}},
    Writing{calls::futimesat, Effect::writes, {0, 1}},
    Writing{calls::rename, Effect::names, {working_directory, 0}, {working_directory, 1}},
    Writing{calls::link, Effect::names, {working_directory, 1}},
    Writing{calls::symlink, Effect::names, {working_directory, 1}},
    Writing{calls::unlink, Effect::names, {working_directory, 0}},
    Writing{calls::rmdir, Effect::removes, {working_directory, 0}},
    Writing{calls::mknod, Effect::names, {working_directory, 0}},
    Writing{calls::openat, Effect::writes, {0, 1}, {}, 2},
    Writing{calls::openat2, Effect::writes, {0, 1}},  // its flags are not among the arguments
    Writing{calls::truncate, Effect::writes, {working_directory, 0}},
    Writing{calls::truncate64, Effect::writes, {working_directory, 0}},
    Writing{calls::fchmodat, Effect::writes, {0, 1}},
    Writing{calls::fchmodat2, Effect::writes, {0, 1}},
    Writing{calls::utimensat, Effect::writes, {0, 1}},
    Writing{calls::utimensat_time64, Effect::writes, {0, 1}},
    Writing{calls::renameat, Effect::names, {0, 1}, {2, 3}},
    Writing{calls::renameat2, Effect::names, {0, 1}, {2, 3}},
    Writing{calls::linkat, Effect::names, {2, 3}},
    Writing{calls::symlinkat, Effect::names, {1, 2}},
    Writing{calls::unlinkat, Effect::names, {0, 1}},
    Writing{calls::mknodat, Effect::names, {0, 1}},
};

constexpr std::uint32_t opened_to_write = O_ACCMODE | O_CREAT | O_TRUNC;

Effect effect_of(const Call& call, const Writing& writing) {
  const bool removes = call.is(calls::unlinkat) && (call.arguments[2] & AT_REMOVEDIR) != 0;
  return removes ? Effect::removes : writing.effect;
}

/// It opens a file to read it, and says so where no filter sees it.
bool only_reads(const Call& call) {
  if (!call.is(calls::openat2)) return false;
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
  filter.refuse(calls::io_uring_setup, ENOSYS);
  for (const Writing& one : writings) {
    const bool by_flags = one.flags != no_argument;
    filter.notify(one.call, by_flags ? When::any_bit(one.flags, opened_to_write) : When{});
  }
  return filter;
}

std::vector<KnownFile> written_by(const Call& call) {
  const auto* const one =
      std::ranges::find_if(writings, [&](const Writing& known) { return call.is(known.call); });
  if (one == writings.end() || call.thread <= 0 || only_reads(call)) return {};
  const Effect effect = effect_of(call, *one);
  std::vector<KnownFile> files;
  add(files, call, one->first, effect);
  add(files, call, one->second, effect);
  return files;
}

}  // namespace reloadrun::net
