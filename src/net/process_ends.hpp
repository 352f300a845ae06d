// Tells when one of some processes has ended, whoever's children they are. Driven by
// net/keep_ports, on its thread, which waits on fd().
#pragma once

#include <sys/types.h>

#include <map>

#include "base/fd.hpp"

namespace reloadrun::net {

class ProcessEnds {
 public:
  ProcessEnds();

  /// Readable when one has ended.
  [[nodiscard]] int fd() const { return waiting_.get(); }

  /// From now on it is one of them. Not when it has ended already, or cannot be watched.
  void watch(pid_t process);
  /// Whether any has ended since this was last asked.
  bool take();

 private:
  Fd waiting_;
  std::map<pid_t, Fd> processes_;
};

}  // namespace reloadrun::net
