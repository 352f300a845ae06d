// Runs a program whose system calls wait for this process, in unit tests of what is made of them.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ending.hpp"
#include "net/call_filter.hpp"
#include "net/notifier.hpp"
#include "proc/child.hpp"
#include "proc/spawn.hpp"

namespace reloadrun::test {

/// Every call that next() returns is to be answered through `notifier`, and after the last the
/// program's end is to be waited for.
class FilteredProgram {
 public:
  FilteredProgram(const std::vector<std::string>& arguments, const net::CallFilter& filter)
      : FilteredProgram(start(arguments, filter)) {}

  /// Waits for it; nullopt when nobody is left to call.
  std::optional<net::Call> next() {
    for (;;) {
      pollfd waiting{notifier.fd(), POLLIN, 0};
      ::poll(&waiting, 1, -1);
      if ((waiting.revents & POLLIN) == 0) return std::nullopt;
      if (auto call = notifier.next()) return call;
    }
  }
  [[nodiscard]] Ending wait() const { return proc::wait_for_child(pid_); }

  net::Notifier notifier;

 private:
  explicit FilteredProgram(proc::Spawned spawned)
      : notifier(std::move(spawned.listener)), pid_(spawned.pid) {}

  static proc::Spawned start(const std::vector<std::string>& arguments,
                             const net::CallFilter& filter) {
    proc::Program program;
    program.file = proc::find_executable(arguments.front()).file;
    program.arguments = arguments;
    program.environment = proc::environment_without({});
    program.filter = filter.program();
    auto spawned = proc::spawn(program);
    EXPECT_EQ(spawned.error, 0);
    EXPECT_EQ(spawned.filter_error, 0);
    return spawned;
  }

  pid_t pid_;
};

}  // namespace reloadrun::test
