// Answers the system calls of the target's tree that wait for it (--keep-ports, --follow), on a
// thread of its own: what the target asks for cannot wait until the main thread has looked at a
// hundred thousand files. Made and asked by the reloader's main thread; the worker that starts
// COMMAND gives it what to listen to.
#pragma once

#include <mutex>
#include <thread>
#include <vector>

#include "app/handover.hpp"
#include "app/opened_files.hpp"
#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/fd.hpp"
#include "net/call_filter.hpp"
#include "net/keep_ports.hpp"
#include "net/notifier.hpp"
#include "reloadrun/options.hpp"

namespace reloadrun::app {

/// What an earlier generation has handed over, taken from it.
std::vector<net::KeptSocket> kept_sockets(std::vector<Fd> descriptors, Handover& values);

/// Never destroyed while a target runs: its calls would fail. The reloader ends its process
/// instead.
class TargetCalls {
 public:
  /// Takes over what an earlier generation has kept. Throws std::system_error.
  TargetCalls(const Options& options, std::vector<net::KeptSocket> kept);
  TargetCalls(const TargetCalls&) = delete;
  TargetCalls& operator=(const TargetCalls&) = delete;

  /// Any thread: what a target is to be started with; empty when nothing is asked for, or can be
  /// had.
  [[nodiscard]] std::vector<sock_filter> filter();
  /// errno of why nothing can be had, although it was asked for; 0 otherwise.
  [[nodiscard]] int refused() const { return refused_; }

  /// Any thread: answers these calls from now on, until nobody is left to make any.
  void serve(Fd listener);

  void target_stops();
  void target_gone();
  /// What goes to the next generation; nothing is kept here any more.
  std::vector<net::KeptSocket> hand_over();
  /// Before an end that nothing follows.
  void let_go_of_all();

  /// What it opens; null without --follow.
  [[nodiscard]] OpenedFiles* opened() { return follows_ ? &opened_ : nullptr; }

  /// Readable when there is news, or something was opened.
  [[nodiscard]] int fd() const { return told_.fd(); }
  std::vector<net::KeepPorts::News> news();

 private:
  [[noreturn]] void work();
  void answer(net::Notifier& notifier);

  const bool keeps_ports_;
  const bool follows_;
  net::CallFilter filter_;
  int refused_ = 0;
  Event told_;
  Event wake_;

  // Shared.
  std::mutex mutex_;
  std::vector<Fd> listeners_;
  net::KeepPorts ports_;
  std::vector<net::KeepPorts::News> news_;
  OpenedFiles opened_;  // by a lock of its own

  // The thread's.
  std::vector<net::Notifier> notifiers_;
  Deadline next_;
  Deadline tell_at_;  // that something was opened

  std::thread thread_;
};

}  // namespace reloadrun::app
