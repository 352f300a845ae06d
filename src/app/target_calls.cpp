#include "app/target_calls.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <utility>

#include "net/caller.hpp"
#include "net/port_calls.hpp"
#include "proc/open_files.hpp"

namespace reloadrun::app {
namespace {

// A program that starts opens file after file: they are gathered for so long before the main thread
// is woken. What changes meanwhile is seen all the same.
constexpr Duration opens_rest = std::chrono::milliseconds(5);

}  // namespace

std::vector<net::KeptSocket> kept_sockets(std::vector<Fd> descriptors, Handover& values) {
  std::vector<net::KeptSocket> kept;
  if (descriptors.size() != values.port_descriptors()) values.ports.clear();  // they went elsewhere
  auto next = descriptors.begin();
  for (net::KeptValues& one : std::exchange(values.ports, {})) {
    net::KeptSocket socket{std::move(*next++), std::move(one)};
    if (socket.values.has_path()) socket.place = {std::move(*next++), socket.values.name};
    kept.push_back(std::move(socket));
  }
  return kept;
}

TargetCalls::TargetCalls(const Options& options, std::vector<net::KeptSocket> kept)
    : keeps_ports_(options.keep_ports),
      follows_(options.follow),
      ports_(proc::sockets_of_descendants) {
  if (!keeps_ports_ && !follows_) return;
  refused_ = net::calls_can_go_on() ? net::why_no_callers() : ENOSYS;
  if (refused_ != 0) return;
  if (follows_) net::notify_of_opens(filter_);
  if (keeps_ports_) net::notify_of_ports(filter_);
  ports_.take_over(std::move(kept), Clock::now());
  thread_ = std::thread(&TargetCalls::work, this);
}

std::vector<sock_filter> TargetCalls::filter() {
  net::CallFilter filter = filter_;
  const std::lock_guard lock(mutex_);
  if (ports_.keeps_any()) net::notify_of_connects(filter);
  return filter.program();
}

void TargetCalls::serve(Fd listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(std::move(listener));
  wake_.set();
}

void TargetCalls::target_stops() {
  const std::lock_guard lock(mutex_);
  ports_.target_stops();
}

void TargetCalls::target_gone() {
  const std::lock_guard lock(mutex_);
  ports_.target_gone(Clock::now());
  wake_.set();  // there is something to be waited for
}

std::vector<net::KeptSocket> TargetCalls::hand_over() {
  const std::lock_guard lock(mutex_);
  return ports_.hand_over();
}

void TargetCalls::let_go_of_all() {
  const std::lock_guard lock(mutex_);
  ports_.let_go_of_all();
}

std::vector<net::KeepPorts::News> TargetCalls::news() {
  told_.reset();
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

// On the thread of its own, from here on.

void TargetCalls::work() {
  for (;;) {
    std::vector<pollfd> descriptors{{wake_.fd(), POLLIN, 0}, {ports_.fd(), POLLIN, 0}};
    for (const auto& notifier : notifiers_) descriptors.push_back({notifier.fd(), POLLIN, 0});
    wait_for(descriptors, earlier(next_, tell_at_));
    if (descriptors.front().revents != 0) wake_.reset();
    // Those that have neither are over: nobody is left who could call.
    std::size_t place = 1;
    std::erase_if(notifiers_, [&](net::Notifier& notifier) {
      const auto ready = descriptors[++place].revents;
      if ((ready & POLLIN) != 0) answer(notifier);
      return ready != 0 && (ready & POLLIN) == 0;
    });
    const std::lock_guard lock(mutex_);
    for (Fd& listener : std::exchange(listeners_, {})) notifiers_.emplace_back(std::move(listener));
    const TimePoint now = Clock::now();
    const auto next = ports_.next();
    if (descriptors[1].revents != 0 || (next && *next <= now)) ports_.attend(now);
    next_ = ports_.next();
    std::ranges::move(ports_.news(), std::back_inserter(news_));
    const bool opens_rested = tell_at_ && *tell_at_ <= now;
    if (opens_rested) tell_at_.reset();
    if (opens_rested || !news_.empty()) told_.set();
  }
}

/// One call: of a tree that calls without a pause, others are heard in between.
void TargetCalls::answer(net::Notifier& notifier) {
  const auto call = notifier.next();
  if (!call) return;
  if (follows_) {
    auto opened = opened_.news_of(*call);
    // What was read is the caller's only if it still waits.
    if (!opened.empty() && notifier.waits(*call) && opened_.note(std::move(opened)) && !tell_at_) {
      tell_at_ = Clock::now() + opens_rest;
    }
  }
  if (keeps_ports_) {
    const std::lock_guard lock(mutex_);
    if (ports_.answer(notifier, *call, Clock::now())) return;
  }
  notifier.let_go_on(*call);
}

}  // namespace reloadrun::app
