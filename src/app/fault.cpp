#include "app/fault.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iterator>
#include <system_error>

#include "base/format.hpp"
#include "base/printable.hpp"

namespace reloadrun::app {
namespace {

const char* remedy(const std::exception& error) {
  const auto* const failure = dynamic_cast<const std::system_error*>(&error);
  switch (failure != nullptr ? failure->code().value() : 0) {
    case EMFILE:
      return "allow it more open files (ulimit -n)";
    case EAGAIN:  // of a new process or thread, nothing else that is thrown
      return "allow it more processes (ulimit -u)";
    default:
      return "this should not be; see what the system lacks, or report it";
  }
}

}  // namespace

void tell_fault(const std::exception& error) { tell_fault(error.what(), remedy(error)); }

void tell_fault(const std::string& what_is_wrong, const std::string& what_to_do) {
  const auto line = printable(what_is_wrong + ": " + what_to_do);
  // A stderr that nobody reads must not decide the status.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), "reloadrun: {}\n", line);
  static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
}

}  // namespace reloadrun::app
