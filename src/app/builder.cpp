#include "app/builder.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>
#include <utility>

#include "app/file_names.hpp"
#include "app/words.hpp"
#include "base/log.hpp"
#include "net/written.hpp"
#include "proc/open_files.hpp"
#include "proc/spawn.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

using namespace std::chrono_literals;

// What has not ended this long after KILL does not end for us.
constexpr Duration kill_grace = 1s;

// Of one build, before others are heard.
constexpr int most_writes = 100;

/// Let go on, a thread runs until it has done its call, and may be stopped before it has; asleep it
/// is after that, or in a call that writes nothing yet (a FIFO that is opened).
WrittenFiles::Thread look_at(pid_t number) {
  const auto thread = proc::thread_of(number);
  if (!thread) return {};
  const char state = thread->state;
  return {state != 'S' && state != 'Z' && state != 'X', thread->in_user_mode};
}

/// Empty, too, when no descriptor can be had: only a debugger is hidden then.
Fd handle_of(pid_t shell) {
  try {
    return proc::open_process(shell);
  } catch (const std::system_error&) {
    return {};
  }
}

}  // namespace

Builder::Builder(Channel channel, Begin begin, ReadOptions read_options)
    : channel_(std::move(channel)),
      settings_(std::move(begin.options), std::move(read_options)),
      options_(settings_.options()),
      directory_(std::move(begin.directory), std::move(begin.directory_path)),
      signals_(begin.signals),
      service_(std::move(begin.builds)),
      ended_children_({SIGCHLD}),
      written_({look_at, [](const std::string& path) {
                  return proc::open_for_writing(path) == proc::Writing::yes;
                }}) {}

int Builder::run() {
  log::to(
      [this](auto level, std::string_view text) {
        channel_.send(Line{static_cast<int>(level), std::string(text)});
      },
      options_.verbosity);
  proc::become_subreaper();
  while (!ended_) attend();
  return status_stopped;
}

void Builder::attend() {
  std::vector<pollfd> descriptors{
      {channel_.fd(), POLLIN, 0}, {service_.fd(), POLLIN, 0}, {ended_children_.fd(), POLLIN, 0}};
  if (build_ && !build_->ended) descriptors.push_back({build_->handle.get(), POLLIN, 0});
  for (const auto& notifier : notifiers_) descriptors.push_back({notifier.fd(), POLLIN, 0});
  Deadline until;
  const auto others = static_cast<std::ptrdiff_t>(descriptors.size());
  if (stop_) {
    until = Clock::now() + proc::tree_recheck;
    stop_->tree.wait_with(descriptors);
  }
  wait_for(descriptors, until);
  const bool master_ended = std::any_of(descriptors.begin() + others, descriptors.end(),
                                        [](const pollfd& one) { return one.revents != 0; });
  if (master_ended) stop_->next_walk = {};
  take_orders();
  take_writes();
  take_requests();
  take_ended_children();
  take_time();
}

void Builder::take_orders() {
  if (channel_.closed()) return;
  while (const auto order = channel_.receive_order()) {
    if (const auto* stop = std::get_if<StopOrder>(&*order)) end(stop->group_was_told);
    if (std::holds_alternative<KillOrder>(*order)) {
      end(false);
      kill();
    }
  }
  if (channel_.closed()) end(false);  // the supervisor has died
}

void Builder::take_requests() {
  while (const auto request = service_.next()) {
    if (const auto* order = std::get_if<BuildOrder>(&*request)) {
      order_build(order->number);
    } else if (std::holds_alternative<StopBuildOrder>(*request)) {
      stop_build();
    } else if (const auto* question = std::get_if<WritesQuestion>(&*request)) {
      WritesAnswer answer{question->number, {}, question->paths.empty() ? written_.settle() : 0};
      FileKeys keys;
      for (const std::string& path : question->paths) {
        answer.writes.push_back(written_.of({path, keys.of(path)}));
      }
      service_.report(answer);
    } else if (const auto* seen = std::get_if<WritesSeen>(&*request)) {
      for (const auto& [path, until] : seen->until) written_.account(path, until);
    } else if (const auto* all = std::get_if<AllWritesSeen>(&*request)) {
      written_.account_all(all->until);
    }
  }
}

/// A reloader that has left one running is followed by another, which knows nothing of it.
void Builder::order_build(std::uint64_t number) {
  if (ending_) return;
  if (!build_) return start_build(number);
  next_build_ = number;
  stop_build();
}

void Builder::stop_build() {
  if (!build_ || stop_) return;  // it has ended, which was told
  proc::TreeStop tree(daemons_);
  // make and ninja remove what is half written; but who was started with INT ignored (a shell's &)
  // does not hear of it. Workers are asked too, since INT stands for Ctrl-C, which reaches all.
  tree.ask(proc::is_ignored(SIGINT) ? SIGTERM : SIGINT);
  stop(std::move(tree));
}

void Builder::take_writes() {
  for (auto& notifier : notifiers_) take_writes_from(notifier);
  const auto is_over = [](const net::Notifier& notifier) {
    const short ready = readiness(notifier.fd(), POLLIN);
    return ready != 0 && (ready & POLLIN) == 0;  // nobody is left
  };
  std::erase_if(notifiers_, is_over);
}

