#include "app/reloader.hpp"

#include <malloc.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "app/command_target.hpp"
#include "app/main_target.hpp"
#include "app/words.hpp"
#include "base/format.hpp"
#include "base/log.hpp"
#include "proc/child.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

/// The opposite of a lock.
class Unlocked {
 public:
  explicit Unlocked(std::mutex& mutex) : mutex_(mutex) { mutex_.unlock(); }
  ~Unlocked() { mutex_.lock(); }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  std::mutex& mutex_;
};

}  // namespace

Reloader::Reloader(Channel channel, Begin begin, const Guest* guest)
    : channel_(std::move(channel)),
      options_(std::move(begin.options)),
      config_text_(std::move(begin.config_text)),
      directory_(std::move(begin.directory), std::move(begin.directory_path)),
      signals_(begin.signals),
      handover_(std::move(begin.handover)),
      name_(options_.command.front()),
      ended_children_({SIGCHLD}),
      guest_(guest),
      calls_(options_, kept_sockets(std::move(begin.with.ports), handover_)),
      target_(make_target(begin)),
      policy_({.on_exit = options_.on_exit,
               .postpone = handover_.postponed,
               .first_start = handover_.starts == 0 && options_.build.empty(),
               .stop_timeout = options_.stop_timeout}),
      build_link_(options_.build.empty() ? std::nullopt
                                         : std::optional<BuildLink>(std::move(begin.builds))),
      observer_(options_, handover_, directory_, std::move(begin.with),
                {.builds = build_link_ ? &*build_link_ : nullptr,
                 .opened = calls_.opened(),
                 .loaded = loaded_ ? &*loaded_ : nullptr,
                 .may_be_handled = guest_ != nullptr && guest_->hooks.on_change,
                 .attend = [this] { return attend_between_looks(); }}) {}

std::unique_ptr<Target> Reloader::make_target(Begin& begin) {
  auto sockets = std::move(begin.sockets);
  if (guest_ == nullptr) {
    return std::make_unique<CommandTarget>(options_, begin.signals, std::move(sockets), calls_);
  }
  loaded_.emplace(options_.command.front());
  return std::make_unique<MainTarget>(*guest_, begin.signals, std::move(sockets), calls_, *loaded_);
}

int Reloader::run() {
  const std::lock_guard at_work(at_work_);
  log::to(
      [this](auto level, std::string_view text) {
        // A supervisor that has gone hears nothing, and neither does the user.
        channel_.send(Line{static_cast<int>(level), std::string(text)});
      },
      options_.verbosity);
  proc::become_subreaper();
  tell_progress(Progress::Step::begun);
  try {
    // Before the target is started: whatever changes from here on is seen by the next look.
    observer_.begin();
    take_orders();
    if (!observer_.in_burst() || handover_.built) begin();
    while (!status_) attend();
  } catch (const watch::GivenUp&) {  // there is a status
  }
  return status_.value();
}

void Reloader::attend() {
  Deadline until = earlier(observer_.next(asks_for_changes()), timer_);
  if (build_link_ && build_link_->has_news()) until = Clock::now();
  if (policy_.stopping()) until = earlier(until, Clock::now() + proc::tree_recheck);
  std::vector descriptors{pollfd{channel_.fd(), POLLIN, 0},
                          pollfd{ended_children_.fd(), POLLIN, 0},
                          pollfd{target_->fd(), POLLIN, 0},
                          pollfd{observer_.fd(), POLLIN, 0},
                          pollfd{observer_.directory_fd(), POLLIN, 0},
                          pollfd{build_link_ ? build_link_->fd() : -1, POLLIN, 0},
                          pollfd{calls_.fd(), POLLIN, 0}};
  if (policy_.stopping()) tree_.wait_with(descriptors);
  {
    const Unlocked rest(at_work_);
    wait_for(descriptors, until);
  }
  take_orders();
  take_news();
  take_call_news();
  take_build_news();
  take_time();
  take_ended_children();  // last: what was decided above may find that nothing is left to stop
  if (reload_ && !status_) carry_out(*std::exchange(reload_, std::nullopt));
}

