#include "watch/name_hints.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <utility>

namespace reloadrun::watch {
namespace {

namespace fs = std::filesystem;

constexpr int most_links = 40;  // path_resolution(7)

constexpr std::uint32_t of_names = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;

/// What a link leads to; empty when it is none.
fs::path target_of(const fs::path& link) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return size <= 0 ? fs::path() : fs::path(target.begin(), target.begin() + size);
}

}  // namespace

NameHints::NameHints(std::string path) : path_(std::move(path)) { watch_the_way(); }

/// As the kernel goes, as far as it gets.
void NameHints::watch_the_way() {
  names_.clear();
  inotify_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_) return;
  fs::path way = "/";
  const fs::path whole(path_);
  std::deque<fs::path> parts(whole.begin(), whole.end());
  for (int links = 0; !parts.empty() && links <= most_links;) {
    const fs::path part = std::move(parts.front());
    parts.pop_front();
    if (part.is_absolute()) {
      way = "/";
    } else if (part == "..") {
      way = way.parent_path();
    } else if (!part.empty() && part != ".") {
      watch(way, part);
      const fs::path target = target_of(way / part);
      if (target.empty()) {
        way /= part;
      } else {
        parts.insert(parts.begin(), target.begin(), target.end());
        ++links;
      }
    }
  }
}

void NameHints::watch(const std::string& directory, const std::string& name) {
  const int watch = ::inotify_add_watch(inotify_.get(), directory.c_str(), of_names);
  if (watch >= 0) names_[watch].insert(name);
}

bool NameHints::any() {
  if (!inotify_) return false;
  bool found = false;
  // Not set to zero: what is read is all that is looked at.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
  alignas(inotify_event) std::array<char, 4096> block;
  for (;;) {
    const ssize_t got = ::read(inotify_.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;  // EAGAIN: all is read
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      const auto* event = reinterpret_cast<const inotify_event*>(block.data() + at);
      at += sizeof(inotify_event) + event->len;
      const auto known = names_.find(event->wd);
      // Without a name: the directory itself is gone, or events are lost.
      found = found || event->len == 0 ||
              (known != names_.end() && known->second.contains(event->name));
    }
  }
  if (found) watch_the_way();
  return found;
}

}  // namespace reloadrun::watch
