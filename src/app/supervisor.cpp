#include "app/supervisor.hpp"

#include <unistd.h>

#include <array>
#include <system_error>
#include <utility>

#include "app/words.hpp"
#include "base/log.hpp"
#include "fmt/format.h"
#include "proc/child.hpp"
#include "proc/spawn.hpp"
#include "proc/tree.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

using namespace std::chrono_literals;

// A second Ctrl-C sooner than this is a finger that bounced, or a signal that came twice.
constexpr Duration between_signals = 300ms;
// What a reloader that obeys needs on top of --stop-timeout.
constexpr Duration reloader_grace = 3s;
constexpr Duration stranger_recheck = 1s;
constexpr Duration tree_recheck = 50ms;
constexpr Duration last_words = 200ms;

}  // namespace

Supervisor::Supervisor(Options options, std::vector<std::string> arguments)
    : options_(std::move(options)),
      arguments_(std::move(arguments)),
      given_(proc::take_signals()),
      signals_({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD}),
      strangers_(proc::children_of(::getpid())),
      may_have_strangers_(::getpid() == 1 || !strangers_.empty()) {
  log::to_stderr(options_.verbosity, options_.color);
  proc::become_subreaper();
  handover_.postponed = options_.postpone;
}

Ending Supervisor::run() {
  for (;;) {
    start_reloader();
    while (!reloader_ended_) attend();
    take_reports();  // what it said last
    if (const auto ending = conclude()) return *ending;
  }
}

void Supervisor::start_reloader() {
  auto [ours, theirs] = Channel::make_pair();
  ours.send_begin({options_, given_, handover_});
  proc::Program program;
  program.file = "/proc/self/exe";  // this very program, whatever lies at its path by now
  program.arguments = arguments_;
  program.environment = proc::environment_without({run_main_variable, channel_variable});
  program.environment.push_back(fmt::format("{}=true", run_main_variable));
  program.environment.push_back(fmt::format("{}={}", channel_variable, theirs.fd()));
  program.kept_fd = theirs.fd();
  terminal_.save();
  const auto spawned = proc::spawn(program);
  if (spawned.error != 0) {
    throw std::system_error(spawned.error, std::generic_category(), "execute /proc/self/exe");
  }
  channel_ = std::move(ours);
  reloader_ = spawned.pid;
  reloader_handle_ = proc::open_process(spawned.pid);
  reloader_missed_a_signal_ = spawned.missed_a_signal;
  reloader_ended_.reset();
  farewell_.reset();
}

void Supervisor::attend() {
  Deadline until = give_up_;
  if (may_have_strangers_) until = earlier(until, Clock::now() + stranger_recheck);
  std::array descriptors{pollfd{signals_.fd(), POLLIN, 0},
                         pollfd{channel_->closed() ? -1 : channel_->fd(), POLLIN, 0}};
  wait_for(descriptors, until);
  take_signals();
  take_reports();
  take_ended_children();
  note_strangers();
  if (give_up_ && *give_up_ <= Clock::now() && !reloader_ended_) {
    spdlog::error("the reloader does not answer: killing it");
    give_up_.reset();
    proc::send_signal(reloader_handle_, SIGKILL);
  }
}

void Supervisor::take_signals() {
  while (const auto signal = signals_.next()) {
    switch (signal->ssi_signo) {
      case SIGCHLD:
        break;  // seen by waiting
      case SIGUSR1:
        if (!stop_asked_) channel_->send(RestartOrder{});
        break;
      case SIGUSR2:
        channel_->send(ForwardOrder{SIGUSR2});
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
    spdlog::info("{}: stopping {}", name, printable(options_.command.front()));
    stop_asked_ = now;
    give_up_ = now + options_.stop_timeout + reloader_grace;
    channel_->send(StopOrder{proc::from_terminal(signal) && !reloader_missed_a_signal_});
  } else if (now - *stop_asked_ >= between_signals) {
    if (!kill_asked_) spdlog::info("{} again: killing", name);
    kill_asked_ = true;
    give_up_ = now + reloader_grace;
    channel_->send(KillOrder{});
  }
  // A reloader that Ctrl-Z has stopped hears nothing.
  proc::send_signal(reloader_handle_, SIGCONT);
}

void Supervisor::take_reports() {
  while (auto report = channel_->receive_report()) {
    if (const auto* line = std::get_if<Line>(&*report)) {
      spdlog::log(static_cast<spdlog::level::level_enum>(line->level), "{}", line->text);
    } else if (auto* handover = std::get_if<Handover>(&*report)) {
      handover_ = std::move(*handover);
    } else if (const auto* farewell = std::get_if<Farewell>(&*report)) {
      farewell_ = *farewell;
    }
  }
}

void Supervisor::take_ended_children() {
  while (const auto reaped = proc::reap_any()) {
    if (reaped->pid == reloader_) reloader_ended_ = reaped->ending;
    strangers_.erase(reaped->pid);
  }
}

/// While a reloader lives, it adopts its own orphans: any other child here is somebody else's. That
/// is so in process 1 of a container, and where a shell with children has become reloadrun by exec.
void Supervisor::note_strangers() {
  if (!may_have_strangers_ || reloader_ended_) return;
  strangers_ = proc::children_of(::getpid());
  strangers_.erase(reloader_);
}

/// How reloadrun ends; nullopt when the reloader is to be started again.
std::optional<Ending> Supervisor::conclude() {
  const bool said_farewell = farewell_.has_value();
  const Ending reload{false, status_reload, false};
  if (!stop_asked_ && !said_farewell && *reloader_ended_ == reload) return std::nullopt;
  if (!stop_asked_ && !said_farewell && reloader_ended_->by_signal) {
    spdlog::error("the reloader {}: stopping everything", ending_text(*reloader_ended_));
  }
  if (!said_farewell) sweep();
  terminal_.restore();
  if (stop_asked_) return Ending{false, status_stopped, false};
  if (said_farewell) return farewell_->like.value_or(Ending{});
  return *reloader_ended_;
}

/// A reloader that could not stop its tree has left it to us.
void Supervisor::sweep() {
  proc::TreeStop tree(strangers_);
  const auto gone_by = [&](TimePoint until, auto&& again) {
    for (;;) {
      const bool gone = tree.left().empty();
      take_ended_children();  // after that look: whoever had ended by then is reaped
      if (gone) return true;
      if (kill_asked_ || Clock::now() >= until) return false;
      again();
      pollfd signals{signals_.fd(), POLLIN, 0};
      wait_for({&signals, 1}, std::min(until, Clock::now() + tree_recheck));
      take_signals();
    }
  };
  tree.ask(options_.stop_signal);
  if (gone_by(Clock::now() + options_.stop_timeout, [&] { tree.ask_again(); })) return;
  kill_asked_ = false;
  if (gone_by(Clock::now() + reloader_grace, [&] { tree.kill(); })) return;
  for (const auto& [process, may_not_be_signalled] : tree.left()) {
    spdlog::error("{} (pid {}) is left behind: {}", printable(process.name), process.pid,
                  may_not_be_signalled ? "it may not be signalled" : "it does not end");
  }
}

int supervise(Options options, std::vector<std::string> arguments) {
  Supervisor supervisor(std::move(options), std::move(arguments));
  const Ending ending = supervisor.run();
  log::drain(Clock::now() + last_words);
  if (ending.by_signal) proc::die_by(ending.value);
  return ending.value;
}

}  // namespace reloadrun::app
