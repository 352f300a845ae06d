#include "app/supervisor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "app/wire.hpp"
#include "app/words.hpp"
#include "base/format.hpp"
#include "base/log.hpp"
#include "proc/child.hpp"
#include "proc/spawn.hpp"
#include "proc/tree.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

using namespace std::chrono_literals;

// A second Ctrl-C sooner than this is a finger that bounced, or a signal that came twice.
constexpr Duration between_signals = 300ms;
constexpr Duration stranger_recheck = 1s;
constexpr Duration last_words = 200ms;

/// A torn message is none: without a handover the next reloader looks at everything itself.
std::optional<Received> next_report(Channel& channel) {
  for (;;) {
    try {
      return channel.receive_report();
    } catch (const wire::Torn& torn) {
      log::debug("{}", torn.what());
    }
  }
}

}  // namespace

Supervisor::Supervisor(Settings settings, Self self, std::vector<Variable> environment,
                       const Guest* guest)
    : settings_(std::move(settings)),
      options_(settings_.options()),
      directory_(working_directory_name()),
      self_(std::move(self)),
      guest_(guest),
      given_(proc::take_signals()),
      gives_back_{guest != nullptr, proc::is_subreaper(), given_},
      signals_({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD}),
      sockets_(net::parse_listen(options_.listen)),
      strangers_(proc::children_of(::getpid())),
      newcomers_(strangers_),
      may_have_strangers_(guest != nullptr || ::getpid() == 1 || !strangers_.empty()) {
  speak();
  if (const auto lacking = lacking_text(kernel_version()); !lacking.empty()) {
    log::debug("{}", lacking);
  }
  proc::become_subreaper();
  handover_.postponed = options_.postpone;
  handover_.environment.variables = std::move(environment);
  if (!sockets_.empty()) log::info("listening on {}", sockets_.text());
}

Ending Supervisor::run() {
  while (start_reloader()) {
    while (!reloader_ended_) attend();
    take_reports();  // what it said last
    take_signals();  // what the user said meanwhile
    if (const auto ending = conclude()) return *ending;
  }
  return conclude().value_or(Ending{});  // the user has asked for the end before it was there
}

void Supervisor::start_builder() {
  auto [reloaders, builders] = MessageSocket::make_pair();
  builds_ = reloaders.release();
  builder_.emplace(Role::builder, self_);
  Begin begin{options_, {}, directory_.name(), directory_.path(), given_, {}};
  begin.options.listen.clear();  // the sockets are the target's alone
  begin.builds = builders.release();
  static_cast<void>(builder_->channel().send_begin(begin));
}

/// False when the user wants the end.
bool Supervisor::start_reloader() {
  terminal_.save();
  renew_options();
  if (!options_.build.empty() && !builder_) start_builder();
  for (const Error& error : sockets_.mend()) {
    log::error("{}: {}", error.what(), error.what_to_do());
  }
  // A successor may have been killed while it waited: that harms nobody. One that is killed before
  // it reads this ends us, as at any time from here on.
  const bool was_ahead = successor_.has_value();
  reloader_ = std::exchange(successor_, std::nullopt);
  if (!was_ahead && !execute_reloader()) return false;
  Begin begin{options_, settings_.text(), directory_.name(),       directory_.path(),
              given_,   handover_,        std::exchange(with_, {})};
  if (!options_.build.empty())
    begin.builds = require_fd(::fcntl(builds_.get(), F_DUPFD_CLOEXEC, 0), "fcntl");
  begin.sockets = sockets_.copies();
  if (!reloader_->channel().send_begin(begin) && was_ahead) {
    reloader_.emplace(Role::reloader, self_);
    static_cast<void>(reloader_->channel().send_begin(begin));
  }
  reloader_ended_.reset();
  farewell_.reset();
  failure_.reset();
  handed_over_ = begun_ = noticed_ = exits_ = false;
  return true;
}

