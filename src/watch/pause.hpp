// Where whatever goes through many files stands still for a moment, so that it is in nobody's way:
// what must not wait is attended to every few milliseconds. Driven by the reloader's main thread,
// which looks, and attends in the pauses of its own looks; nobody else needs one.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <utility>

#include "base/clock.hpp"

namespace reloadrun::watch {

/// Thrown by who attends in a pause: the process is about to end, and nobody asks for what the look
/// has found, nor for the snapshot.
struct GivenUp : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return "a look was given up"; }
};

class Pause {
 public:
  /// How long nobody is attended to.
  static constexpr Duration apart = std::chrono::milliseconds(2);

  /// `attend` touches nothing that is looked at, and says whether the look is to go on.
  explicit Pause(std::function<bool()> attend) : attend_(std::move(attend)) {}

  /// To be called for every file, or as often as that. May throw GivenUp.
  void here() {
    if (++calls_ % calls_between_clocks == 0) look_at_the_clock();
  }

  /// Whether the look is to end as soon as what it has found so far is all true, since whoever
  /// comes next goes on with it.
  [[nodiscard]] bool over() const { return over_; }

 private:
  static constexpr unsigned calls_between_clocks = 16;

  void look_at_the_clock() {
    if (Clock::now() < next_) return;
    over_ = !attend_();
    next_ = Clock::now() + apart;
  }

  std::function<bool()> attend_;
  unsigned calls_ = 0;
  TimePoint next_{};
  bool over_ = false;
};

/// Pauses where there is somebody to attend.
inline void pause_at(Pause* pause) {
  if (pause != nullptr) pause->here();
}

}  // namespace reloadrun::watch
