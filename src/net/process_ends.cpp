#include "net/process_ends.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/clock.hpp"

namespace reloadrun::net {

ProcessEnds::ProcessEnds()
    : waiting_(require_fd(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

void ProcessEnds::watch(pid_t process) {
  Fd& handle = processes_[process];
  if (handle) return;
  handle = Fd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  epoll_event event{};
  event.events = EPOLLIN;
  if (!handle || ::epoll_ctl(waiting_.get(), EPOLL_CTL_ADD, handle.get(), &event) != 0) {
    processes_.erase(process);
  }
}

bool ProcessEnds::take() {
  if (readiness(fd(), POLLIN) == 0) return false;
  const auto ended = std::erase_if(
      processes_, [](const auto& one) { return readiness(one.second.get(), POLLIN) != 0; });
  return ended != 0;
}

}  // namespace reloadrun::net
