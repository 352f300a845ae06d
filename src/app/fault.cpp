#include "app/fault.hpp"

#include <unistd.h>

#include <csignal>

#include "app/words.hpp"
#include "fmt/format.h"

namespace reloadrun::app {

void tell_fault(const std::string& what_is_wrong, const std::string& what_to_do) {
  const auto line = printable(what_is_wrong + ": " + what_to_do);
  // A stderr that nobody reads must not decide the status.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), "reloadrun: {}\n", line);
  static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
}

}  // namespace reloadrun::app
