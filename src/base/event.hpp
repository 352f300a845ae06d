// Wakes a thread that waits on descriptors. Any thread sets it; one waits for it and resets it.
#pragma once

#include "base/fd.hpp"

namespace reloadrun {

class Event {
 public:
  /// Not set. Throws std::system_error.
  Event();

  /// Readable while it is set.
  [[nodiscard]] int fd() const { return fd_.get(); }

  void set() const;
  void reset() const;

 private:
  Fd fd_;
};

}  // namespace reloadrun
