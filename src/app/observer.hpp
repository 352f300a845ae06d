// What the reloader sees: it joins the looks (watch), who writes a file (proc), and when a burst of
// changes is over (core). Driven by the reloader's main thread, which waits on fd() and until
// next().
//
//     hint or interval -> look, without what builds write -> pending changes, without what is
//     output -> settled burst
//
// From DESIGN: hints wake, stat decides. Nothing here decides what a burst leads to.
//
// observer.cpp has when it looks, observer_looks.cpp how, and what it leaves out of what it finds,
// observer_views.cpp what is looked at: another list, or another working directory, is another
// view.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/build_outputs.hpp"
#include "app/burst.hpp"
#include "app/followed.hpp"
#include "app/followed_list.hpp"
#include "app/handover.hpp"
#include "app/kept_snapshot.hpp"
#include "app/loaded_files.hpp"
#include "app/outputs.hpp"
#include "app/view.hpp"
#include "app/working_directory.hpp"
#include "base/clock.hpp"
#include "reloadrun/options.hpp"
#include "watch/name_hints.hpp"
#include "watch/pause.hpp"
#include "watch/snapshot.hpp"

namespace reloadrun::app {

class Observer {
 public:
  /// Who else is asked, each the caller's.
  struct Asked {
    BuildLink* builds = nullptr;    ///< with --build
    OpenedFiles* opened = nullptr;  ///< with --follow
    LoadedFiles* loaded = nullptr;  ///< in a program that reloads itself
    bool may_be_handled = false;    ///< every change is shown to the program before it restarts
    /// Called every few milliseconds of a look, see watch::Pause. Of this Observer it may call what
    /// does not look.
    std::function<bool()> attend = [] { return true; };
  };
  /// `memory`: what it learns and must not tell twice is kept there, for the next generation.
  /// `directory` is followed from now on. Both outlive the Observer. `with`: what came with the
  /// memory.
  Observer(const Options& options, Handover& memory, WorkingDirectory& directory, Descriptors with,
           Asked asked);

  /// Takes over the snapshot of the last generation, or else takes one. In both cases it is older
  /// than any start that follows, and later looks are compared with it: so what changes before,
  /// during or after that start is found by one of them. A burst that the last generation saw
  /// begin, and not end, goes on. Throws std::system_error when a first look cannot be trusted.
  void begin();

  /// Keeps what was learned for the next generation, and the burst that goes on: `waited` is for
  /// how long another one was waited for before. Returns what is to go with it; nothing when the
  /// snapshot is not to be trusted, and the next generation has to look at everything.
  Descriptors hand_over(Duration waited);

  /// Readable when there are hints; -1 when none are to be read now.
  [[nodiscard]] int fd() const;
  /// Readable when the working directory may have become another; -1: nothing tells of that.
  [[nodiscard]] int directory_fd() const { return name_hints_ ? name_hints_->fd() : -1; }
  /// When to attend() again at the latest, and to ask for what is settled() if that is asked for
  /// now.
  [[nodiscard]] TimePoint next(bool settled_is_asked) const;
  /// Looks where it is time to.
  void attend();

  /// Whether a burst goes on: something has changed, and it is not settled.
  [[nodiscard]] bool in_burst() const { return burst_.is_open(); }
  /// The changes of a burst that is over, taken once; nullopt while one goes on, and when there is
  /// none. Without changes when what the last generation had seen has been put back.
  std::optional<Burst::Noticed> settled();
  /// See Burst::certain().
  std::optional<Burst::Noticed> certain() { return burst_.certain(); }

  /// The target was started: what changes soon after may be its own doing.
  void target_started(TimePoint now);
  /// ... was signalled in place of a restart: the same.
  void target_answers(TimePoint now) { burst_.target_started(now); }
  /// A build has ended; what it wrote is written to its end by `settled`: looks at all of it.
  void build_ended(WrittenFiles::Settling settled);
  /// The target has opened files (--follow).
  void follow_opened();
  /// What has changed so far is no change.
  void forget_changes();
  /// The target is about to be stopped: what its tree has open for writing now is output until the
  /// tree is gone.
  void target_stops();

  /// A line for the user: once in the life of reloadrun, not of this process. An empty one never.
  void tell_once(const std::string& line);

  [[nodiscard]] std::size_t file_count() const { return view_->looker.snapshot().size(); }
  [[nodiscard]] std::string description() const { return view_->watched.description(); }

 private:
  bool look(const std::function<void(watch::Changes&)>& how);
  watch::Changes try_to_look(const std::function<void(watch::Changes&)>& how);
  bool gather(const std::function<void(watch::Changes&)>& how);
  [[nodiscard]] watch::Changes follow_directory(const std::function<void(watch::Changes&)>& how);
  void note_directory(watch::Change::Kind kind, std::uint64_t before);
  bool begin_in_directory();
  void follow_name_hints();
  bool take_last_words();
  void leave_out_builds(watch::Changes& found);
  void look_around();
  void watch_loaded(View& view, watch::Changes* found) const;
  void follow_hints();
  bool look_for_the_last_time();
  void recheck();
  void judge();
  void end_burst();
  [[nodiscard]] std::unique_ptr<View> make_view(watch::Snapshot& snapshot, Fd inotify = {});
  void take_over();
  void look_afresh();
  void renew_view(watch::Changes* found);
  void reread_list();
  bool refresh_list();
  void tell_notices();

  const Options& options_;
  Handover& memory_;
  WorkingDirectory& directory_;
  std::optional<watch::NameHints> name_hints_;
  FollowedList list_;
  bool directory_changed_ = false;  // since the last look
  bool view_is_old_ = false;        // of another list, or another working directory
  watch::ChangeTime begun_;
  KeptSnapshot snapshot_;  // before the view, which refers to it
  watch::Pause pause_;
  Fd inotify_;  // of the last generation, until it is taken over
  std::unique_ptr<View> view_;
  bool looked_ = false;  // at everything that is looked at each interval
  TimePoint next_look_{};
  bool look_failed_ = false;
  int idle_hints_ = 0;  // that have led nowhere, since the last look around
  Deadline hints_rest_until_;

  Burst burst_;
  Deadline next_recheck_;     // of what nothing tells of
  bool looked_last_ = false;  // the burst is over when it is due, whatever happens until then

  Followed followed_;
  LoadedFiles* const loaded_;
  BuildOutputs build_outputs_;
  Duration build_recheck_{};
  Outputs outputs_;
  bool target_started_ = false;
  bool new_names_are_old_ = false;  // they are let go of by the next look
  bool target_is_stopping_ = false;
};

}  // namespace reloadrun::app
