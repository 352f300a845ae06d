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
  /// Takes what is output out of `pending`, as far as it is among `paths`, and notes which of the
  /// others somebody is still writing.
  void sort_out(watch::Pending& pending, const std::vector<std::string>& paths, TimePoint now);

  /// Gives back to `pending` what was put aside and is not held any more. Returns whether there was
  /// any.
  bool give_back(watch::Pending& pending, TimePoint now);

  /// Whether there are files whose closing makes a difference, and not too many to ask after a
  /// hint.
  [[nodiscard]] bool may_be_closed() const;

  /// The files of the tree that nobody has open for writing any more, or that others have taken the
  /// place of.
  [[nodiscard]] std::vector<std::string> closed(TimePoint now);
  /// They are no output any more.
  void forget(const std::vector<std::string>& closed);

  /// The pending files that, as last sorted out, somebody else has open for writing.
  [[nodiscard]] const std::set<std::string>& by_others() const { return written_by_others_; }
  void forget_others() { written_by_others_.clear(); }

  /// Notes what the target's tree has open for writing now: it may be closed by the next look.
  void note_held() { held_ = proc::written_by_descendants(); }
  void forget_held() { held_.clear(); }

 private:
  void sort_out_vanished(watch::Pending& pending, const std::string& path, TimePoint now);
  bool is_known_output(const std::string& path, const proc::FileIdentity& identity,
                       proc::Writing writing, TimePoint now);
  void put_aside(watch::Pending& pending, const std::string& path, TimePoint now);
  bool is_held(const std::string& path, TimePoint now);

  struct Output {
    proc::FileIdentity identity;  ///< a file that was put in its place is another
    TimePoint asked;              ///< when /proc last said that the tree holds it
  };

  std::map<std::string, Output> outputs_;
  watch::Pending aside_;                          // held by the group
  std::map<std::string, TimePoint> aside_asked_;  // when /proc last said so
  std::set<std::string> written_by_others_;
  std::set<proc::FileIdentity> held_;
};

}  // namespace reloadrun::app