/// What executing the next reloader takes, takes place before it is needed.
void Supervisor::ready_successor() {
  // A guest's is to be what lies at its path then.
  if (successor_ || stop_asked_ || guest_ != nullptr) return;
  try {
    successor_.emplace(Role::reloader, self_);
  } catch (const std::system_error& error) {  // while the old tree takes what there may be
    log::debug("the next reloader has to wait: {}", error.what());
  }
}

void Supervisor::dismiss_successor() {
  if (successor_) successor_->dismiss();
  successor_.reset();
}

void Supervisor::attend() {
  note_lost_builder();
  Deadline until = earlier(give_up_, kept_recheck());
  if (may_have_strangers_) until = earlier(until, Clock::now() + stranger_recheck);
  std::vector descriptors{pollfd{signals_.fd(), POLLIN, 0}, pollfd{channel().fd(), POLLIN, 0},
                          pollfd{builder_ ? builder_->channel().fd() : -1, POLLIN, 0}};
  if (!stop_asked_) sockets_.wait_with(descriptors);
  wait_for(descriptors, until);
  take_signals();
  take_builders_reports();
  take_reports();
  take_ended_children();
  reopen_sockets();
  note_strangers();
  if (give_up_ && *give_up_ <= Clock::now() && !reloader_ended_) {
    log::error("the reloader does not answer: killing it");
    give_up_.reset();
    reloader_->signal(SIGKILL);
  }
}

void Supervisor::take_signals() {
  while (const auto signal = signals_.next()) {
    switch (signal->ssi_signo) {
      case SIGCHLD:
        break;  // seen by waiting
      case SIGUSR1:
        if (!stop_asked_ && reloader_) channel().send(RestartOrder{});
        break;
      case SIGUSR2:
        if (reloader_) channel().send(ForwardOrder{SIGUSR2});
        break;
      default:
        take_stop_signal(*signal);
    }
  }
}

void Supervisor::take_stop_signal(const signalfd_siginfo& signal) {
  const std::string name = proc::signal_name(static_cast<int>(signal.ssi_signo));
  const TimePoint now = Clock::now();
  if (!stop_asked_) {
    log::info("{}: stopping {}", name, options_.command.front());
    stop_asked_ = now;
    give_up_ = now + options_.stop_timeout + reloader_grace;
    if (reloader_) {
      const bool group_was_told = proc::from_terminal(signal) && !reloader_->missed_a_signal();
      reloader_->order(StopOrder{group_was_told});
    }
    if (builder_) {
      const bool builds_were_told = proc::from_terminal(signal) && !builder_->missed_a_signal();
      builder_->order(StopOrder{builds_were_told});
    }
  } else if (now - *stop_asked_ >= between_signals) {
    if (!kill_asked_) {
      log::info("{} again: killing", name);
      give_up_ = now + reloader_grace;
    }
    kill_asked_ = true;
    if (reloader_) reloader_->order(KillOrder{});
    if (builder_) builder_->order(KillOrder{});
  }
}

void Supervisor::take_reports() {
  while (auto report = next_report(channel())) {
    if (const auto* line = std::get_if<Line>(&*report)) {
      log::say(static_cast<log::Level>(line->level), std::string_view(line->text));
    } else if (std::holds_alternative<Running>(*report)) {
      ready_successor();
    } else if (const auto* progress = std::get_if<Progress>(&*report)) {
      take_progress(*progress);
    } else if (auto* handover = std::get_if<HandedOver>(&*report)) {
      handover_ = std::move(handover->values);
      with_ = std::move(handover->with);
      handed_over_ = true;
    } else if (const auto* farewell = std::get_if<Farewell>(&*report)) {
      farewell_ = *farewell;
    } else if (const auto* failure = std::get_if<Failure>(&*report)) {
      failure_ = Error(failure->what_is_wrong, failure->what_to_do, failure->exit_status);
    }
  }
}

