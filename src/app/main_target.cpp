#include "app/main_target.hpp"

#include <cxxabi.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "app/words.hpp"
#include "base/log.hpp"
#include "proc/filter.hpp"

namespace reloadrun::app {
namespace {

constexpr int status_mask = 0xff;  // what a process's parent hears of its status (POSIX, exit())

std::vector<Fd> copies_of(const std::vector<Fd>& sockets) {
  std::vector<Fd> copies;
  for (const Fd& socket : sockets) {
    // Of the socket itself, so that the last program to have it may have left it non-blocking.
    ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) & ~O_NONBLOCK);
    copies.push_back(require_fd(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0), "fcntl"));
  }
  return copies;
}

}  // namespace

MainTarget::MainTarget(const Guest& guest, const proc::SignalsGiven& signals,
                       std::vector<Fd> sockets, TargetCalls& calls, const LoadedFiles& loaded)
    : guest_(guest),
      signals_(signals),
      calls_(calls),
      loaded_(loaded),
      sockets_(std::move(sockets)) {}

void MainTarget::replace_socket(std::size_t place, Fd socket) {
  sockets_.at(place) = std::move(socket);
  offer_sockets(copies_of(sockets_));
}

std::function<void()> MainTarget::work_for(const Start& start) {
  was_started_ = true;
  // While nobody reads them: the worker, and what it starts, comes after this.
  ::setenv(generation_variable, std::to_string(start.generation).c_str(), 1);
  ::setenv(changed_files_variable, start.changed.c_str(), 1);
  offer_sockets(copies_of(sockets_));
  return [this] { work(); };
}

void MainTarget::ask_to_end() { asked_to_end_.set(); }

void MainTarget::give_up() {
  if (!busy()) return;
  log::warn("the main function has not ended: the process ends without it");
  abandon_worker();
}

proc::Sent MainTarget::forward(int signal) const {
  if (!busy() || !proc::is_caught(signal)) return proc::Sent::gone;
  return ::kill(::getpid(), signal) == 0 ? proc::Sent::yes : proc::Sent::refused;
}

// On the worker thread, from here on.

void MainTarget::work() {
  const TimePoint begun = Clock::now();
  signals_.restore_mask();
  tell(announce());
  // A thread of the worker's, so that what a callback does is filtered as well.
  const int asked = asked_to_end_.fd();
  std::thread([asked, stop = stop_]() mutable {
    pollfd readable{asked, POLLIN, 0};
    while (::poll(&readable, 1, -1) < 0 && errno == EINTR) {
    }
    stop.request_stop();
  }).detach();
  News last;
  try {
    last = call_main();
  } catch (const abi::__forced_unwind&) {  // pthread_exit(): to be let through
    last.kind = News::Kind::ended;
    last.ran = Clock::now() - begun;
    tell(std::move(last));
    throw;
  }
  last.ran = Clock::now() - begun;
  tell(std::move(last));
}

Target::News MainTarget::announce() const {
  News news;
  news.kind = News::Kind::started;
  news.pid = ::getpid();
  if (const auto filter = calls_.filter(); !filter.empty()) {
    Fd listener;
    news.unheard = proc::filter_this_thread(filter, listener);
    if (listener) calls_.serve(std::move(listener));
  }
  return news;
}

Target::News MainTarget::call_main() {
  News last;
  last.kind = News::Kind::ended;
  try {
    last.ending.value = guest_.main_func(stop_.get_token()) & status_mask;
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (const std::exception& error) {
    last.fault = error.what();
    last.ending.value = status_failure;
  } catch (...) {
    last.fault = "no std::exception";
    last.ending.value = status_failure;
  }
  return last;
}

}  // namespace reloadrun::app
