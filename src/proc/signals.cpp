#include "proc/signals.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fmt/format.h"

namespace reloadrun::proc {
namespace {

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void set_disposition(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

sigset_t SignalsGiven::mask_set() const {
  sigset_t set;
  sigemptyset(&set);
  for (int signal = 1; signal < NSIG; ++signal) {
    if ((mask >> (signal - 1) & 1U) != 0) sigaddset(&set, signal);
  }
  return set;
}

SignalsGiven take_signals() {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int signal :
       {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD, SIGPIPE, SIGIO}) {
    // A blocked signal would reach a descriptor even when it is ignored.
    if (signal == SIGCHLD || !is_ignored(signal)) sigaddset(&ours, signal);
  }
  sigset_t before;
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &ours, &before); error != 0) {
    errno = error;
    throw_errno("pthread_sigmask");
  }
  SignalsGiven given;
  for (int signal = 1; signal < NSIG; ++signal) {
    if (sigismember(&before, signal) == 1) given.mask |= std::uint64_t{1} << (signal - 1);
  }
  given.child_ignored = is_ignored(SIGCHLD);
  if (given.child_ignored) set_disposition(SIGCHLD, SIG_DFL);
  return given;
}

SignalFd::SignalFd(const std::vector<int>& wanted) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : wanted) {
    if (!is_ignored(signal)) sigaddset(&set, signal);
  }
  fd_ = require_fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
}

std::optional<signalfd_siginfo> SignalFd::next() {
  signalfd_siginfo info{};
  const ssize_t got = ::read(fd_.get(), &info, sizeof info);
  if (got == sizeof info) return info;
  if (got < 0 && errno != EAGAIN && errno != EINTR) throw_errno("read signalfd");
  return std::nullopt;
}

bool from_terminal(const signalfd_siginfo& signal) {
  if (signal.ssi_code != SI_KERNEL) return false;
  const bool to_leader_alone =
      static_cast<int>(signal.ssi_signo) == SIGHUP && ::getsid(0) == ::getpid();
  return !to_leader_alone;
}

bool terminal_signal_pending() {
  sigset_t pending;
  if (::sigpending(&pending) != 0) return false;
  return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGQUIT) == 1 ||
         sigismember(&pending, SIGHUP) == 1;
}

std::string signal_name(int signal) {
  if (const char* name = ::sigabbrev_np(signal)) return fmt::format("SIG{}", name);
  if (signal >= SIGRTMIN && signal <= SIGRTMAX)
    return fmt::format("SIGRTMIN+{}", signal - SIGRTMIN);
  return fmt::format("signal {}", signal);
}

void die_by(int signal) {
  ::prctl(PR_SET_DUMPABLE, 0);
  set_disposition(signal, SIG_DFL);
  ::kill(::getpid(), signal);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  ::_exit(128 + signal);
}

}  // namespace reloadrun::proc
