#include "watch/hints.hpp"

#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <map>
#include <tuple>

#include "base/format.hpp"

namespace reloadrun::watch {
namespace {

constexpr std::uint32_t entries =
    IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr std::uint32_t the_directory = IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

Hint hint_of(const inotify_event& event) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) return {Hint::Kind::anywhere, -1, {}};
  if (event.len == 0 || (event.mask & (IN_IGNORED | IN_UNMOUNT)) != 0) {
    return {Hint::Kind::itself, event.wd, {}};
  }
  if ((event.mask & IN_ISDIR) != 0) return {Hint::Kind::directory, event.wd, event.name};
  const bool written = (event.mask & IN_MODIFY) != 0;
  return {written ? Hint::Kind::written : Hint::Kind::entry, event.wd, event.name};
}

}  // namespace

std::size_t Hints::fair_share() {
  const std::string text = read_kernel_file("/proc/sys/fs/inotify/max_user_watches");
  std::size_t most = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), most);
  // No bound where the kernel does not say.
  return error == std::errc() ? most / 2 : std::numeric_limits<std::size_t>::max();
}

bool Hints::is_inotify(const Fd& file) {
  // No path is empty; that is looked at after the descriptor.
  return ::inotify_add_watch(file.get(), "", entries) < 0 && errno == ENOENT;
}

Hints::Hints(std::size_t most)
    : inotify_(require_fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify_init1")),
      most_(most) {}

Hints::Hints(Fd inotify, std::size_t count, int latest, std::size_t most)
    : inotify_(std::move(inotify)), most_(most), count_(count), latest_(latest) {}

int Hints::add(int directory) {
  // By descriptor, so that it is the directory that is looked at, whatever its path means by now.
  const std::string path = fmt::format("/proc/self/fd/{}", directory);
  const int watch = ::inotify_add_watch(inotify_.get(), path.c_str(), entries | the_directory);
  if (watch < 0) {
    if (errno == ENOSPC || errno == ENOMEM) exhausted_ = true;
    return -1;
  }
  if (watch <= latest_) return watch;
  if (count_ >= most_) {
    exhausted_ = true;
    ::inotify_rm_watch(inotify_.get(), watch);
    return -1;
  }
  ++count_;
  latest_ = watch;
  return watch;
}

void Hints::remove(int watch) {
  ::inotify_rm_watch(inotify_.get(), watch);  // fails for one that is gone, which is as well
  --count_;
}

std::vector<Hint> Hints::read() {
  std::vector<Hint> hints;
  std::map<std::tuple<bool, int, std::string>, std::size_t> seen;  // their places in `hints`
  // Not set to zero: what is read is all that is looked at.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
  alignas(inotify_event) std::array<char, 65536> block;
  for (;;) {
    const ssize_t got = ::read(inotify_.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return hints;  // EAGAIN: all is read
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      const auto* event = reinterpret_cast<const inotify_event*>(block.data() + at);
      at += sizeof(inotify_event) + event->len;
      Hint hint = hint_of(*event);
      const bool of_file = hint.kind == Hint::Kind::entry || hint.kind == Hint::Kind::written;
      const auto [place, is_new] = seen.try_emplace({of_file, hint.watch, hint.name}, hints.size());
      if (is_new) {
        hints.push_back(std::move(hint));
      } else if (hint.kind == Hint::Kind::written) {
        hints[place->second].kind = Hint::Kind::written;
      }
    }
  }
}

}  // namespace reloadrun::watch
