#include "core/policy.hpp"

#include <algorithm>
#include <iterator>

namespace reloadrun::core {
namespace {

void append(Actions& actions, Actions&& more) {
  actions.insert(actions.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
}

}  // namespace

Actions Policy::on(const Event& event) {
  if (state_ == State::over) return {};
  return std::visit([this](const auto& what) { return on_event(what); }, event);
}

Actions Policy::on_event(const Begin&) {
  if (state_ != State::fresh) return {};  // an order to stop came first
  if (config_.postpone) {
    state_ = State::waiting;
    return {Tell{Tell::Topic::postponed}};
  }
  state_ = State::starting;
  return {Start{}};
}

Actions Policy::on_event(const Started&) {
  config_.first_start = false;
  busy_starts_ = 0;
  if (state_ == State::starting) state_ = State::running;
  return {};
}

Actions Policy::on_event(const StartFailed& failed) {
  if (state_ != State::starting) return {};
  if (failed.file_is_busy && ++busy_starts_ <= busy_tries) {
    state_ = State::pausing;
    Actions actions{Arm{busy_delay}};
    if (busy_starts_ == 1) actions.emplace_back(Tell{Tell::Topic::file_is_busy, busy_delay});
    return actions;
  }
  busy_starts_ = 0;
  if (config_.first_start) {
    state_ = State::over;
    return {FailToStart{}};
  }
  state_ = State::waiting;
  return {Tell{Tell::Topic::waiting}};
}

Actions Policy::on_event(const TargetEnded& ended) {
  if (state_ != State::running) return {};
  last_run_ = ended.ran;
  switch (config_.on_exit) {
    case OnExit::exit:
      end_ = EndLike{ended.ending};
      return stop(After::end);
    case OnExit::restart:
      return stop(After::start_again);
    case OnExit::wait:
      break;
  }
  state_ = State::waiting;
  return {Tell{Tell::Topic::waiting}};
}

Actions Policy::on_event(const TreeGone&) {
  if (state_ != State::stopping) return {};
  Actions actions{Disarm{}};
  if (after_ == After::end) {
    append(actions, end());
  } else if (after_ == After::reload) {
    state_ = State::over;
    actions.emplace_back(Reload{{changed_.begin(), changed_.end()}});
  } else if (const auto delay = backoff_.after_run_of(last_run_); delay.count() > 0) {
    state_ = State::pausing;
    actions.emplace_back(Tell{Tell::Topic::starting_again, delay});
    actions.emplace_back(Arm{delay});
  } else {
    state_ = State::starting;
    actions.emplace_back(Start{});
  }
  return actions;
}

Actions Policy::on_event(const Changed& changed) {
  if (state_ == State::running && !changed.signals.empty()) {
    signalled_ = changed.paths;
    return {Signal{changed.signals}};
  }
  changed_.insert(changed.paths.begin(), changed.paths.end());
  return stop(After::reload);
}

Actions Policy::on_event(const SignalRefused&) { return on_event(Changed{signalled_}); }

Actions Policy::on_event(const RestartAsked&) {
  if (state_ == State::fresh) {  // the start that is about to come answers it
    config_.postpone = false;
    return {};
  }
  return stop(After::reload);
}

Actions Policy::on_event(const StopAsked& asked) {
  end_ = EndStopped{};
  return stop(After::end, asked.group_was_told);
}

Actions Policy::on_event(const KillAsked&) {
  end_ = EndStopped{};
  Actions actions = stop(After::end);
  if (state_ == State::over) return actions;
  actions.emplace_back(KillTree{});
  // Asked over and over, the end still comes.
  if (patience_ < Patience::killed) actions.emplace_back(Arm{kill_grace});
  patience_ = Patience::killed;
  return actions;
}

Actions Policy::on_event(const TimeUp&) {
  if (state_ == State::stopping) return lose_patience();
  if (state_ != State::pausing) return {};
  state_ = State::starting;
  return {Start{}};
}

/// Goes to `stopping` with `after` to follow. Where the tree is being stopped already, what follows
/// can only be raised: nobody is asked twice, and the patience that is running stays.
Actions Policy::stop(After after, bool group_was_told) {
  if (state_ == State::stopping) {
    after_ = std::max(after_, after);
    if (after_ == After::end && patience_ == Patience::given_up) return end();
    return {};
  }
  state_ = State::stopping;
  after_ = after;
  patience_ = Patience::asked;
  return {StopTree{group_was_told}, Arm{std::min(notice_delay, config_.stop_timeout)}};
}

Actions Policy::lose_patience() {
  using Topic = Tell::Topic;
  switch (patience_) {
    case Patience::asked:
      if (config_.stop_timeout > notice_delay) {
        const auto left = config_.stop_timeout - notice_delay;
        patience_ = Patience::noticed;
        return {Tell{Topic::slow_to_stop, left}, Arm{left}};
      }
      [[fallthrough]];
    case Patience::noticed:
      patience_ = Patience::killed;
      return {KillTree{}, Arm{kill_grace}};
    case Patience::killed: {
      patience_ = Patience::given_up;
      if (after_ != After::end) return {Tell{Topic::cannot_be_ended}};
      Actions actions{Tell{Topic::left_behind}};  // nobody is kept waiting at the end
      append(actions, end());
      return actions;
    }
    case Patience::given_up:
      break;
  }
  return {};
}

Actions Policy::end() {
  state_ = State::over;
  return {end_};
}

}  // namespace reloadrun::core
