#include "watch/git_work.hpp"

#include <sys/stat.h>

#include <ctime>

namespace reloadrun::watch {
namespace {

/// How long ago something last happened to this file; nullopt when there is none. By its ctime,
/// which nobody can set.
std::optional<Duration> age_of(const std::string& path) {
  struct stat status {};
  timespec now{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::chrono::seconds(now.tv_sec - status.st_ctim.tv_sec) +
         std::chrono::nanoseconds(now.tv_nsec - status.st_ctim.tv_nsec);
}

bool is_there(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

}  // namespace

void GitWork::add(const std::string& directory) {
  if (!directories_.insert(directory).second) return;
  if (const auto repository = repository_of(directory)) git_dirs_.insert(repository->git_dir);
}

GitWork::Seen GitWork::look(TimePoint since, TimePoint now) const {
  Seen seen;
  for (const std::string& git_dir : git_dirs_) {
    const auto lock = age_of(git_dir + "/index.lock");
    // One from the future is another clock's: how old it is cannot be told.
    const bool locked = lock && std::chrono::abs(*lock) < stale_age;
    if (locked) {
      const Duration left = stale_age - std::max(*lock, Duration::zero());
      seen.lock_stale_at = std::max(seen.lock_stale_at, Deadline(now + left));
    }
    const auto index = age_of(git_dir + "/index");
    const bool at_work = locked || (index && *index <= now - since);
    seen.at_work = seen.at_work || at_work;
    seen.rebase =
        seen.rebase ||
        (at_work && (is_there(git_dir + "/rebase-merge") || is_there(git_dir + "/rebase-apply")));
  }
  return seen;
}

void GitWork::clear() {
  directories_.clear();
  git_dirs_.clear();
}

}  // namespace reloadrun::watch
