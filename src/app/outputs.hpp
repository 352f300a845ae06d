// Tells output from changes: what the target's tree, reloadrun itself or a process of its group
// writes is no change. Driven by the observer, on the reloader's main thread, after each look.
//
// Who writes a file is known only while it is held open. So what is written by the tree is dropped
// for good, with the last lines, which are looked at when it was closed. What a process of the
// group writes, which may be `tee` as well as a command of the script that has started reloadrun,
// is put aside, and is a change when it was closed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "proc/open_files.hpp"
#include "watch/pending.hpp"

namespace reloadrun::app {

class Outputs {
 public:
  using Identities = std::vector<FileIdentity>;
  /// `held`: what the last generation's target held when its stop began. `closed`: what was found
  /// closed since.
  explicit Outputs(const Identities& held = {}, const Identities& closed = {})
      : held_(held.begin(), held.end()), closed_(closed.begin(), closed.end()) {}

  /// Takes what is output out of `pending`, as far as it is among `paths`, and notes which of the
  /// others somebody is still writing.
  void sort_out(watch::Pending& pending, const std::vector<std::string>& paths, TimePoint now);

  /// Gives back to `pending` what was put aside and is not held any more. Returns whether there was
  /// any.
  bool give_back(watch::Pending& pending, TimePoint now);

  /// Whether there are files whose closing makes a difference, and not too many to ask after a
  /// hint.
  [[nodiscard]] bool may_be_closed() const;

  /// Finds the files of the tree that nobody has open for writing any more, or that others have
  /// taken the place of; sort_out() finds some of them too.
  void find_closed(TimePoint now);
  /// Those found: to be looked at once more, since what was last seen of them may be older than
  /// their last words, which are output.
  [[nodiscard]] const std::set<std::string>& found_closed() const { return found_closed_; }
  /// What comes after that look is somebody else's.
  void forget_found_closed();

  /// The pending files that, as last sorted out, somebody else has open for writing.
  [[nodiscard]] const std::set<std::string>& by_others() const { return written_by_others_; }
  void forget_others() { written_by_others_.clear(); }

  /// Notes what the target's tree has open for writing now: it may be closed by the next look.
  void note_held() { held_ = proc::written_by_descendants(); }
  void forget_held() { held_.clear(); }
  [[nodiscard]] const std::set<FileIdentity>& held() const { return held_; }

  /// Of output that was closed, hints of its last words may still come. What they tell was seen.
  [[nodiscard]] const std::set<FileIdentity>& closed_lately() const { return closed_; }
  void forget_closed() { closed_.clear(); }

 private:
  bool was_seen(const watch::Change& change, const FileIdentity& identity);
  void sort_out_vanished(watch::Pending& pending, const std::string& path, TimePoint now);
  bool is_known_output(const std::string& path, const FileIdentity& identity, proc::Writing writing,
                       TimePoint now);
  [[nodiscard]] bool was_ours(const std::string& path, const FileIdentity& identity) const;
  void note_closed(const std::string& path, const FileIdentity& identity);
  void forget(const std::string& path);
  void put_aside(watch::Pending& pending, const std::string& path, TimePoint now);
  bool is_held(const std::string& path, TimePoint now);

  struct Output {
    FileIdentity identity;  ///< a file that was put in its place is another
    TimePoint asked;        ///< when /proc last said that the tree holds it
  };

  std::map<std::string, Output> outputs_;
  std::set<std::string> found_closed_;            // of them
  watch::Pending aside_;                          // held by the group
  std::map<std::string, TimePoint> aside_asked_;  // when /proc last said so
  std::set<std::string> written_by_others_;
  std::set<FileIdentity> held_;
  std::set<FileIdentity> closed_;
};

}  // namespace reloadrun::app
