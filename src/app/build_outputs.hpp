// Tells what builds write from changes (--build). Driven by the observer, on the reloader's main
// thread, with what each look has found, before that counts as a change.
//
// The builder knows of a write before it is done, so whatever a look sees of it can be asked for.
// Once the file is closed and was looked at, the write is accounted for, and what comes after it is
// somebody else's: a source that a formatter rewrites may be saved by its author right after.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "app/build_link.hpp"
#include "watch/snapshot.hpp"

namespace reloadrun::app {

class BuildOutputs {
 public:
  /// `link` is the caller's; null: nothing is built.
  explicit BuildOutputs(BuildLink* link) : link_(link) {}

  /// Takes what a build has written out of `found`. Returns the files whose writers have closed
  /// them: they are to be looked at once more, since what was seen may be older than the last
  /// words, and then to be accounted for.
  std::set<std::string> sort_out(watch::Changes& found);
  void account(const std::set<std::string>& closed);
  /// Before a look at everything, for account_all() after it; 0: nothing is to be accounted for.
  WrittenFiles::Settling settle();
  /// After it: what was written to its end when it began was seen.
  void account_all(WrittenFiles::Settling until);

  /// Whether some are being written, of which it is to be noticed soon when they are not, and not
  /// too many to ask for; or whether the builder has not answered.
  [[nodiscard]] bool any_left() const {
    return !unanswered_.empty() || (!unaccounted_.empty() && unaccounted_.size() <= most_asked);
  }
  /// What the builder has not answered for, and nobody is left to ask for: somebody's changes.
  watch::Changes take_unanswered() { return std::exchange(unanswered_, {}); }

 private:
  static constexpr std::size_t most_asked = 50;

  /// What the builder calls a file, and the number of its last write.
  using Writes = std::map<std::string, WrittenFiles::Number>;
  BuildLink* link_;
  std::map<std::string, Writes> unaccounted_;  // by the look's path
  watch::Changes unanswered_;
};

}  // namespace reloadrun::app