void Supervisor::take_builders_reports() {
  while (builder_) {
    const auto report = next_report(builder_->channel());
    if (!report) return;
    if (const auto* line = std::get_if<Line>(&*report)) {
      log::say(static_cast<log::Level>(line->level), std::string_view(line->text));
    } else if (const auto* notices = std::get_if<Notices>(&*report)) {
      tell_notices(notices->lines);
    }
  }
}

void Supervisor::take_ended_children() {
  // The program's other children are its own to wait for.
  if (guest_ != nullptr) return take_kept_ends();
  while (const auto reaped = proc::reap_any()) {
    if (reaped->pid == reloader_->pid()) reloader_ended_ = reaped->ending;
    if (successor_ && reaped->pid == successor_->pid()) successor_.reset();
    if (builder_ && reaped->pid == builder_->pid()) builder_ended_ = reaped->ending;
    strangers_.erase(reaped->pid);
  }
  take_kept_ends();
}

/// Of those whose remains a debugger keeps: they are reaped when it lets go, if we are there then.
void Supervisor::take_kept_ends() {
  if (reloader_ && !reloader_ended_) reloader_ended_ = reloader_->ending();
  if (builder_ && !builder_ended_) builder_ended_ = builder_->ending();
}

/// For how long a process of ours can have ended with nobody to tell.
Deadline Supervisor::kept_recheck() const {
  const bool reloader = reloader_ && !reloader_ended_ && reloader_->channel().closed();
  const bool builder = builder_ && !builder_ended_ && builder_->channel().closed();
  return reloader || builder ? Deadline(Clock::now() + proc::tree_recheck) : std::nullopt;
}

/// COMMAND may start again in this generation: so the reloader gets the new ones, too.
void Supervisor::reopen_sockets() {
  if (stop_asked_) return;
  for (const std::size_t place : sockets_.open_shut_down()) {
    log::debug("{} was shut down: listening again", sockets_.text(place));
    channel().send(SocketOrder{place, sockets_.copy(place)});
  }
}

/// Without it there is no build, and what it had below it is ours now: an end, as of a reloader.
void Supervisor::note_lost_builder() {
  if (!builder_ended_ || builder_lost_ || stop_asked_ || reloader_ended_) return;
  builder_lost_ = true;
  log::error("the builder {}: stopping everything", ending_text(*builder_ended_));
  give_up_ = Clock::now() + options_.stop_timeout + reloader_grace;
  reloader_->order(StopOrder{});
}

/// While a reloader lives, it adopts its own orphans: any other child here is somebody else's. That
/// is so in process 1 of a container, and where a shell with children has become reloadrun by exec.
/// A reloader that is dying leaves its orphans here before its end is seen; that takes no second,
/// so a child counts as a stranger when it was there a second ago and the reloader lives on. What a
/// builder has left that has died is no stranger.
void Supervisor::note_strangers() {
  if (!may_have_strangers_ || Clock::now() < next_strangers_ || reloader_ended_ || builder_ended_) {
    return;
  }
  next_strangers_ = Clock::now() + stranger_recheck;
  auto children = proc::children_of(::getpid());
  children.erase(reloader_->pid());
  if (successor_) children.erase(successor_->pid());
  if (builder_) children.erase(builder_->pid());
  for (const pid_t pid : children) {
    if (!newcomers_.contains(pid) || !strangers_.insert(pid).second) continue;
    log::debug("process {} comes from elsewhere: it is left alone", pid);
  }
  std::erase_if(strangers_, [&](pid_t pid) { return !children.contains(pid); });
  newcomers_ = std::move(children);
}

int supervise(Settings settings, Self self, std::vector<Variable> environment, const Guest* guest) {
  struct DrainAtTheEnd {
    ~DrainAtTheEnd() { log::drain(Clock::now() + last_words); }
  };
  const Ending ending = [&] {
    Supervisor supervisor(std::move(settings), std::move(self), std::move(environment), guest);
    const DrainAtTheEnd drain;  // also before an error is told
    return supervisor.run();
  }();
  if (ending.by_signal) proc::die_by(ending.value);
  return ending.value;
}

}  // namespace reloadrun::app
