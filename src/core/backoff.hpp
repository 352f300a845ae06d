// How long to wait before starting again what ends by itself. Driven by policy; no clock of its
// own.
#pragma once

#include <chrono>

namespace reloadrun::core {

/// Nothing at first, then doubling from 100 ms up to 5 s; a run of 5 s or more starts it over.
class Backoff {
 public:
  using Duration = std::chrono::nanoseconds;

  static constexpr Duration first_delay = std::chrono::milliseconds(100);
  static constexpr Duration longest_delay = std::chrono::seconds(5);
  static constexpr Duration good_run = std::chrono::seconds(5);

  /// The delay before the next start, after a run that lasted `ran`.
  Duration after_run_of(Duration ran);

 private:
  Duration next_ = Duration::zero();
};

}  // namespace reloadrun::core
