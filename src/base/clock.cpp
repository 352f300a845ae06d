#include "base/clock.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "base/fd.hpp"

namespace reloadrun {

void wait_for(std::span<pollfd> descriptors, Deadline until) {
  for (;;) {
    std::timespec left{};
    if (until) {
      const auto nanoseconds = std::max(*until - Clock::now(), Duration::zero()).count();
      left.tv_sec = nanoseconds / 1'000'000'000;
      left.tv_nsec = nanoseconds % 1'000'000'000;
    }
    if (::ppoll(descriptors.data(), descriptors.size(), until ? &left : nullptr, nullptr) >= 0) {
      return;
    }
    if (errno != EINTR) throw_errno("ppoll");
  }
}

short readiness(int fd, short events) {
  pollfd state{fd, events, 0};
  return ::poll(&state, 1, 0) == 1 ? state.revents : short{0};
}

}  // namespace reloadrun
