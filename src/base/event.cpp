#include "base/event.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace reloadrun {

Event::Event() : fd_(require_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

void Event::set() const {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(fd_.get(), &one, sizeof one));  // cannot fail: the count never fills
}

void Event::reset() const {
  std::uint64_t count = 0;
  static_cast<void>(!::read(fd_.get(), &count, sizeof count));
}

}  // namespace reloadrun
