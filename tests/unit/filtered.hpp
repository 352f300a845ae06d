// Runs a program whose system calls wait for this process, in unit tests of what is made of them.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/types.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ending.hpp"
#include "base/fd.hpp"
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
      std::array waiting{pollfd{notifier.fd(), POLLIN, 0}, end()};
      ::poll(waiting.data(), waiting.size(), -1);
      reap_if(waiting[1]);
      if ((waiting[0].revents & POLLIN) == 0 && waiting[0].revents != 0) return std::nullopt;
      if ((waiting[0].revents & POLLIN) == 0) continue;
      if (auto call = notifier.next()) return call;
    }
  }
  /// Its end, to be waited for beside the notifier: before Linux 6.11 the dead may still call, for
  /// all that the kernel tells, until they are reaped.
  [[nodiscard]] pollfd end() const { return {process_.get(), POLLIN, 0}; }
  void reap_if(const pollfd& end) {
    if (end.revents == 0) return;
    ended_ = proc::wait_for_child(pid_);
    process_ = Fd();
  }
  [[nodiscard]] Ending wait() const { return ended_ ? *ended_ : proc::wait_for_child(pid_); }

  net::Notifier notifier;

 private:
  explicit FilteredProgram(proc::Spawned spawned)
      : notifier(std::move(spawned.listener)),
        pid_(spawned.pid),
        process_(proc::open_process(pid_)) {}

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
  Fd process_;
  std::optional<Ending> ended_;
};

}  // namespace reloadrun::test
