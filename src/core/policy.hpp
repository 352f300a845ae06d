// What the reloader does about what happens: state x event -> actions. No system call, no clock, no
// text; driven by app/reloader on the reloader's main thread, and by tables in the tests.
//
//                 Begin                    Started
//    fresh ───────────────► starting ─────────────────► running
//      │ (postponed)          ▲  │ StartFailed             │ TargetEnded
//      ▼                      │  ▼                         ▼
//    waiting ◄────────────── pausing ◄──────────────── stopping ──► over
//      │     a change, an order: from any state to stopping    ▲
//      └───────────────────────────────────────────────────────┘
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

struct Begin {};    ///< the first look is taken
struct Started {};  ///< COMMAND was executed
struct StartFailed {
  bool file_is_busy = false;
};                    ///< it could not be; busy: being written
struct TargetEnded {  ///< COMMAND's process has ended
  Ending ending;
  std::chrono::nanoseconds ran{0};
};
struct TreeGone {};  ///< no process of the target is left
struct Changed {
  std::vector<std::string> paths;
};                       ///< what a look found
struct RestartAsked {};  ///< by the user
struct StopAsked {
  bool group_was_told = false;
};                    ///< told: a terminal signalled our group
struct KillAsked {};  ///< the user asked a second time
struct TimeUp {};     ///< the timer of the last Arm has run out

using Event = std::variant<Begin, Started, StartFailed, TargetEnded, TreeGone, Changed,
                           RestartAsked, StopAsked, KillAsked, TimeUp>;

// Actions ----------------------------------------------------------------------------------------

struct Start {};  ///< let the worker start COMMAND
struct StopTree {
  bool group_was_told = false;
};                   ///< ask every process of the tree to end
struct KillTree {};  ///< kill what is left of it
struct Arm {
  std::chrono::nanoseconds delay{0};
};  ///< one timer, replacing the one before
struct Disarm {};
struct Reload {
  std::vector<std::string> changed;
};                     ///< hand over and exit with 3; sorted
struct EndStopped {};  ///< end as the user asked
struct EndLike {
  Ending ending;
};                      ///< end as the target ended
struct FailToStart {};  ///< the first start failed: end with an error
struct Tell {           ///< say what is going on
  enum class Topic {
    postponed,        ///< nothing is started before the first change
    waiting,          ///< the target ended or did not start: waiting for a change
    starting_again,   ///< it is started again after `delay`
    file_is_busy,     ///< COMMAND's file is being written: tried again after `delay`
    slow_to_stop,     ///< some of the tree has not ended; `delay` is left before it is killed
    cannot_be_ended,  ///< some of the tree does not even end by KILL
  } topic;
  std::chrono::nanoseconds delay{0};
};

using Action = std::variant<Start, StopTree, KillTree, Arm, Disarm, Reload, EndStopped, EndLike,
                            FailToStart, Tell>;
using Actions = std::vector<Action>;

// ------------------------------------------------------------------------------------------------

class Policy {
 public:
  struct Config {
    OnExit on_exit = OnExit::wait;
    bool postpone = false;     ///< nothing is started by this reloader
    bool first_start = false;  ///< no start has succeeded yet: failing is the end of reloadrun
    std::chrono::nanoseconds stop_timeout = std::chrono::seconds(5);
  };

  static constexpr std::chrono::nanoseconds busy_delay = std::chrono::milliseconds(100);
  static constexpr int busy_tries = 50;
  static constexpr std::chrono::nanoseconds notice_delay = std::chrono::seconds(1);
  static constexpr std::chrono::nanoseconds kill_grace = std::chrono::seconds(1);

  explicit Policy(Config config) : config_(config) {}

  Actions on(const Event& event);

  /// Whether the tree is being stopped: TreeGone is awaited.
  [[nodiscard]] bool stopping() const { return state_ == State::stopping; }
  /// Whether an action that ends this reloader has been returned.
  [[nodiscard]] bool over() const { return state_ == State::over; }

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
};

}  // namespace reloadrun::core
