// What the supervisor does when a reloader has ended: how reloadrun ends, so that nothing is left.

#include <array>
#include <set>
#include <utility>

#include "app/supervisor.hpp"
#include "app/target_calls.hpp"
#include "app/words.hpp"
#include "base/log.hpp"
#include "net/keep_ports.hpp"
#include "proc/child.hpp"
#include "proc/tree.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {

/// How reloadrun ends; nullopt when the reloader is to be started again.
std::optional<Ending> Supervisor::conclude() {
  const bool said_farewell = farewell_ || failure_;
  // A program that ends by _exit(3) hands nothing over.
  const bool may_reload = guest_ == nullptr || handed_over_;
  const bool reload = may_reload && !said_farewell && !exits_ &&
                      reloader_ended_ == Ending{false, status_reload, false};
  const auto goes_on = [&] { return reload && !stop_asked_ && !builder_lost_; };
  if (goes_on() && handed_over_) return std::nullopt;
  dismiss_successor();  // it is none of what is swept away
  if (goes_on()) do_without_handover();
  if (goes_on()) return std::nullopt;
  if (!reload && !said_farewell && goes_on_after_its_end()) return std::nullopt;
  if (!stop_asked_ && !said_farewell && reloader_ended_->by_signal) {
    log::error("the reloader {}: stopping everything", ending_text(*reloader_ended_));
  }
  end_builder();
  if (handed_over_) let_go_of_ports();
  // Killed, say, the builder has left its builds to us.
  const bool builds_are_ended = !builder_ended_ || *builder_ended_ == Ending{};
  if (!said_farewell || !builds_are_ended) sweep();
  terminal_.restore();
  if (failure_ && !stop_asked_) throw Error(*failure_);
  if (stop_asked_) return Ending{false, status_stopped, false};
  if (builder_lost_) return *builder_ended_;
  if (said_farewell) return farewell_->like.value_or(Ending{});
  return *reloader_ended_;
}

/// What there is was handed over before this reloader began. The next one looks at everything, and
/// needs no more than not to be told what is no longer so.
void Supervisor::do_without_handover() {
  log::debug("the reloader has handed nothing over");
  sweep();             // nor has it said that its tree is gone
  ++handover_.starts;  // as a rule; so that no two generations have one number
  handover_.built = false;
  handover_.postponed = false;
  handover_.changed.clear();
  handover_.since.reset();
  handover_.burst.reset();
  handover_.held.clear();
  handover_.closed.clear();
  handover_.ports.clear();  // they went to the reloader that is gone
}

/// What the last target has listened on was handed over for one that does not come any more.
void Supervisor::let_go_of_ports() {
  net::KeepPorts ports([] { return std::set<net::SocketNumber>(); });
  ports.take_over(kept_sockets(std::exchange(with_, {}).ports, handover_), Clock::now());
  ports.let_go_of_all();
}

/// With all that builds have left, for whose writes it answers until then.
void Supervisor::end_builder() {
  if (!builder_) return;
  if (!stop_asked_ && !builder_ended_) builder_->order(StopOrder{});
  const TimePoint until = Clock::now() + options_.stop_timeout + reloader_grace;
  while (!builder_ended_) {
    if (Clock::now() >= until) {
      log::error("the builder does not answer: killing it");
      builder_->dismiss();
      builder_ended_ = Ending{true, SIGKILL, false};
      break;
    }
    std::array descriptors{pollfd{signals_.fd(), POLLIN, 0},
                           pollfd{builder_->channel().fd(), POLLIN, 0}};
    wait_for(descriptors, earlier(until, kept_recheck()));
    take_signals();
    take_builders_reports();
    take_ended_children();
  }
  take_builders_reports();
  builder_.reset();
}

/// Those of our children that are none of the reloader's.
std::set<pid_t> Supervisor::spared() const {
  auto pids = strangers_;
  if (builder_) pids.insert(builder_->pid());
  return pids;
}

/// A reloader that could not stop its tree has left it to us.
void Supervisor::sweep() {
  proc::TreeStop tree(spared(), given_);
  tree.ask(options_.stop_signal);
  const auto ask_again = [&tree] { tree.ask_again(); };
  const auto kill = [&tree] { tree.kill(); };
  const auto impatient = [this] { return kill_asked_; };
  if (wait_until_gone(tree, Clock::now() + options_.stop_timeout, ask_again, impatient)) return;
  if (wait_until_gone(tree, Clock::now() + reloader_grace, kill, [] { return false; })) return;
  if (const auto left = tree.left(); !left.empty()) {
    log::error("cannot end {}: it is left behind", names_of(left));
  }
}

/// False when `until` has come, or `enough` holds, and some are left. Does `step` from time to
/// time.
bool Supervisor::wait_until_gone(const proc::TreeStop& tree, TimePoint until,
                                 const std::function<void()>& step,
                                 const std::function<bool()>& enough) {
  for (;;) {
    const bool gone = proc::none_alive_but(spared());
    take_ended_children();  // after that look: whoever had ended by then is reaped
    if (guest_ != nullptr) proc::reap_adopted(spared());
    if (gone) return true;
    if (Clock::now() >= until || enough()) return false;
    step();
    std::vector descriptors{pollfd{signals_.fd(), POLLIN, 0}};
    tree.wait_with(descriptors);
    wait_for(descriptors, std::min(until, Clock::now() + proc::tree_recheck));
    take_signals();
  }
}

}  // namespace reloadrun::app
