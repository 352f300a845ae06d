#include "app/target.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "app/channel.hpp"
#include "base/log.hpp"
#include "fmt/format.h"

namespace reloadrun::app {
namespace {

constexpr auto generation_variable = "RELOADRUN_GENERATION";
constexpr auto changed_files_variable = "RELOADRUN_CHANGED";

// Home, then erase the screen; what scrolled off it stays.
constexpr auto clear_screen = "\033[H\033[2J";

/// Where a screen can be cleared: stderr, or else stdout, if one is a terminal.
int screen() {
  for (const int fd : {STDERR_FILENO, STDOUT_FILENO}) {
    if (log::understands_escapes(fd)) return fd;
  }
  return -1;
}

}  // namespace

std::optional<std::string> executable_of(const Options& options) {
  if (options.command.empty()) return std::nullopt;
  auto found = proc::find_executable(options.command.front());
  return found.error == 0 ? std::optional(std::move(found.file)) : std::nullopt;
}

Target::Target(const Options& options, const proc::SignalsGiven& signals)
    : options_(options),
      signals_(signals),
      wake_(require_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

void Target::start(std::uint64_t generation, const std::string& changed) {
  busy_ = true;
  untold_ = 0;
  worker_ = std::thread(&Target::work, this, program(generation, changed));
}

std::optional<Target::News> Target::next() {
  std::uint64_t count = 0;
  static_cast<void>(!::read(wake_.get(), &count, sizeof count));  // the queue tells, not the count
  const std::lock_guard lock(mutex_);
  if (news_.empty()) return std::nullopt;
  News news = std::move(news_.front());
  news_.pop_front();
  busy_ = news.kind == News::Kind::started;
  if (busy_) {
    handle_ = std::move(news.handle);
    untold_ = news.missed_a_signal ? news.pid : 0;
  } else {
    handle_ = Fd();
    worker_.join();  // it has told its last, and is about to end
  }
  return news;
}

proc::Sent Target::forward(int signal) const {
  return handle_ ? proc::send_signal(handle_, signal) : proc::Sent::gone;
}

proc::Program Target::program(std::uint64_t generation, const std::string& changed) const {
  proc::Program program;
  program.arguments = options_.command;
  program.environment = proc::environment_without(
      {run_main_variable, channel_variable, generation_variable, changed_files_variable});
  program.environment.push_back(fmt::format("{}={}", generation_variable, generation));
  program.environment.push_back(fmt::format("{}={}", changed_files_variable, changed));
  program.signals = signals_;
  program.dies_with_this_thread = true;
  if (options_.clear) {
    program.announce_fd = screen();
    program.announcement = clear_screen;
  }
  return program;
}

// On the worker thread, from here on.

void Target::work(proc::Program program) {
  News news;
  const TimePoint started = Clock::now();
  const auto spawned = execute(program);
  if (spawned.error != 0) {
    news.error = spawned.error;
    tell(std::move(news));
    return;
  }
  news.kind = News::Kind::started;
  news.missed_a_signal = spawned.missed_a_signal;
  news.pid = spawned.pid;
  news.handle = proc::open_process(spawned.pid);
  tell(std::move(news));

  News last;
  last.kind = News::Kind::ended;
  last.pid = spawned.pid;
  last.ending = proc::wait_for_child(spawned.pid);
  last.ran = Clock::now() - started;
  tell(std::move(last));
}

proc::Spawned Target::execute(proc::Program& program) const {
  auto found = proc::find_executable(options_.command.front());
  if (found.error != 0) return {.error = found.error};
  program.file = std::move(found.file);
  try {
    return proc::spawn(program);
  } catch (const std::system_error& error) {  // no process, no descriptor
    return {.error = error.code().value()};
  }
}

void Target::tell(News news) {
  {
    const std::lock_guard lock(mutex_);
    news_.push_back(std::move(news));
  }
  const std::uint64_t one = 1;
  static_cast<void>(!::write(wake_.get(), &one, sizeof one));  // cannot fail: the count never fills
}

}  // namespace reloadrun::app
