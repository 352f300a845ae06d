// What the reloader sees: it joins the looks (watch), who writes a file (proc), and when a burst of
// changes is over (core). Driven by the reloader's main thread, which waits on fd() and until
// next().
//
//     hint or interval -> look -> pending changes, without what is output -> settled burst
//
// From DESIGN: hints wake, stat decides. Nothing here decides what a burst leads to.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/followed_list.hpp"
#include "app/handover.hpp"
#include "app/outputs.hpp"
#include "app/view.hpp"
#include "base/clock.hpp"
#include "core/settle.hpp"
#include "reloadrun/options.hpp"
#include "watch/git_work.hpp"
#include "watch/pending.hpp"

namespace reloadrun::app {

class Observer {
 public:
  /// `memory`: what it learns and must not tell twice is kept there, for the next generation.
  /// `directory`: the working directory's path. Both outlive the Observer.
  Observer(const Options& options, Handover& memory, const std::string& directory);

  /// Takes the snapshot that later looks are compared with. A burst that the last generation saw
  /// begin, and not end, goes on. Throws std::system_error when the look cannot be trusted.
  void begin();

  /// Readable when there are hints; -1 when none are to be read now.
  [[nodiscard]] int fd() const;
  /// When to attend() again at the latest, and to ask for what is settled() if that is asked for
  /// now.
  [[nodiscard]] TimePoint next(bool settled_is_asked) const;
  /// Looks where it is time to.
  void attend();

  /// Whether a burst goes on: something has changed, and it is not settled.
  [[nodiscard]] bool in_burst() const { return burst_.has_value(); }
  struct Settled {
    TimePoint first;  ///< when the first change was noticed
    watch::Changes changes;
  };
  /// The changes of a burst that is over, taken once; nullopt while one goes on, and when there is
  /// none. Without changes when the last generation had seen them all.
  std::optional<Settled> settled();
  /// The paths of a burst that goes on.
  [[nodiscard]] std::vector<std::string> pending() const { return pending_.paths(); }
  /// When it began; not to be called unless in_burst().
  [[nodiscard]] TimePoint burst_began() const { return burst_->first; }

  /// The target was started: what changes soon after may be its own doing.
  void target_started(TimePoint now);
  /// The target is about to be stopped: what its tree has open for writing now is output until the
  /// tree is gone.
  void target_stops();

  [[nodiscard]] std::size_t file_count() const { return view_->looker.snapshot().size(); }
  [[nodiscard]] std::string description() const { return view_->watched.description(); }

 private:
  bool look(const std::function<void(watch::Changes&)>& how);
  void look_around();
  void follow_hints();
  void look_at_closed_outputs();
  void recheck();
  void judge(TimePoint now);
  watch::GitWork::Seen look_at_git(TimePoint now);
  bool executable_is_unfinished(TimePoint now);
  void slow_down_a_loop();
  void end_burst();
  [[nodiscard]] std::unique_ptr<View> make_view() const;
  void reread_list();
  void add_difference(const watch::Snapshot& before, const watch::Snapshot& after,
                      watch::Changes& found) const;
  bool refresh_list();
  void return_to_directory();
  void tell_missing();
  void tell_notices();
  void tell_once(const std::string& line);

  const Options& options_;
  Handover& memory_;
  const std::string& directory_;
  FollowedList list_;
  bool list_is_new_ = false;  // there is no view of it yet
  watch::ChangeTime begun_;
  std::unique_ptr<View> view_;
  TimePoint next_look_{};
  bool look_failed_ = false;
  int idle_hints_ = 0;  // that have led nowhere, since the last look around
  Deadline hints_rest_until_;

  // The burst that goes on.
  watch::Pending pending_;
  std::optional<core::Burst> burst_;
  TimePoint due_{};
  Deadline next_recheck_;
  bool carried_over_ = false;  // begun in the last generation: over even if nothing is pending
  bool wait_told_ = false;     // that an executable is waited for
  watch::GitWork git_;
  core::RestartLoop loop_;  // if this burst leads to a restart

  Outputs outputs_;
  Deadline target_started_;
};

}  // namespace reloadrun::app
