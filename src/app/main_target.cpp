#include "app/main_target.hpp"

#include <cxxabi.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "proc/filter.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

constexpr int status_mask = 0xff;  // what a process's parent hears of its status (POSIX, exit())

}  // namespace

MainTarget::MainTarget(const Guest& guest, const proc::SignalsGiven& signals,
                       std::vector<Fd> sockets, TargetCalls& calls, const LoadedFiles& loaded)
    : guest_(guest), signals_(signals), calls_(calls), loaded_(loaded) {
  offer_sockets(std::move(sockets));
}

void MainTarget::replace_socket(std::size_t place, Fd socket) {
  replace_offered_socket(place, std::move(socket));
}

std::function<void()> MainTarget::work_for(const Start& start) {
  was_started_ = true;
  // While nobody reads them: the worker, and what it starts, comes after this.
  ::setenv(generation_variable, std::to_string(start.generation).c_str(), 1);
  ::setenv(changed_files_variable, start.changed.c_str(), 1);
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

/// Tells of the end, also when the thread ends by pthread_exit(), which unwinds it.
class MainTarget::TellsEnd {
 public:
  explicit TellsEnd(MainTarget& target) : target_(target) { news.kind = News::Kind::ended; }
  ~TellsEnd() {
    news.ran = Clock::now() - begun_;
    target_.tell(std::move(news));
  }
  TellsEnd(const TellsEnd&) = delete;
  TellsEnd& operator=(const TellsEnd&) = delete;

  News news;

 private:
  MainTarget& target_;
  const TimePoint begun_ = Clock::now();
};

void MainTarget::work() {
  signals_.restore_mask();
  tell(announce());
  TellsEnd end(*this);
  // A thread of the worker's, so that what a callback does is filtered as well.
  std::thread([asked = asked_to_end_.fd(), stop = stop_]() mutable {
    pollfd readable{asked, POLLIN, 0};
    wait_for({&readable, 1}, std::nullopt);
    stop.request_stop();
  }).detach();
  call_main(end.news);
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

void MainTarget::call_main(News& end) {
  try {
    end.ending.value = guest_.main_func(stop_.get_token()) & status_mask;
  } catch (const abi::__forced_unwind&) {  // pthread_exit(): to be let through
    throw;
  } catch (const std::exception& error) {
    end.fault = error.what();
    end.ending.value = status_failure;
  } catch (...) {
    end.fault = "no std::exception";
    end.ending.value = status_failure;
  }
}

}  // namespace reloadrun::app
