#include "helpers/forced_exit.hpp"

#include <elf.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <cerrno>

#include "base/fd.hpp"

namespace reloadrun::test {
namespace {

/// What a process calls that stands at the beginning of a system call; with one argument.
bool set_call(pid_t pid, int number, unsigned long argument) {
  user_regs_struct registers{};
  iovec all{&registers, sizeof registers};
  if (::ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all) != 0) return false;
#if defined(__x86_64__)
  registers.orig_rax = static_cast<unsigned long>(number);
  registers.rdi = argument;
#elif defined(__aarch64__)
  registers.regs[0] = argument;
  iovec call{&number, sizeof number};
  if (::ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &call) != 0) return false;
#else
#error "Which registers have a system call?"
#endif
  return ::ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all) == 0;
}

}  // namespace

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
  if (!set_call(pid, SYS_exit_group, 3)) return false;
  return ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr) == 0;
}

}  // namespace reloadrun::test
