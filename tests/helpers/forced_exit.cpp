#include "helpers/forced_exit.hpp"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <cerrno>

#include "base/fd.hpp"

namespace reloadrun::test {

#if defined(__x86_64__)
bool force_exit_3(pid_t pid) {
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, PTRACE_O_TRACESYSGOOD) != 0) {
    if (errno == ESRCH) return false;
    throw_errno("ptrace");
  }
  ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
  constexpr int system_call_stop = SIGTRAP | 0x80;
  for (;;) {
    int status = 0;
    if (::waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status)) return false;
    if (WSTOPSIG(status) == system_call_stop) break;
    const bool is_signal = (status >> 16) == 0;
    const auto signal = static_cast<long>(is_signal ? WSTOPSIG(status) : 0);
    if (::ptrace(PTRACE_SYSCALL, pid, nullptr, signal) != 0 && errno != ESRCH)
      throw_errno("ptrace");
  }
  user_regs_struct registers{};
  if (::ptrace(PTRACE_GETREGS, pid, nullptr, &registers) != 0) return false;
  registers.orig_rax = SYS_exit_group;
  registers.rdi = 3;
  if (::ptrace(PTRACE_SETREGS, pid, nullptr, &registers) != 0) return false;
  return ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr) == 0;
}
#else
bool force_exit_3(pid_t /*pid*/) { return false; }
#endif

}  // namespace reloadrun::test
