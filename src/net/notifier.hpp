// The system calls of other processes that a seccomp filter notifies of: they wait in the kernel
// until they are answered here (seccomp_unotify(2)). Driven by one thread, which waits on fd().
//
// What a call names may be changed by other threads of its process meanwhile: good enough to know,
// never to permit. So a call is let go on whatever is found out about it, or it is answered in its
// place; a process is never held up for long.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/fd.hpp"
#include "base/system_calls.hpp"
#include "net/call_filter.hpp"

namespace reloadrun::net {

/// A system call that waits.
struct Call {
  std::uint64_t id = 0;
  pid_t thread = 0;  ///< 0: of a pid namespace that is not below ours
  Machine machine = Machine::native;
  int number = 0;  ///< on that machine
  std::array<std::uint64_t, 6> arguments{};

  [[nodiscard]] bool is(const SystemCall& call) const { return call.is(machine, number); }

  /// The text that an argument points to, of at most PATH_MAX bytes; nullopt when the process may
  /// not be read, and when there is none.
  [[nodiscard]] std::optional<std::string> text(std::size_t argument) const;
  /// The number that an argument points to.
  [[nodiscard]] std::optional<std::uint64_t> number_at(std::size_t argument) const;
  /// `size` bytes that an argument points to; nullopt when they cannot all be read.
  [[nodiscard]] std::optional<std::string> bytes(std::size_t argument, std::size_t size) const;
};

/// Whether this kernel can let a call go on (Linux 5.5) and says when nobody is left to call (5.9).
/// An older one has listeners (5.0), and would leave whoever calls waiting.
bool calls_can_go_on();

class Notifier {
 public:
  /// `listener`: as proc::spawn() gives it for a program with a filter.
  explicit Notifier(Fd listener);

  /// Readable when a call waits.
  [[nodiscard]] int fd() const { return listener_.get(); }

  /// A call that waits, to be answered by let_go_on(), answer_done() or answer_error(); nullopt
  /// when it has been given up meanwhile. To be called when fd() is readable: it might wait
  /// otherwise.
  std::optional<Call> next();

  /// Whether this call still waits. What was read of its process before is its own then, and not
  /// that of another that has its pid by now.
  [[nodiscard]] bool waits(const Call& call) const;
  void let_go_on(const Call& call);
  /// It returns 0, and is not carried out.
  void answer_done(const Call& call);
  /// It fails with `error`, and is not carried out.
  void answer_error(const Call& call, int error);
  /// Gives the caller `file`, which stays ours as well, as its descriptor `number`, in the place of
  /// what that was. False when it cannot be done. Needs Linux 5.9.
  bool put(const Call& call, int file, int number, bool close_on_exec);

 private:
  void answer(const Call& call, std::uint32_t flags, int error = 0);

  Fd listener_;
};

}  // namespace reloadrun::net
