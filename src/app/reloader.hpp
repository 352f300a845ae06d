// The child's main thread: look at the files, let policy decide, carry it out, and end with 3 to be
// started again. One Reloader is one generation of reloadrun's child; it runs COMMAND as often as
// policy says, usually once, and has built (--build) before it hands over.
//
// reloader.cpp has what it hears, reloader_actions.cpp what it does of what policy decides,
// reloader_builds.cpp what it does about builds, reloader_ports.cpp what it hears of ports,
// reloader_words.cpp what it tells the user, reloader_guest.cpp what is different in the process of
// a program that reloads itself.
#pragma once

#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "app/build_link.hpp"
#include "app/channel.hpp"
#include "app/guest.hpp"
#include "app/loaded_files.hpp"
#include "app/observer.hpp"
#include "app/target.hpp"
#include "app/target_calls.hpp"
#include "app/working_directory.hpp"
#include "base/clock.hpp"
#include "core/builds.hpp"
#include "core/policy.hpp"
#include "proc/signals.hpp"
#include "proc/terminal.hpp"
#include "proc/tree.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {

class Reloader {
 public:
  /// `begin` as received from `channel`. `guest`: the program whose process this is, which outlives
  /// this; null when reloadrun's own.
  Reloader(Channel channel, Begin begin, const Guest* guest);

  /// Returns the status to end the process with, by _exit: the worker thread may still be there.
  int run();

  /// After run(): whether a guest's main function was given up, and runs on.
  [[nodiscard]] bool left_behind() const { return target_->left_behind(); }

 private:
  std::unique_ptr<Target> make_target(Begin& begin);
  void attend();
  bool attend_between_looks();
  void take_orders();
  void take_news();
  void take_build_news();
  void take_call_news();
  void tell_unheard(const Target::News& news);
  void take_ended_children();
  void take_time();
  void take_timer();
  void take_changes();
  [[nodiscard]] bool has_other_settings() const;
  void begin_after(const watch::Changes& changes);
  [[nodiscard]] bool asks_for_changes() const;
  void answer(const Burst::Noticed& noticed);
  void build_after(const Burst::Noticed& noticed);
  static void tell_details(const watch::Changes& changes);
  void begin();
  void feed(const core::Event& event);
  void feed(const core::BuildEvent& event);
  void feed(Order order);
  void forward_signal(int signal);
  void tell_watching() const;
  void tell_started(const Target::News& news);
  [[nodiscard]] std::string who_is_left() const;
  [[nodiscard]] std::optional<int> deaf_to(const std::vector<int>& signals) const;

  void stand_still_at_exit();
  void tell_progress(Progress::Step step);
  bool handles(const watch::Changes& changes);
  void call_restart_hook() const;
  void reap() const;
  [[nodiscard]] std::set<pid_t> spared() const;
  [[nodiscard]] bool nothing_left() const;

  void carry_out(const core::Start&);
  void carry_out(const core::StopTree& stop);
  void carry_out(const core::Signal& order);
  void carry_out(const core::KillTree&);
  void carry_out(const core::Arm& arm);
  void carry_out(const core::Disarm&);
  void carry_out(const core::Reload& reload);
  void carry_out(const core::EndStopped&);
  void carry_out(const core::EndLike& end);
  void carry_out(const core::FailToStart&);
  void carry_out(const core::Tell& tell);

  void carry_out(const core::StartBuild&);
  void carry_out(const core::StopBuild&);
  void carry_out(const core::ForgetChanges&);
  void carry_out(const core::Built& built);
  void carry_out(const core::BuildFailed&);

  Channel channel_;
  const Options options_;
  const std::optional<std::string> config_text_;
  WorkingDirectory directory_;
  const proc::SignalsGiven signals_;
  Handover handover_;
  const std::string name_;  // COMMAND, for the user's eyes
  proc::SignalFd ended_children_;
  proc::Terminal terminal_;
  const Guest* const guest_;
  std::optional<LoadedFiles> loaded_;  // of a guest
  TargetCalls calls_;
  const std::unique_ptr<Target> target_;
  core::Policy policy_;
  core::Builds builds_;
  std::optional<BuildLink> build_link_;  // with --build

  Observer observer_;

  bool ready_ = false;  // the burst of the last generation is over
  bool begun_ = false;  // core::Begin was fed: not before it is built
  bool built_ = false;  // what this reloader hands over
  BuildOver build_over_{};
  std::optional<TimePoint> starting_since_;  // Handover::since, of the start ordered last
  std::string started_because_;              // "the change", and when that was
  TimePoint started_since_{};
  Duration waited_{};            // before the stop, for the burst that has led to it to be over
  std::vector<int> to_forward_;  // to a COMMAND that is being started
  proc::TreeStop tree_;
  bool killing_ = false;
  TimePoint next_tree_look_{};  // while a look goes on
  bool looking_ = false;
  std::optional<core::Reload> reload_;  // when the look is over
  std::optional<Error> start_error_;    // of a start that failed, until it is told
  Deadline timer_;
  std::optional<int> status_;
  bool noticed_told_ = false;

  // Held by the main thread in run(), but not while it waits.
  std::mutex at_work_;
  std::atomic<bool> lets_go_{false};  // it stands still where it next can
  const std::thread::id main_thread_ = std::this_thread::get_id();
  const pid_t process_ = ::getpid();
};

/// Runs this process as the reloader that `channel` was given to. Returns its exit status.
int reload(Channel channel);
/// The same in the process of a guest, who outlives it. Ends the process.
[[noreturn]] void reload(Channel channel, const Guest& guest);

}  // namespace reloadrun::app
