// Which system calls a notifier is to hear of, as a program for the kernel (seccomp(2)). Made by
// who starts a process that is to be filtered; any thread.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace reloadrun::net {

/// Whose numbers the calls of a program have.
enum class Machine {
  native,  ///< this machine's own
  compat,  ///< 32-bit x86's, on a 64-bit one that runs such programs as well
};
inline constexpr Machine native = Machine::native;
inline constexpr Machine compat = Machine::compat;

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
  /// The first rule that fits a call decides. `call` is its number on that machine.
  void notify(int call, When when = {}, Machine machine = Machine::native);
  /// It fails with `error`, and nobody is notified.
  void refuse(int call, int error, Machine machine = Machine::native);

  /// Empty when no call is named: then there is to be no filter, which by itself takes rights away.
  [[nodiscard]] std::vector<sock_filter> program() const;

 private:
  struct Rule {
    Machine machine = Machine::native;
    int call = 0;
    When when;
    std::uint32_t answer = 0;
  };
  void append_rules(std::vector<sock_filter>& program, Machine machine) const;

  std::vector<Rule> rules_;
};

}  // namespace reloadrun::net
