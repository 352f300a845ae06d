#include "proc/terminal.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace reloadrun::proc {
namespace {

/// While a process outside the foreground changes its terminal, SIGTTOU would stop it.
class WithoutTtou {
 public:
  WithoutTtou() {
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGTTOU);
    ::pthread_sigmask(SIG_BLOCK, &only, &before_);
  }
  WithoutTtou(const WithoutTtou&) = delete;
  WithoutTtou& operator=(const WithoutTtou&) = delete;
  ~WithoutTtou() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

bool same_modes(const termios& a, const termios& b) {
  return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag &&
         a.c_lflag == b.c_lflag && a.c_line == b.c_line &&
         std::memcmp(a.c_cc, b.c_cc, sizeof a.c_cc) == 0 && a.c_ispeed == b.c_ispeed &&
         a.c_ospeed == b.c_ospeed;
}

}  // namespace

Terminal::Terminal() : terminal_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}

void Terminal::save() {
  if (!terminal_ || ::tcgetpgrp(terminal_.get()) != ::getpgrp()) return;
  termios modes{};
  if (::tcgetattr(terminal_.get(), &modes) == 0) saved_ = modes;
}

void Terminal::restore() {
  if (!terminal_ || !saved_ || !take_back_foreground()) return;
  termios now{};
  if (::tcgetattr(terminal_.get(), &now) != 0 || same_modes(now, *saved_)) return;
  const WithoutTtou guard;
  // A failure means that the terminal has gone, and its modes with it.
  static_cast<void>(::tcsetattr(terminal_.get(), TCSANOW, &*saved_));
}

bool Terminal::take_back_foreground() const {
  const pid_t foreground = ::tcgetpgrp(terminal_.get());
  if (foreground == ::getpgrp()) return true;
  if (foreground <= 0) return false;  // no terminal any more, or a group of another pid namespace
  const bool somebody_has_it = ::kill(-foreground, 0) == 0 || errno != ESRCH;
  if (somebody_has_it) return false;
  const WithoutTtou guard;
  return ::tcsetpgrp(terminal_.get(), ::getpgrp()) == 0;
}

}  // namespace reloadrun::proc