/// In the pauses of a look: whatever must not wait for its end, and does not look itself. What is
/// to be handed over is not, before the look leaves it whole; it is asked to. Returns whether the
/// look is to go on.
bool Reloader::attend_between_looks() {
  if (looking_) return !reload_;
  if (lets_go_) {
    const Unlocked rest(at_work_);
    wait_for({}, std::nullopt);  // for the end
  }
  std::array descriptors{pollfd{channel_.closed() ? -1 : channel_.fd(), POLLIN, 0},
                         pollfd{ended_children_.fd(), POLLIN, 0}, pollfd{target_->fd(), POLLIN, 0}};
  const TimePoint now = Clock::now();
  wait_for(descriptors, now);
  const bool any =
      std::ranges::any_of(descriptors, [](const auto& one) { return one.revents != 0; });
  if (!any && (!policy_.stopping() || now < next_tree_look_)) return !reload_;
  next_tree_look_ = now + proc::tree_recheck;
  looking_ = true;
  take_orders();
  take_news();
  take_ended_children();
  if (policy_.stopping()) take_timer();
  looking_ = false;
  if (status_) throw watch::GivenUp();
  return !reload_;
}

void Reloader::take_orders() {
  if (channel_.closed()) return;
  while (auto order = channel_.receive_order()) feed(std::move(*order));
  // The supervisor has died: nobody is left to reload for.
  if (channel_.closed()) feed(core::StopAsked{});
}

void Reloader::feed(Order order) {
  if (const auto* stop = std::get_if<StopOrder>(&order)) {
    feed(core::StopAsked{stop->group_was_told});
  } else if (std::holds_alternative<KillOrder>(order)) {
    feed(core::KillAsked{});
  } else if (std::holds_alternative<RestartOrder>(order)) {
    log::info("restarting {} as asked", name_);
    if (!handover_.since) handover_.since = Clock::now();
    // Built is what the stop was for: begun now, another build would outlive this reloader.
    const bool next_one_builds = policy_.stopping() && builds_.idle();
    if (build_link_ && ready_ && !next_one_builds) {
      feed(core::BuildWanted{});
    } else {
      built_ = false;
      handover_.postponed = false;
      feed(core::RestartAsked{});
    }
  } else if (const auto* forward = std::get_if<ForwardOrder>(&order)) {
    if (target_->starting()) {
      to_forward_.push_back(forward->signal);
    } else {
      forward_signal(forward->signal);
    }
  } else if (auto* socket = std::get_if<SocketOrder>(&order)) {
    target_->replace_socket(socket->place, std::move(socket->socket));
  }
}

void Reloader::forward_signal(int signal) {
  if (target_->forward(signal) == proc::Sent::yes) {
    log::debug("{} passed on to {}", proc::signal_name(signal), name_);
  } else {
    log::warn("{} is not passed on: {} does not run, or may not be signalled",
              proc::signal_name(signal), name_);
  }
}

void Reloader::take_news() {
  using Kind = Target::News::Kind;
  while (auto news = target_->next()) {
    for (const int signal : std::exchange(to_forward_, {})) forward_signal(signal);
    switch (news->kind) {
      case Kind::started:
        ++handover_.starts;
        observer_.target_started(Clock::now());
        start_error_.reset();
        channel_.send(Running{});
        tell_started(*news);
        tell_unheard(*news);
        // Taken for told when the stop began, because it had been forked by then.
        if (policy_.stopping() && target_->untold() != 0) tree_.forget(target_->untold());
        feed(core::Started{});
        break;
      case Kind::failed:
        // Tried again soon, it is the same restart.
        if (news->error == ETXTBSY && !handover_.since) handover_.since = starting_since_;
        start_error_ = start_error(options_.command.front(), news->error, news->file_is_there);
        feed(core::StartFailed{news->error == ETXTBSY});
        break;
      case Kind::ended: {
        terminal_.restore();
        calls_.target_gone();
        const bool expected = policy_.stopping() || news->ending == Ending{};
        if (!news->fault.empty()) log::error("{}: {}", name_, news->fault);
        log::say(expected ? log::Level::info : log::Level::warn, "{} {} after {}", name_,
                 ending_text(news->ending), duration_text(news->ran));
        feed(core::TargetEnded{news->ending, news->ran});
        break;
      }
    }
  }
}

