// What is followed because the target opens it (--follow): files and names outside of the watched
// directories; and which files are output. Driven by the observer, on the reloader's main thread.
//
// An open is noted before it is carried out, so that whatever a look sees of a write can be asked
// for here: what was noted is taken in after each look.
#pragma once

#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "app/handover.hpp"
#include "app/opened_files.hpp"
#include "app/view.hpp"
#include "watch/snapshot.hpp"

namespace reloadrun::app {

class Followed {
 public:
  /// `opened`: the caller's; null without --follow. `memory` outlives it: what was learned is kept
  /// there. `directory`: the working directory's path.
  Followed(OpenedFiles* opened, FollowMemory& memory, const std::string& directory);

  /// Takes what was opened since. Returns whether there is something to follow().
  bool take_in();

  /// Watches what was opened to be read, and lies outside of what `view` watches. What has changed
  /// in it since it was opened is added to `found`.
  void follow(View& view, watch::Changes& found);
  /// Watches all that was learned so far by another view, as it is now.
  void follow_again(View& view);

  /// Takes output out of `found`.
  void sort_out(watch::Changes& found);

  /// A line for the user when more is opened than is followed. Empty when it is not.
  [[nodiscard]] std::string limit() const;

 private:
  struct Outside;
  bool follow(View& view, const Outside& outside, const OpenedFile& file, watch::Changes& found);
  void note_output(KnownFile file);
  [[nodiscard]] bool is_output(const std::string& path) const;
  [[nodiscard]] bool has_output_key(const std::string& path) const;
  void tell_unreachable(const std::string& path);
  [[nodiscard]] std::string shown(const std::string& path) const;

  OpenedFiles* opened_;
  FollowMemory& memory_;
  const std::string& directory_;
  std::vector<OpenedFile> to_follow_;
  // The same as in memory.
  std::unordered_set<std::string> outputs_;
  std::set<FileKey> output_keys_;
  std::unordered_set<std::string> told_;  // of them
  bool too_many_ = false;
};

}  // namespace reloadrun::app
