// The one exception of reloadrun for "this cannot go on".
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "reloadrun/export.hpp"

namespace reloadrun {

/// Exit statuses of reloadrun itself; those of 126 and 127 are the shell's (POSIX, XCU 2.8.2).
enum ExitStatus : int {
  status_stopped = 0,           ///< the user has asked for the end
  status_failure = 1,           ///< something went wrong in reloadrun itself
  status_usage = 2,             ///< what was asked for makes no sense
  status_reload = 3,            ///< the reloader to its supervisor: start me again
  status_not_executable = 126,  ///< COMMAND can't be executed
  status_not_found = 127,       ///< COMMAND is not found
};

/// Says what is wrong, what to do about it, and with which status to end.
class RELOADRUN_EXPORT Error : public std::runtime_error {
 public:
  /// Both are sentences without a full stop; they are shown with a colon between them.
  Error(const std::string& what_is_wrong, std::string what_to_do, int exit_status)
      : std::runtime_error(what_is_wrong),
        what_to_do_(std::move(what_to_do)),
        exit_status_(exit_status) {}

  /// What is wrong is what() says.
  [[nodiscard]] const std::string& what_to_do() const noexcept { return what_to_do_; }
  /// One of ExitStatus.
  [[nodiscard]] int exit_status() const noexcept { return exit_status_; }

 private:
  std::string what_to_do_;
  int exit_status_;
};

}  // namespace reloadrun
