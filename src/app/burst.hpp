// The burst of changes that goes on: what has changed, whether it is over, and whether the stop of
// the old target may begin before. Driven by the observer on the reloader's main thread, which adds
// what its looks find and asks after each of them.
//
// The rules are core's (core/settle, core/restart_loop); here they get to know what they ask for.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/handover.hpp"
#include "app/view.hpp"
#include "app/working_directory.hpp"
#include "base/clock.hpp"
#include "core/restart_loop.hpp"
#include "core/settle.hpp"
#include "reloadrun/options.hpp"
#include "watch/git_work.hpp"
#include "watch/pending.hpp"
#include "watch/soft.hpp"

namespace reloadrun::app {

class Burst {
 public:
  /// `memory` outlives it: what restarts have led to is kept there; and so does `directory`.
  /// `may_be_handled`: no change is certain to lead to a restart.
  Burst(const Options& options, Handover& memory, const WorkingDirectory& directory,
        bool may_be_handled = false)
      : options_(options),
        memory_(memory),
        may_be_handled_(may_be_handled),
        directory_(directory),
        soft_(options.soft, directory.path()) {}

  /// Goes on with the burst that the last generation has left. It leads to a start even when all of
  /// it is put back.
  void take_over();
  /// Leaves it to the next generation. `waited`: for how long another one was waited for before.
  void hand_over(Duration waited) const;
  /// Opens one without a change, so that a start waits for the ticks of the files that were seen.
  void open_for_ticks(TimePoint now);

  [[nodiscard]] bool is_open() const { return open_.has_value(); }
  /// Of an open burst: when its latest change was noticed; when it is over if nothing more happens.
  [[nodiscard]] TimePoint last() const { return open_->last; }
  [[nodiscard]] TimePoint due() const { return due_; }
  /// ... and whether nothing is left to be waited for but the ticks of its files.
  [[nodiscard]] bool waits_for_ticks_alone(TimePoint now) const;
  [[nodiscard]] bool is_at_its_bound(TimePoint now) const;

  /// Its changes, for whoever adds or takes some; follow() is to be called after that.
  watch::Pending& pending() { return pending_; }
  [[nodiscard]] std::vector<std::string> missing() const;
  /// Whether the working directory is gone, and waited for.
  [[nodiscard]] bool misses_directory() const;
  /// Opens with the first change, goes on with the next, and ends when all are taken back. Returns
  /// whether there are changes.
  bool follow();

  /// Finds out when it is due, and whether it is certain. `being_written`: those of its files that
  /// somebody has open. Returns whether that depends on something that nothing tells of.
  bool judge(const View& view, const std::set<std::string>& being_written, TimePoint now);
  /// How soon that is worth another look.
  [[nodiscard]] Duration patience(TimePoint now) const;

  struct Noticed {
    TimePoint first;  ///< when the first change was noticed
    watch::Changes changes;
    std::vector<int> signals{};  ///< what answers all of them in place of a restart (--soft)
  };
  /// What makes it certain that the burst leads to a restart, given once: the stop may begin. It
  /// goes on, and the changes remain in it.
  std::optional<Noticed> certain();
  /// Ends it, and gives all of its changes.
  Noticed settle(TimePoint now);
  void end();

  /// What changes soon after may be the target's own doing.
  void target_started(TimePoint now) { target_started_ = now; }

 private:
  void note_saves(const std::set<std::string>& being_written, TimePoint now);
  watch::GitWork::Seen look_at_git(const View& view, TimePoint now);
  bool executable_is_unfinished(const View& view, TimePoint now);
  bool directory_is_gone(TimePoint now);
  void tell_wait(const std::string& what_for, TimePoint now);
  void slow_down_a_loop(const View& view);

  const Options& options_;
  Handover& memory_;
  const bool may_be_handled_;
  const WorkingDirectory& directory_;
  watch::Soft soft_;
  watch::Pending pending_;
  std::optional<core::Burst> open_;
  TimePoint due_{};
  bool carried_over_ = false;  // begun in the last generation
  bool certain_ = false;
  bool answered_ = false;   // the stop has begun
  bool wait_told_ = false;  // that something is waited for that is gone
  watch::GitWork git_;
  core::RestartLoop loop_;  // if this burst leads to a restart
  Deadline target_started_;
};

}  // namespace reloadrun::app
