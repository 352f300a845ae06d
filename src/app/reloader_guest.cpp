// What is different in a reloader whose process is that of a program that reloads itself.

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "app/reloader.hpp"
#include "app/words.hpp"
#include "base/event.hpp"
#include "base/log.hpp"
#include "proc/child.hpp"

namespace reloadrun::app {
namespace {

// Enough for what is in memory; a thread that reads holds the lock of what it reads for ever.
constexpr Duration flush_patience = std::chrono::milliseconds(200);

/// Asks a hook of the program's. What it throws is told, and counts as false.
bool ask(const char* name, const std::function<bool()>& hook) {
  try {
    return hook();
  } catch (const std::exception& error) {
    log::error("{}: {}", name, error.what());
  } catch (...) {
    log::error("{}: it has thrown no std::exception", name);
  }
  return false;
}

/// Writes out what all of stdio holds back, unless that has to wait.
void flush_stdio() {
  const auto done = std::make_shared<Event>();
  std::thread([done] {
    static_cast<void>(std::fflush(nullptr));
    done->set();
  }).detach();
  pollfd flushed{done->fd(), POLLIN, 0};
  wait_for({&flushed, 1}, Clock::now() + flush_patience);
}

}  // namespace

/// The program may take this reloader with it at any moment: what the supervisor is to know then it
/// is told before.
void Reloader::tell_progress(Progress::Step step) {
  if (guest_ == nullptr) return;
  const bool again = step == Progress::Step::noticed && std::exchange(noticed_told_, true);
  if (!again) channel_.send(Progress{step});
}

/// By the program itself.
bool Reloader::handles(const watch::Changes& changes) {
  if (guest_ == nullptr || !guest_->hooks.on_change || !target_->busy() || changes.empty()) {
    return false;
  }
  const auto hook = [&] { return guest_->hooks.on_change(watch::paths_of(changes)); };
  if (!ask("on_change", hook)) return false;
  noticed_told_ = false;
  tell_progress(Progress::Step::handled);
  log::info("{}: handled by {}", changes_text(changes), name_);
  observer_.target_answers(Clock::now());
  return true;
}

void Reloader::call_restart_hook() const {
  if (guest_ == nullptr || !guest_->hooks.on_restart) return;
  ask("on_restart", [this] {
    guest_->hooks.on_restart();
    return true;
  });
}

/// Children that the program had before it came to us.
std::set<pid_t> Reloader::spared() const {
  return guest_ != nullptr ? guest_->children : std::set<pid_t>();
}

/// The main function waits for its own children, and the program for those that it had before.
void Reloader::reap() const {
  guest_ == nullptr ? proc::reap_adopted() : proc::reap_adopted(guest_->children);
}

/// Of the tree, but for the target itself. The target has ended by then: whom a main function has
/// not waited for would become a zombie of the first process.
bool Reloader::nothing_left() const {
  const bool nothing = proc::none_alive_but(spared());
  proc::reap_all_but(spared());
  return nothing;
}

/// When the program calls std::exit(), what is static is destroyed in the end, by the thread that
/// has called it, and the main thread must not use any of it then: it stands still from here on. To
/// be called when all that it uses is there, since the last one made is the first one to go. In
/// what the program has forked there is no main thread of ours.
void Reloader::stand_still_at_exit() {
  if (guest_ == nullptr) return;
  const auto stand_still = [](int, void* it) {
    auto& self = *static_cast<Reloader*>(it);
    if (::getpid() != self.process_) return;
    self.lets_go_ = true;
    if (std::this_thread::get_id() != self.main_thread_) self.at_work_.lock();
    self.tell_progress(Progress::Step::exits);
  };
  ::on_exit(stand_still, this);
}

void reload(Channel channel, const Guest& guest) {
  auto begin = channel.receive_begin();
  if (!begin) ::_exit(status_stopped);  // the supervisor has gone
  begin->signals.let_stops_through();
  proc::outlive_stop_signals();
  // Left to the end of the process, which may come while its worker thread still runs.
  auto* reloader = new Reloader(std::move(channel), std::move(*begin), &guest);
  const int status = reloader->run();
  // Not when the main function runs on: it may be writing.
  if (!reloader->left_behind()) flush_stdio();
  ::_exit(status);
}

}  // namespace reloadrun::app
