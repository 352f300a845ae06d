#include "core/backoff.hpp"

#include <algorithm>

namespace reloadrun::core {

Backoff::Duration Backoff::after_run_of(Duration ran) {
  if (ran >= good_run) next_ = Duration::zero();
  const Duration delay = next_;
  next_ = std::clamp(next_ * 2, first_delay, longest_delay);
  return delay;
}

}  // namespace reloadrun::core
