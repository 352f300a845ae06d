// What the reloader does of what the policy decides.

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "app/reloader.hpp"
#include "app/settings.hpp"
#include "app/words.hpp"
#include "base/format.hpp"
#include "base/log.hpp"
#include "proc/child.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

// The supervisor reads at once, unless it is stopped.
constexpr Duration last_message_patience = std::chrono::milliseconds(1000);

}  // namespace

/// The supervisor has read the configuration file before this reloader took its notes of it, and it
/// may have been edited in between. What is edited after this look is seen by the next.
bool Reloader::has_other_settings() const { return config_text(options_) != config_text_; }

void Reloader::carry_out(const core::Start&) {
  if (has_other_settings()) {
    built_ = false;
    return carry_out(core::Reload{});
  }
  if (target_->is_spent()) {
    built_ = build_link_.has_value();  // this start is one that was built for
    return carry_out(core::Reload{});
  }
  terminal_.save();
  stand_still_at_exit();
  reread_env_files(options_.env_files, handover_.environment);
  // What changes from here on is the next start's, even if this one is not told of yet.
  starting_since_ = std::exchange(handover_.since, std::nullopt);
  target_->start({handover_.starts + 1, handover_.changed, handover_.environment.variables});
}

void Reloader::carry_out(const core::StopTree& stop) {
  killing_ = false;
  observer_.target_stops();
  calls_.target_stops();
  target_->ask_to_end();
  tree_ = proc::TreeStop(spared(), signals_);
  tree_.ask(options_.stop_signal, stop.group_was_told, target_->untold());
}

/// The first of these that COMMAND does not catch.
std::optional<int> Reloader::deaf_to(const std::vector<int>& signals) const {
  const auto is_deaf = [this](int signal) { return !target_->catches(signal); };
  const auto deaf = std::ranges::find_if(signals, is_deaf);
  return deaf == signals.end() ? std::nullopt : std::optional(*deaf);
}

/// Between the question and the signal COMMAND might execute another program: nobody can help that.
void Reloader::carry_out(const core::Signal& order) {
  if (const auto deaf = deaf_to(order.signals)) {
    log::info("{} does not catch {}: stopping it", name_, proc::signal_name(*deaf));
    feed(core::SignalRefused{});
    return;
  }
  for (const int signal : order.signals) {
    if (target_->forward(signal) == proc::Sent::yes) continue;
    feed(core::SignalRefused{});
    return;
  }
  handover_.since.reset();
  observer_.target_answers(Clock::now());
}

void Reloader::carry_out(const core::KillTree&) {
  killing_ = true;
  if (const auto left = tree_.left(); !left.empty()) log::warn("killing {}", names_of(left));
  tree_.kill();
  target_->give_up();
}

void Reloader::carry_out(const core::Arm& arm) { timer_ = Clock::now() + arm.delay; }
void Reloader::carry_out(const core::Disarm&) { timer_.reset(); }

void Reloader::carry_out(const core::Reload& reload) {
  if (looking_) {
    reload_ = reload;
    return;
  }
  handover_.postponed = false;
  handover_.built = built_;
  handover_.changed = changed_variable(reload.changed, std::move(handover_.changed));
  Descriptors with = observer_.hand_over(waited_);
  handover_.ports.clear();
  for (net::KeptSocket& kept : calls_.hand_over()) {
    with.ports.push_back(std::move(kept.socket));
    if (kept.values.has_path()) with.ports.push_back(std::move(kept.place.directory));
    handover_.ports.push_back(std::move(kept.values));
  }
  call_restart_hook();
  channel_.send_handover(handover_, with, last_message_patience);
  status_ = status_reload;
}

void Reloader::carry_out(const core::EndStopped&) {
  calls_.let_go_of_all();
  channel_.send(Farewell{}, last_message_patience);
  status_ = status_stopped;
}

void Reloader::carry_out(const core::EndLike& end) {
  calls_.let_go_of_all();
  channel_.send(Farewell{end.ending}, last_message_patience);
  status_ = status_stopped;  // how reloadrun ends is said by the message
}

void Reloader::carry_out(const core::FailToStart&) {
  const Error& error = start_error_.value();
  channel_.send(Failure{error.what(), error.what_to_do(), error.exit_status()},
                last_message_patience);
  status_ = error.exit_status();
}

}  // namespace reloadrun::app
