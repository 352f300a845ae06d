#include "proc/open_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "proc/procfs.hpp"
#include "proc/tree.hpp"

namespace reloadrun::proc {
namespace {

/// What is asked for, and what of it was found so far.
class Search {
 public:
  /// Everything that is open for writing, unless `wanted` says what is asked for.
  explicit Search(std::optional<std::set<FileIdentity>> wanted) : wanted_(std::move(wanted)) {}

  [[nodiscard]] bool over() const { return wanted_ && wanted_->empty(); }
  std::set<FileIdentity> take_found() { return std::exchange(found_, {}); }

  void look_into(pid_t process) {
    if (over() || !inspected_.insert(process).second) return;
    const std::string threads = fmt::format("/proc/{}/task", process);
    for (const pid_t thread : numbers_in(threads)) {
      const std::string descriptors = fmt::format("{}/{}/fd", threads, thread);
      const auto numbers = numbers_in(descriptors);
      for (const int number : numbers) look_at(fmt::format("{}/{}", descriptors, number));
      // All threads share one table. But a first thread that has ended before the others shows
      // none.
      if (!numbers.empty()) return;
    }
  }

 private:
  void look_at(const std::string& link) {
    // The link's own mode says how the descriptor was opened.
    struct stat status {};
    if (::lstat(link.c_str(), &status) != 0 || (status.st_mode & S_IWUSR) == 0) return;
    // Sockets, pipes and the like have no path.
    char first = 0;
    if (::readlink(link.c_str(), &first, 1) != 1 || first != '/') return;
    // What is known here will do: to ask the server of a network mount could take for ever.
    struct statx known {};
    if (::statx(AT_FDCWD, link.c_str(), AT_STATX_DONT_SYNC, identity_fields, &known) != 0) return;
    const FileIdentity file = identity_from(known);
    if (!wanted_ || wanted_->erase(file) != 0) found_.insert(file);
  }

  std::optional<std::set<FileIdentity>> wanted_;
  std::set<FileIdentity> found_;
  std::set<pid_t> inspected_;
};

}  // namespace

Writing open_for_writing(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return Writing::unknown;
  // Opened again, since a lease belongs to an open file and the caller's may be shared.
  // Non-blocking for the sake of other people's leases.
  const std::string self = fmt::format("/proc/self/fd/{}", file);
  const Fd opened(::open(self.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!opened) return Writing::unknown;
  // Whoever breaks it: SIGIO to this thread, which has it blocked, and not to any of the process.
  const f_owner_ex this_thread{F_OWNER_TID, ::gettid()};
  ::fcntl(opened.get(), F_SETOWN_EX, &this_thread);
  if (::fcntl(opened.get(), F_SETLEASE, F_RDLCK) != 0) {
    return errno == EAGAIN ? Writing::yes : Writing::unknown;
  }
  // Not left to close(): a process that another thread forks just now has the open file too.
  ::fcntl(opened.get(), F_SETLEASE, F_UNLCK);
  return Writing::no;
}

Writing open_for_writing(const std::string& path) {
  // O_PATH opens nothing: a FIFO's other end must not see a reader.
  const Fd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  return file ? open_for_writing(file.get()) : Writing::unknown;
}

WrittenByOurs written_by_ours(std::set<FileIdentity> files) {
  WrittenByOurs found;
  Search search(std::move(files));
  // The likely first: what our output was redirected to, then what the target writes.
  search.look_into(::getpid());
  search.look_into(::getppid());
  if (!search.over()) {
    for (const Process& process : descendants()) search.look_into(process.pid);
  }
  found.tree = search.take_found();
  if (!search.over()) {
    const pid_t own_group = ::getpgrp();
    for (const pid_t pid : numbers_in("/proc")) {
      if (::getpgid(pid) == own_group) search.look_into(pid);
    }
  }
  found.group = search.take_found();
  return found;
}

std::set<FileIdentity> written_by_descendants() {
  Search search(std::nullopt);
  for (const Process& process : descendants()) search.look_into(process.pid);
  return search.take_found();
}

std::set<std::uint64_t> sockets_of_descendants() {
  namespace fs = std::filesystem;
  constexpr std::string_view begin = "socket:[";
  std::set<std::uint64_t> sockets;
  for (const Process& process : descendants()) {
    std::error_code error;
    fs::directory_iterator files(fmt::format("/proc/{}/fd", process.pid), error);
    for (const fs::directory_iterator end; !error && files != end; files.increment(error)) {
      std::error_code gone;
      const std::string link = fs::read_symlink(files->path(), gone).string();
      std::uint64_t number = 0;
      if (link.starts_with(begin) &&
          std::from_chars(&link[begin.size()], &link[link.size()], number).ec == std::errc()) {
        sockets.insert(number);
      }
    }
  }
  return sockets;
}

}  // namespace reloadrun::proc
