// What is different in a supervisor whose process is that of a program that reloads itself.

#include <array>
#include <system_error>

#include "app/supervisor.hpp"
#include "app/words.hpp"
#include "base/log.hpp"
#include "proc/child.hpp"
#include "proc/tree.hpp"

namespace reloadrun::app {
namespace {

using namespace std::chrono_literals;

// Nothing tells of a program that is built anew while no reloader runs.
constexpr Duration program_recheck = 100ms;

Level public_level(log::Level level) {
  switch (level) {
    case log::Level::debug:
      return Level::debug;
    case log::Level::info:
      return Level::info;
    case log::Level::warn:
      return Level::warning;
    case log::Level::error:
      break;
  }
  return Level::error;
}

}  // namespace

Supervisor::GivesBack::~GivesBack() {
  if (!is_guest) return;
  proc::set_subreaper(was_subreaper);
  signals.restore();
}

/// To whom the program wants, or else to stderr.
void Supervisor::speak() const {
  if (guest_ == nullptr || !guest_->hooks.log) {
    return log::to_stderr(options_.verbosity, options_.color);
  }
  const auto tell = [hook = guest_->hooks.log](auto level, std::string_view line) {
    try {
      hook(public_level(level), line);
    } catch (...) {  // there is no other place to say so
    }
  };
  log::to(tell, options_.verbosity);
}

void Supervisor::take_progress(Progress progress) {
  begun_ = begun_ || progress.step == Progress::Step::begun;
  const bool handled = progress.step == Progress::Step::handled;
  noticed_ = (noticed_ && !handled) || progress.step == Progress::Step::noticed;
  exits_ = exits_ || progress.step == Progress::Step::exits;
}

/// Than the one that was executed last, or could not be.
bool Supervisor::is_another_program() const {
  return program_ ? program_->is_replaced() : LoadedFile::of(self_.file).has_value();
}

/// A guest's lies at its path, where it may be missing while it is linked. False when the user
/// wants the end.
bool Supervisor::execute_reloader() {
  if (guest_ == nullptr) {
    reloader_.emplace(Role::reloader, self_);
    return true;
  }
  for (bool told = false; !stop_asked_; told = true) {
    program_ = LoadedFile::of(self_.file);
    try {
      reloader_.emplace(Role::reloader, self_);
      return true;
    } catch (const std::system_error& error) {
      reloader_.reset();
      if (!told) {
        log::info("{} cannot be executed ({}): waiting for it", self_.file, error.code().message());
      }
    }
    wait_for_program();
  }
  return false;
}

/// A moment, for it to be another.
void Supervisor::wait_for_program() {
  pollfd signals{signals_.fd(), POLLIN, 0};
  wait_for({&signals, 1}, Clock::now() + program_recheck);
  take_signals();
}

/// The program has ended by itself, and has taken its reloader with it: whether there is to be
/// another. What had changed by then the next one has to answer at once.
bool Supervisor::goes_on_after_its_end() {
  if (guest_ == nullptr || stop_asked_ || builder_lost_) return false;
  const Ending& ending = *reloader_ended_;
  if (ending.by_signal && ending.value == SIGKILL) return false;
  log::warn("{} {}", self_.file, ending_text(ending));
  if (options_.on_exit == OnExit::exit) return false;
  const bool answers_a_change = noticed_;
  do_without_handover();
  if (!begun_) {
    log::info("it had not come to reloadrun::run(): waiting for it to be built anew");
    while (!stop_asked_ && !is_another_program()) wait_for_program();
    return !stop_asked_;
  }
  handover_.postponed = !answers_a_change && !is_another_program();
  return true;
}

}  // namespace reloadrun::app
