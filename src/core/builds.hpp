// When --build runs, and what follows: state x event -> actions, beside core/policy. No system
// call, no clock, no text; driven by app/reloader on the reloader's main thread, and by tables in
// the tests.
//
//     state      event                                    next state   actions
//     idle       Wanted                                   starting     StartBuild
//     starting   Begun                                    building
//     starting   Ended                                    as building
//     building   Wanted, at most twice in a row           stopping     StopBuild
//     building   Ended, writes unknown, something changed starting     StartBuild, once
//     building   Ended                                    idle         Built | BuildFailed
//     stopping   Ended                                    starting     StartBuild
//
// What the user asks for when the build may not be stopped is another one after it.
// Where it is not known what a build writes, it is never stopped: if something has changed by its
// end, one more follows, and what changes during that one is taken for what it writes.
#pragma once

#include <set>
#include <string>
#include <variant>
#include <vector>

namespace reloadrun::core {

// Events -----------------------------------------------------------------------------------------

/// A burst of changes is over, or the user asks (then without paths).
struct BuildWanted {
  std::vector<std::string> paths{};
};
/// The build has begun. `writes_known`: what it writes is told from what others do.
struct BuildBegun {
  bool writes_known = true;
};
/// It has ended by itself, or was stopped.
struct BuildEnded {
  bool good = false;
  bool changed_meanwhile = false;  ///< of use when its writes are not known
};

using BuildEvent = std::variant<BuildWanted, BuildBegun, BuildEnded>;

// Actions ----------------------------------------------------------------------------------------

struct StartBuild {};
struct StopBuild {};
/// What has changed until now, this build has written.
struct ForgetChanges {};
/// The target is to be started anew: since the last time these paths have changed, sorted.
struct Built {
  std::vector<std::string> paths;
};
/// The old target goes on.
struct BuildFailed {};

using BuildAction = std::variant<StartBuild, StopBuild, ForgetChanges, Built, BuildFailed>;
using BuildActions = std::vector<BuildAction>;

// ------------------------------------------------------------------------------------------------

class Builds {
 public:
  /// An editor that saves by itself may save more often than a build takes: after so many builds in
  /// a row that were stopped, one is let run to its end.
  static constexpr int most_stops = 2;

  BuildActions on(const BuildEvent& event);

  /// Whether changes are to be told by BuildWanted now. Otherwise they are to be kept.
  [[nodiscard]] bool takes_changes() const;

  /// Whether no build runs, nor is about to.
  [[nodiscard]] bool idle() const { return state_ == State::idle; }

 private:
  enum class State { idle, starting, building, stopping };

  BuildActions on_event(const BuildWanted& wanted);
  BuildActions on_event(const BuildBegun& begun);
  BuildActions on_event(const BuildEnded& ended);

  State state_ = State::idle;
  bool writes_known_ = true;
  bool one_more_asked_ = false;  // by the user, while it could not be stopped
  bool one_more_ = false;        // this build follows another only because something had changed
  int stops_ = 0;                // in a row
  std::set<std::string> changed_;
};

}  // namespace reloadrun::core