void Reloader::take_ended_children() {
  bool target_ended = false;
  while (const auto signal = ended_children_.next()) {
    target_ended = target_ended || static_cast<pid_t>(signal->ssi_pid) == target_->pid();
  }
  reap();
  if (!policy_.stopping()) return;
  if (target_->busy()) target_->look_again();
  // Its worker is about to say so, and needs no walk through the tree before that.
  if (target_ended && target_->busy()) return;
  if (!target_->busy() && nothing_left()) {
    terminal_.restore();  // others than COMMAND may have had it until now
    feed(core::TreeGone{});
  } else if (killing_) {
    tree_.kill();
  } else {
    tree_.ask_again();
  }
}

void Reloader::take_time() {
  if (status_) return;
  take_timer();
  observer_.attend();
  if (observer_.in_burst()) tell_progress(Progress::Step::noticed);
  take_changes();
}

void Reloader::take_timer() {
  if (!timer_ || *timer_ > Clock::now()) return;
  if (policy_.stopping()) take_ended_children();  // nobody may be left to be waited for
  if (!timer_) return;
  timer_.reset();
  feed(core::TimeUp{});
}

/// What changes during a stop is answered by what follows it; and a build may not be stopped.
bool Reloader::asks_for_changes() const {
  return !reload_ && !policy_.stopping() && (!ready_ || builds_.takes_changes());
}

void Reloader::take_changes() {
  if (status_ || !asks_for_changes()) return;
  if (!ready_) {
    if (const auto settled = observer_.settled()) {
      begin_after(settled->changes);
    } else if (!observer_.in_burst()) {
      begin();  // all that had changed since the stop was put back
    }
  } else if (const auto certain = observer_.certain()) {
    answer(*certain);
  } else if (const auto settled = observer_.settled(); settled && !settled->changes.empty()) {
    waited_ = Clock::now() - settled->first;
    answer(*settled);
  }
}

/// The burst that the last generation has left is over.
void Reloader::begin_after(const watch::Changes& changes) {
  tell_details(changes);
  handover_.changed = changed_variable(watch::paths_of(changes), std::move(handover_.changed));
  begin();
}

void Reloader::answer(const Burst::Noticed& noticed) {
  if (handles(noticed.changes)) return;
  if (build_link_) return build_after(noticed);
  const auto what = changes_text(noticed.changes);
  if (!target_->busy()) {
    log::info("{}: starting {}", what, name_);
  } else if (noticed.signals.empty() || target_->starting()) {
    log::info("{}: stopping {}", what, name_);
  } else {
    log::info("{}: {} to {}", what, signals_text(noticed.signals), name_);
  }
  tell_details(noticed.changes);
  if (!handover_.since) handover_.since = noticed.first;
  feed(core::Changed{watch::paths_of(noticed.changes), noticed.signals});
}

void Reloader::begin() {
  ready_ = true;
  if (build_link_ && !handover_.built && !handover_.postponed) {
    feed(core::BuildWanted{});
  } else {
    begun_ = true;
    feed(core::Begin{});
  }
}

void Reloader::feed(const core::Event& event) {
  for (const core::Action& action : policy_.on(event)) {
    std::visit([this](const auto& what) { carry_out(what); }, action);
  }
}

int reload(Channel channel) {
  // Executed as /proc/self/exe, which would otherwise be its name for ps and killall.
  ::prctl(PR_SET_NAME, "reloadrun");
  // The worker thread's few strings are not worth a heap of its own.
  ::mallopt(M_ARENA_MAX, 1);
  auto begin = channel.receive_begin();
  if (!begin) return status_stopped;  // the supervisor did without this one, or has gone
  begin->signals.let_stops_through();
  // Left to the end of the process, which may come while its worker thread still waits.
  auto* reloader = new Reloader(std::move(channel), std::move(*begin), nullptr);
  return reloader->run();
}

}  // namespace reloadrun::app
