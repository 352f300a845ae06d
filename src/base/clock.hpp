// Time as reloadrun measures it: monotonic, the same in every process of this boot, so that a point
// in time may be handed from one process to the next.
#pragma once

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <type_traits>

namespace reloadrun {

using Clock = std::chrono::steady_clock;
using Duration = Clock::duration;
using TimePoint = Clock::time_point;
using Deadline = std::optional<TimePoint>;  // nullopt: never

static_assert(std::is_same_v<Duration, std::chrono::nanoseconds>);

/// The earlier of the two.
inline Deadline earlier(Deadline a, Deadline b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

/// Waits until one of `descriptors` is ready or `until` has come. Fills in their revents; throws
/// std::system_error when poll cannot be done at all.
void wait_for(std::span<pollfd> descriptors, Deadline until);

/// What of `events` `fd` is ready for now, with POLLHUP and POLLERR, of which poll(2) tells unasked.
short readiness(int fd, short events);

}  // namespace reloadrun
