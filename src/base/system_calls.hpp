// The numbers of the system calls that are looked for in other processes, and in which of them such
// a process waits. Programs of two machines run on one kernel: those of the machine itself, and of
// its 32-bit one, which has other numbers: i386 on x86-64, ARM (EABI) on arm64. Any thread.
#pragma once

#include <sys/syscall.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace reloadrun {

/// Whose numbers the calls of a program have.
enum class Machine {
  native,  ///< this machine's own
  compat,  ///< those of its 32-bit one
};

/// A call by its numbers; a machine may have none for it.
struct SystemCall {
  static constexpr int none = -1;
  int native = none;
  int compat = none;

  [[nodiscard]] constexpr int on(Machine machine) const {
    return machine == Machine::native ? native : compat;
  }
  [[nodiscard]] constexpr bool is(Machine machine, int number) const {
    return number != none && on(machine) == number;
  }
  friend bool operator==(const SystemCall&, const SystemCall&) = default;
};

/// x32, a third kind of program on x86-64, has the numbers of x86-64 with this bit, and the same
/// arguments, in all that is named here.
#if defined(__x86_64__)
inline constexpr std::uint32_t x32_bit = 0x40000000;
#else
inline constexpr std::uint32_t x32_bit = 0;
#endif

// See asm/unistd_32.h of x86, and asm/unistd-common.h of ARM.
namespace calls {

#if defined(__x86_64__)
constexpr int compat(int i386, int /*arm*/) { return i386; }
inline constexpr SystemCall open{SYS_open, 5};
inline constexpr SystemCall creat{SYS_creat, 8};
inline constexpr SystemCall link{SYS_link, 9};
inline constexpr SystemCall unlink{SYS_unlink, 10};
inline constexpr SystemCall mknod{SYS_mknod, 14};
inline constexpr SystemCall chmod{SYS_chmod, 15};
inline constexpr SystemCall utime{SYS_utime, 30};
inline constexpr SystemCall rename{SYS_rename, 38};
inline constexpr SystemCall rmdir{SYS_rmdir, 40};
inline constexpr SystemCall symlink{SYS_symlink, 83};
inline constexpr SystemCall utimes{SYS_utimes, 271};
inline constexpr SystemCall futimesat{SYS_futimesat, 299};
inline constexpr SystemCall umount{SystemCall::none, 22};
inline constexpr SystemCall waitpid{SystemCall::none, 7};
inline constexpr SystemCall socketcall{SystemCall::none, 102};
#elif defined(__aarch64__)  // it leaves out what has a later one in its place
constexpr int compat(int /*i386*/, int arm) { return arm; }
inline constexpr SystemCall open{SystemCall::none, 5};
inline constexpr SystemCall creat{SystemCall::none, 8};
inline constexpr SystemCall link{SystemCall::none, 9};
inline constexpr SystemCall unlink{SystemCall::none, 10};
inline constexpr SystemCall mknod{SystemCall::none, 14};
inline constexpr SystemCall chmod{SystemCall::none, 15};
inline constexpr SystemCall utime{};
inline constexpr SystemCall rename{SystemCall::none, 38};
inline constexpr SystemCall rmdir{SystemCall::none, 40};
inline constexpr SystemCall symlink{SystemCall::none, 83};
inline constexpr SystemCall utimes{SystemCall::none, 269};
inline constexpr SystemCall futimesat{SystemCall::none, 326};
inline constexpr SystemCall umount{};
inline constexpr SystemCall waitpid{};
inline constexpr SystemCall socketcall{};
#else
#error "Which system calls are this machine's, and those of its 32-bit programs?"
#endif

inline constexpr SystemCall accept{SYS_accept, compat(SystemCall::none, 285)};
inline constexpr SystemCall accept4{SYS_accept4, compat(364, 366)};
inline constexpr SystemCall bind{SYS_bind, compat(361, 282)};
inline constexpr SystemCall chroot{SYS_chroot, 61};
inline constexpr SystemCall connect{SYS_connect, compat(362, 283)};
inline constexpr SystemCall fchmodat{SYS_fchmodat, compat(306, 333)};
inline constexpr SystemCall fchmodat2{452, 452};  // later than the headers of Debian 12
inline constexpr SystemCall io_uring_setup{SYS_io_uring_setup, 425};
inline constexpr SystemCall linkat{SYS_linkat, compat(303, 330)};
inline constexpr SystemCall listen{SYS_listen, compat(363, 284)};
inline constexpr SystemCall mknodat{SYS_mknodat, compat(297, 324)};
inline constexpr SystemCall mount{SYS_mount, 21};
inline constexpr SystemCall move_mount{SYS_move_mount, 429};
inline constexpr SystemCall openat{SYS_openat, compat(295, 322)};
inline constexpr SystemCall openat2{SYS_openat2, 437};
inline constexpr SystemCall pivot_root{SYS_pivot_root, compat(217, 218)};
inline constexpr SystemCall renameat{SYS_renameat, compat(302, 329)};
inline constexpr SystemCall renameat2{SYS_renameat2, compat(353, 382)};
inline constexpr SystemCall setns{SYS_setns, compat(346, 375)};
inline constexpr SystemCall shutdown{SYS_shutdown, compat(373, 293)};
inline constexpr SystemCall symlinkat{SYS_symlinkat, compat(304, 331)};
inline constexpr SystemCall truncate{SYS_truncate, 92};
inline constexpr SystemCall truncate64{SystemCall::none, 193};
inline constexpr SystemCall umount2{SYS_umount2, 52};
inline constexpr SystemCall unlinkat{SYS_unlinkat, compat(301, 328)};
inline constexpr SystemCall utimensat{SYS_utimensat, compat(320, 348)};
inline constexpr SystemCall utimensat_time64{SystemCall::none, 412};
inline constexpr SystemCall wait4{SYS_wait4, 114};
inline constexpr SystemCall waitid{SYS_waitid, compat(284, 280)};

}  // namespace calls

/// What a thread sleeps in.
struct SleepingCall {
  Machine machine = Machine::native;
  int number = 0;
  std::array<std::uint64_t, 6> arguments{};

  [[nodiscard]] bool is(const SystemCall& call) const { return call.is(machine, number); }
};

/// nullopt when it runs, or may not be read. A program of 64 bits is taken to make its own calls.
std::optional<SleepingCall> call_of(pid_t thread);

/// A value of an auxiliary vector, as /proc/PID/auxv has it, of a program of either machine: see
/// getauxval(3). 0 where there is none.
std::uint64_t auxiliary_value(std::string_view vector, unsigned long type);

}  // namespace reloadrun
