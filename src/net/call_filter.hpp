// Which system calls a notifier is to hear of, as a program for the kernel (seccomp(2)). Made by
// who starts a process that is to be filtered; any thread.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "base/system_calls.hpp"

namespace reloadrun::net {

/// A condition on the low half of one argument.
struct When {
  enum class Test { always, any_bit, equals } test = Test::always;
  int argument = 0;
  std::uint32_t value = 0;

  static When any_bit(int argument, std::uint32_t bits) { return {Test::any_bit, argument, bits}; }
  static When equals(int argument, std::uint32_t value) { return {Test::equals, argument, value}; }
};

/// What is not named passes as if there were no filter.
class CallFilter {
 public:
  /// The first rule that fits a call decides.
  void notify(SystemCall call, When when = {});
  /// It fails with `error`, and nobody is notified.
  void refuse(SystemCall call, int error);

  /// Empty when no call is named: then there is to be no filter, which by itself takes rights away.
  [[nodiscard]] std::vector<sock_filter> program() const;

 private:
  struct Rule {
    SystemCall call;
    When when;
    std::uint32_t answer = 0;
  };
  void append_rules(std::vector<sock_filter>& program, Machine machine) const;

  std::vector<Rule> rules_;
};

}  // namespace reloadrun::net
