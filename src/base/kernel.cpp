#include "base/kernel.hpp"

#include <sys/utsname.h>

#include <cstdio>

namespace reloadrun {

KernelVersion kernel_version() {
  utsname name{};
  KernelVersion version;
  if (::uname(&name) != 0) return {};
  // NOLINTNEXTLINE(cert-err34-c)
  const bool known = std::sscanf(name.release, "%d.%d", &version.major, &version.minor) == 2;
  return known ? version : KernelVersion{};
}

}  // namespace reloadrun