void Builder::take_writes_from(net::Notifier& notifier) {
  // What waits longer has not been carried out, so nobody can ask for it yet.
  for (int calls = 0; calls < most_writes; ++calls) {
    if ((readiness(notifier.fd(), POLLIN) & POLLIN) == 0) return;
    const auto call = notifier.next();
    if (!call) continue;
    const auto files = net::written_by(*call);
    // What was read is the caller's only if it still waits: then, too, this is before it writes.
    if (notifier.waits(*call)) {
      for (const KnownFile& file : files) written_.note(file, call->thread);
    }
    notifier.let_go_on(*call);
  }
}

void Builder::take_ended_children() {
  while (ended_children_.next()) {
  }
  while (const auto reaped = proc::reap_any()) {
    if (stop_) stop_->next_walk = {};
    daemons_.erase(reaped->pid);
    if (build_ && reaped->pid == build_->pid) build_->ended = reaped->ending;
  }
  if (build_ && !build_->ended && (stop_ || readiness(build_->handle.get(), POLLIN) != 0)) {
    build_->ended = proc::ending_of(build_->pid, build_->handle);  // which a debugger may keep
  }
  if (!build_ || !build_->ended || stop_) return;
  tell_build_over(0);
}

void Builder::take_time() {
  if (!stop_) return;
  const TimePoint now = Clock::now();
  if (now < stop_->next_walk) return;
  stop_->next_walk = now + proc::tree_recheck;
  const auto left = stop_->tree.left();
  if (left.empty()) {
    take_ended_children();
    stopped();
  } else if (stop_->give_up_at && *stop_->give_up_at <= now) {
    log::error("cannot end {}: {}", names_of(left),
               ending_ ? "it is left behind" : "the next build begins beside it");
    stopped();
  } else if (stop_->killing) {
    stop_->tree.kill();
  } else if (stop_->kill_at <= now) {
    kill();
  } else {
    stop_->tree.ask_again();
  }
}

void Builder::start_build(std::uint64_t number) {
  directory_.follow();
  // The old COMMAND goes on while its successor is built, by what the file says now.
  settings_.refresh();
  channel_.send(Notices{settings_.notices()});
  log::debug("building: {}", options_.build);
  proc::Program program;
  program.file = "/bin/sh";
  program.arguments = {"sh", "-c", options_.build};
  program.environment = proc::environment_without({own_variables.begin(), own_variables.end()});
  program.signals = signals_;
  program.parent_death_signal = SIGKILL;
  program.output_fd = STDERR_FILENO;
  const bool can_be_told = net::calls_can_go_on();
  if (can_be_told) program.filter = net::write_filter().program();
  daemons_ = proc::children_of(::getpid());
  build_ = Build{.number = number, .begun = Clock::now()};
  try {
    const Fd nothing = open_nothing();
    program.input_fd = nothing.get();  // what is typed is for the target
    auto spawned = proc::spawn(program);
    if (spawned.listener) notifiers_.emplace_back(std::move(spawned.listener));
    if (spawned.error != 0) return tell_build_over(spawned.error);
    build_->pid = spawned.pid;
    build_->missed_a_signal = spawned.missed_a_signal;
    build_->handle = handle_of(spawned.pid);
    service_.report(BuildRuns{number, can_be_told ? spawned.filter_error : ENOSYS});
  } catch (const std::system_error& error) {  // no process, no descriptor
    tell_build_over(error.code().value());
  }
}

void Builder::tell_build_over(int error) {
  const Build build = std::move(*std::exchange(build_, std::nullopt));
  service_.report(BuildOver{build.number, error, build.ended.value_or(Ending{}),
                            Clock::now() - build.begun, written_.settle()});
}

/// All builds, and what they have left.
void Builder::end(bool group_was_told) {
  if (std::exchange(ending_, true)) return;
  proc::TreeStop tree({}, signals_);
  const bool untold = build_ && build_->missed_a_signal;
  tree.ask(options_.stop_signal, group_was_told, untold ? build_->pid : 0);
  stop(std::move(tree));
}

void Builder::stop(proc::TreeStop tree) {
  stop_ = Stop{std::move(tree), Clock::now() + options_.stop_timeout};
}

void Builder::kill() {
  if (stop_->killing) return;
  stop_->killing = true;
  stop_->give_up_at = Clock::now() + kill_grace;
  if (const auto left = stop_->tree.left(); !left.empty()) log::warn("killing {}", names_of(left));
  stop_->tree.kill();
}

void Builder::stopped() {
  stop_.reset();
  if (ending_) {
    ended_ = true;
  } else {
    tell_build_over(0);
    if (const auto next = std::exchange(next_build_, std::nullopt)) start_build(*next);
  }
}

int build(Channel channel, const ReadOptions& read_options) {
  ::prctl(PR_SET_NAME, "reloadrun");
  auto begin = channel.receive_begin();
  if (!begin) return status_stopped;  // the supervisor has gone
  begin->signals.let_stops_through();
  return Builder(std::move(channel), std::move(*begin), read_options).run();
}

}  // namespace reloadrun::app
