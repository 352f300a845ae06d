// What the reloader does about what happens: state x event -> actions. No system call, no clock, no
// text; driven by app/reloader on the reloader's main thread, and by tables in the tests.
//
//     state      event                     next state                  actions
//     fresh      Begin                     starting | waiting          Start | Tell
//     starting   Started                   running
//     starting   StartFailed               pausing | waiting | over    Arm | Tell | FailToStart
//     running    TargetEnded               waiting | stopping          Tell | StopTree
//     running    Changed, with signals     running                     Signal
//     running    SignalRefused             stopping                    StopTree
//     pausing    TimeUp                    starting                    Start
//     stopping   TimeUp                    stopping | over             Tell, KillTree | End...
//     stopping   TreeGone                  starting | pausing | over   Start | Arm | Reload, End...
//     any        Changed, RestartAsked,    stopping                    StopTree
//                StopAsked, KillAsked
//
// Whatever leaves the target behind goes through `stopping`: the tree is asked to end, then killed,
// and only when it is gone does that follow which was to come after it.
#pragma once

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/ending.hpp"
#include "core/backoff.hpp"
#include "reloadrun/options.hpp"

namespace reloadrun::core {

// Events -----------------------------------------------------------------------------------------

/// The first look is taken.
struct Begin {};
/// COMMAND was executed.
struct Started {};
/// It could not be; `file_is_busy`: because its file is open for writing.
struct StartFailed {
  bool file_is_busy = false;
};
/// COMMAND's process has ended.
struct TargetEnded {
  Ending ending;
  std::chrono::nanoseconds ran{0};
};
/// No process of the target is left.
struct TreeGone {};
/// A look found these paths changed. `signals`: what answers all of them in place of a restart, if
/// COMMAND catches them; empty for a restart.
struct Changed {
  std::vector<std::string> paths;
  std::vector<int> signals{};
};
/// Of the last Signal: COMMAND does not catch all of them, or has ended.
struct SignalRefused {};
/// The user wants the target restarted.
struct RestartAsked {};
/// The user wants the end; `group_was_told`: a terminal has signalled our whole process group.
struct StopAsked {
  bool group_was_told = false;
};
/// The user wants it at once.
struct KillAsked {};
/// The timer of the last Arm has run out.
struct TimeUp {};

using Event = std::variant<Begin, Started, StartFailed, TargetEnded, TreeGone, Changed,
                           SignalRefused, RestartAsked, StopAsked, KillAsked, TimeUp>;

// Actions ----------------------------------------------------------------------------------------

/// Let the worker start COMMAND.
struct Start {};
/// Ask every process of the tree to end, but for those that were told already.
struct StopTree {
  bool group_was_told = false;
};
/// Send these to COMMAND's process; SignalRefused comes if it does not catch them all.
struct Signal {
  std::vector<int> signals;
};
/// Kill what is left of it.
struct KillTree {};
/// Set the one timer, replacing the one before.
struct Arm {
  std::chrono::nanoseconds delay{0};
};
struct Disarm {};
/// Hand over and exit with 3. `changed` is sorted.
struct Reload {
  std::vector<std::string> changed;
};
/// End as the user asked.
struct EndStopped {};
/// End as the target ended.
struct EndLike {
  Ending ending;
};
/// The first start failed: end with an error.
struct FailToStart {};
/// Say what is going on.
struct Tell {
  enum class Topic {
    postponed,        ///< nothing is started before the first change
    waiting,          ///< the target ended or did not start: waiting for a change
    starting_again,   ///< it is started again after `delay`
    file_is_busy,     ///< COMMAND's file is being written: tried again after `delay`
    slow_to_stop,     ///< some of the tree has not ended; `delay` is left before it is killed
    cannot_be_ended,  ///< some of the tree does not even end by KILL; nothing is started over it
    left_behind,      ///< the same, at the end of reloadrun
  } topic;
  std::chrono::nanoseconds delay{0};
};

using Action = std::variant<Start, StopTree, Signal, KillTree, Arm, Disarm, Reload, EndStopped,
                            EndLike, FailToStart, Tell>;
using Actions = std::vector<Action>;

// ------------------------------------------------------------------------------------------------

class Policy {
 public:
  struct Config {
    OnExit on_exit = OnExit::wait;
    bool postpone = false;     ///< nothing is started by this reloader
    /// A start that fails is the end of reloadrun: the very first, unless it was built.
    bool first_start = false;
    std::chrono::nanoseconds stop_timeout = std::chrono::seconds(5);
  };

  /// A COMMAND whose file is being written is tried again this often, so for five seconds.
  static constexpr std::chrono::nanoseconds busy_delay = std::chrono::milliseconds(100);
  static constexpr int busy_tries = 50;
  /// After this the user is told what is waited for.
  static constexpr std::chrono::nanoseconds notice_delay = std::chrono::seconds(1);
  /// What has not ended this long after KILL does not end for us.
  static constexpr std::chrono::nanoseconds kill_grace = std::chrono::seconds(1);

  explicit Policy(Config config) : config_(config) {}

  Actions on(const Event& event);

  /// Whether the tree is being stopped: TreeGone is awaited.
  [[nodiscard]] bool stopping() const { return state_ == State::stopping; }
  /// Whether nothing is to be begun any more: this reloader is over, or reloadrun is to end.
  [[nodiscard]] bool ending() const {
    return state_ == State::over || (stopping() && after_ == After::end);
  }

 private:
  enum class State { fresh, waiting, starting, running, pausing, stopping, over };
  enum class After { start_again, reload, end };  // in rising order: a later wish may only raise it
  enum class Patience { asked, noticed, killed, given_up };

  Actions on_event(const Begin&);
  Actions on_event(const Started&);
  Actions on_event(const StartFailed&);
  Actions on_event(const TargetEnded&);
  Actions on_event(const TreeGone&);
  Actions on_event(const Changed&);
  Actions on_event(const SignalRefused&);
  Actions on_event(const RestartAsked&);
  Actions on_event(const StopAsked&);
  Actions on_event(const KillAsked&);
  Actions on_event(const TimeUp&);

  Actions stop(After after, bool group_was_told = false);
  Actions lose_patience();
  Actions end();

  Config config_;
  State state_ = State::fresh;
  After after_ = After::start_again;
  Patience patience_ = Patience::asked;
  Action end_ = EndStopped{};  // what After::end means
  int busy_starts_ = 0;
  std::chrono::nanoseconds last_run_{0};
  Backoff backoff_;
  std::set<std::string> changed_;
  std::vector<std::string> signalled_;  // what the last Signal was to answer
};

}  // namespace reloadrun::core
