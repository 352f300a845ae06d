#include "proc/signals.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/format.hpp"

namespace reloadrun::proc {
namespace {

constexpr std::array stop_signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

void do_nothing(int) {}

/// Async-signal-safe.
void set_disposition(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

std::uint64_t bit(int signal) { return std::uint64_t{1} << (signal - 1); }

sigset_t terminal_stops() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTSTP, SIGTTIN, SIGTTOU}) sigaddset(&set, signal);
  return set;
}

/// What a line of /proc/PID/status says of signals: a bit each; none when there is no such line.
/// `line`: its name with the end of the line before, as a process may be called like it, the colon
/// and the tab. Async-signal-safe.
std::uint64_t signals_in(std::string_view status, std::string_view line) {
  const auto place = status.find(line);
  std::uint64_t signals = 0;
  if (place != std::string_view::npos) {
    std::from_chars(status.data() + place + line.size(), status.data() + status.size(), signals,
                    16);
  }
  return signals;
}

/// Those pending for a whole process; none when it cannot be read. Async-signal-safe.
std::uint64_t pending_signals(const char* status_file) {
  const int file = ::open(status_file, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::array<char, 4096> text{};  // long enough but for hundreds of supplementary groups
  const ssize_t length = ::read(file, text.data(), text.size());
  ::close(file);
  return signals_in({text.data(), length < 0 ? 0 : static_cast<std::size_t>(length)},
                    "\nShdPnd:\t");
}

}  // namespace

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

bool is_caught(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN &&
         action.sa_handler != SIG_DFL;
}

void outlive_stop_signals() {
  for (const int signal : stop_signals) {
    if (!is_ignored(signal) && !is_caught(signal)) set_disposition(signal, do_nothing);
  }
  ::pthread_atfork(nullptr, nullptr, [] {
    for (const int signal : stop_signals) {
      struct sigaction action {};
      ::sigaction(signal, nullptr, &action);
      if (action.sa_handler == do_nothing) set_disposition(signal, SIG_DFL);
    }
  });
}

void SignalsGiven::restore_mask() const {
  const sigset_t set = mask_set();
  ::pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

void SignalsGiven::restore() const {
  if (child_ignored) set_disposition(SIGCHLD, SIG_IGN);
  restore_mask();
}

sigset_t SignalsGiven::mask_set() const {
  sigset_t set;
  sigemptyset(&set);
  for (int signal = 1; signal < NSIG; ++signal) {
    if ((mask & bit(signal)) != 0) sigaddset(&set, signal);
  }
  return set;
}

void SignalsGiven::let_stops_through() const {
  sigset_t stops = terminal_stops();
  for (const int signal : {SIGTSTP, SIGTTIN, SIGTTOU}) {
    if ((mask & bit(signal)) != 0) sigdelset(&stops, signal);
  }
  ::pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);
}

SignalsGiven take_signals() {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int signal :
       {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD, SIGPIPE, SIGIO, SIGXFSZ}) {
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
    if (sigismember(&before, signal) == 1) given.mask |= bit(signal);
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

bool missed_terminal_signal(const char* parent_status) {
  // In this order: what comes between the two is pending here as well.
  const std::uint64_t pending_there = pending_signals(parent_status);
  sigset_t pending_here;
  if (::sigpending(&pending_here) != 0) return false;
  const auto missed = [&](int signal) {
    return (pending_there & bit(signal)) != 0 && sigismember(&pending_here, signal) == 0;
  };
  return missed(SIGINT) || missed(SIGQUIT) || missed(SIGHUP);
}

bool answers_signal(pid_t pid, int signal, const SignalsGiven& given) {
  const std::string status = read_kernel_file(fmt::format("/proc/{}/status", pid));
  const std::uint64_t blocked_by_itself = signals_in(status, "\nSigBlk:\t") & ~given.mask;
  const std::uint64_t answered =
      (signals_in(status, "\nSigCgt:\t") | blocked_by_itself) & ~signals_in(status, "\nSigIgn:\t");
  return (answered & bit(signal)) != 0;
}

StopsHeld::StopsHeld() {
  const sigset_t stops = terminal_stops();
  ::pthread_sigmask(SIG_BLOCK, &stops, &before_);
}

StopsHeld::~StopsHeld() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

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
