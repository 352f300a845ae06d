// Whether git is rewriting a work tree: it holds index.lock meanwhile. Driven by the reloader's
// main thread while changes are pending.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "watch/repository.hpp"

namespace reloadrun::watch {

class GitWork {
 public:
  /// A lock that is older than this was left behind by a git that was killed, or is held over an
  /// editor (git commit -a): nothing is being rewritten.
  static constexpr Duration stale_age = std::chrono::seconds(5);

  struct Seen {
    Deadline lock_stale_at{};  ///< a fresh lock is there: when it counts as stale
    bool at_work = false;      ///< there is one, or an index was written since the time given
    bool rebase = false;       ///< a rebase is under way, and git is at work
  };

  /// Notes the repository that a directory lies in.
  void add(const std::string& directory);
  /// Looks at the repositories noted.
  [[nodiscard]] Seen look(TimePoint since, TimePoint now) const;
  /// Forgets them.
  void clear();

 private:
  std::set<std::string> directories_;  // asked about already
  std::set<std::string> git_dirs_;
};

}  // namespace reloadrun::watch
