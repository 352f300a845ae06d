// Which Linux this is. Any thread.
#pragma once

#include <compare>

namespace reloadrun {

struct KernelVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const KernelVersion&) const = default;
};

/// As it calls itself; 0.0 when that is no number.
KernelVersion kernel_version();

}  // namespace reloadrun
