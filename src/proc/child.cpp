#include "proc/child.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/clock.hpp"
#include "proc/stat.hpp"
#include "proc/tree.hpp"

namespace reloadrun::proc {

// By number: glibc 2.36 declares its wrappers without C linkage, and older ones have none.
Fd open_process(pid_t pid) {
  const int number = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (number < 0 && errno != ESRCH) throw_errno("pidfd_open");
  return Fd(number);
}

Sent send_signal(const Fd& process, int signal) {
  if (::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0) return Sent::yes;
  return errno == EPERM ? Sent::refused : Sent::gone;
}

Ending wait_for_child(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw_errno("waitpid");
  }
  return ending_from_wait(status);
}

std::optional<Reaped> reap_any() {
  int status = 0;
  const pid_t pid = ::waitpid(-1, &status, WNOHANG);
  if (pid <= 0) return std::nullopt;
  return Reaped{pid, ending_from_wait(status)};
}

bool has_ended(pid_t child) {
  siginfo_t info{};
  const int flags = WEXITED | WNOHANG | WNOWAIT;
  return ::waitid(P_PID, static_cast<id_t>(child), &info, flags) == 0 && info.si_pid == child;
}

std::optional<Ending> reap(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
  return ending_from_wait(status);
}

std::optional<Ending> ending_of(pid_t child, const Fd& handle) {
  if (auto ending = reap(child)) return ending;
  const bool has_ended = (handle && readiness(handle.get(), POLLIN) != 0) || is_zombie(child);
  if (!has_ended) return std::nullopt;
  // It may have ended since it was not to be reaped above.
  if (auto ending = reap(child)) return ending;
  return ending_of_zombie(child);
}

namespace {

/// Those that have ended, but for `spared` and, with `flags`, others' (see waitpid(2)).
void reap_all(const std::set<pid_t>& spared, int flags) {
  if (no_child_left()) return;  // asked in no time
  int status = 0;
  for (const pid_t child : children_of(::getpid())) {
    if (!spared.contains(child)) ::waitpid(child, &status, WNOHANG | flags);
  }
}

}  // namespace

void reap_adopted(const std::set<pid_t>& spared) { reap_all(spared, __WNOTHREAD); }

void reap_all_but(const std::set<pid_t>& spared) { reap_all(spared, 0); }

void reap_adopted() {
  int status = 0;
  while (::waitpid(-1, &status, WNOHANG | __WNOTHREAD) > 0) {
  }
}

bool no_child_left() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

}  // namespace reloadrun::proc
