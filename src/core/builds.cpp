#include "core/builds.hpp"

#include <utility>

namespace reloadrun::core {

bool Builds::takes_changes() const {
  switch (state_) {
    case State::starting:
      return false;
    case State::building:
      return writes_known_ && stops_ < most_stops;
    case State::idle:
    case State::stopping:
      break;
  }
  return true;
}

BuildActions Builds::on(const BuildEvent& event) {
  return std::visit([this](const auto& what) { return on_event(what); }, event);
}

BuildActions Builds::on_event(const BuildWanted& wanted) {
  if (!takes_changes()) {
    one_more_asked_ = one_more_asked_ || wanted.paths.empty();
    return {};
  }
  changed_.insert(wanted.paths.begin(), wanted.paths.end());
  if (state_ == State::idle) {
    state_ = State::starting;
    return {StartBuild{}};
  }
  if (state_ == State::stopping) return {};
  state_ = State::stopping;
  ++stops_;
  return {StopBuild{}};
}

BuildActions Builds::on_event(const BuildBegun& begun) {
  writes_known_ = begun.writes_known;
  if (state_ == State::starting) state_ = State::building;
  // Asked for before it was known to run: as if it were asked for now.
  return std::exchange(one_more_asked_, false) ? on_event(BuildWanted{}) : BuildActions{};
}

BuildActions Builds::on_event(const BuildEnded& ended) {
  if (state_ == State::stopping) {
    state_ = State::starting;
    return {StartBuild{}};
  }
  stops_ = 0;
  if (std::exchange(one_more_asked_, false)) {
    state_ = State::starting;
    return {StartBuild{}};
  }
  BuildActions actions;
  if (!writes_known_ && ended.changed_meanwhile) {
    if (!one_more_) {
      one_more_ = true;
      state_ = State::starting;
      return {StartBuild{}};
    }
    actions.emplace_back(ForgetChanges{});
  }
  one_more_ = false;
  state_ = State::idle;
  if (!ended.good) {
    actions.emplace_back(BuildFailed{});
    return actions;
  }
  auto changed = std::exchange(changed_, {});
  actions.emplace_back(Built{{changed.begin(), changed.end()}});
  return actions;
}

}  // namespace reloadrun::core
