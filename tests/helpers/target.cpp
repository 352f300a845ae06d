// The test target: tells through a FIFO what it was given, then does what its orders say, one after
// the other, and at their end waits to be stopped.
//
//     test_target FIFO [ORDER...]
//
//     exit=N        end with this status
//     die=N         end by this signal
//     ignore=N      ignore a signal
//     tell=N        report a signal ("signal number=N") and go on
//     end-by=N      end with 0 on this signal
//     last-words=N  on this signal report "last-words", and end with 7
//     daemon        leave a daemon behind: forked twice, in a session of its own
//     child=ORDER   fork a child that does one order and waits
//     raw           switch the terminal's echo and line editing off
//     take-terminal become the terminal's foreground group, as a shell does; -deaf: and ignore TERM
//     first=ORDER   do it in the first generation alone
//     read          report each line of stdin ("line text=...")
//     become-root   take root's ids for good, as sudo does (for a set-user-ID copy of this program)
//     touch=FILE    make a file, or set its time to now
//     log=FILE      keep a file open, append a line to it now, on USR2 ("logged"), and on TERM
//     seen=N        report what stands in the files 0 to N-1 ("seen text=...")
//     slow=MS       go on only after a random time of at most so many milliseconds
//     slow-stop=MS  the same, between TERM and the end
//     threads       have a second thread
//     fork-on       fork and end in the parent, again and again, ignoring TERM
//     sockets       report what it knows of sockets that it was given ("sockets pid=...")
//     non-blocking=FD   make a socket so
//     shut-down=FD      shut a socket down for all who hold it, and report "shut-down"
//     serve=FD      accept a connection, say the generation, and close it, again and again; on TERM
//                   shut the socket down, and report "served" and end once accept has failed

#include "helpers/target.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "fmt/format.h"
#include "helpers/escape.hpp"
#include "helpers/reporting.hpp"

using namespace reloadrun::test;

namespace {

std::string open_descriptors() {
  std::string open;
  for (int fd = 0; fd < 1024; ++fd) {
    if (fd != fifo && ::fcntl(fd, F_GETFD) >= 0) open += fmt::format("{},", fd);
  }
  return open;
}

std::string signals_where(bool (*holds)(int)) {
  std::string numbers;
  for (int number = 1; number <= 31; ++number) {
    if (holds(number)) numbers += fmt::format("{},", number);
  }
  return numbers;
}

bool is_blocked(int number) {
  sigset_t mask;
  ::sigprocmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, number) == 1;
}

bool is_ignored(int number) {
  struct sigaction action {};
  ::sigaction(number, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

std::string working_directory() {
  std::error_code nowhere;
  return fmt::format("'{}'", std::filesystem::current_path(nowhere).string());
}

void report_start(int argc, char** argv) {
  std::string arguments;
  for (int i = 2; i < argc; ++i) arguments += fmt::format("[{}]", argv[i]);
  std::string environment;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view text(*one);
    environment += fmt::format("{} ", text.substr(0, text.find('=')));
  }
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  report(fmt::format(
      "start time={} pid={} parent={} group={} generation={} changed={} run_main={} given={} "
      "arguments={} descriptors={} blocked={} ignored={} environment={} directory={} pwd={}",
      now.tv_sec * 1'000'000'000 + now.tv_nsec, ::getpid(), ::getppid(), ::getpgrp(),
      escape(variable("RELOADRUN_GENERATION")), escape(variable("RELOADRUN_CHANGED")),
      escape(variable("RUN_MAIN")), escape(variable("GIVEN")), escape(arguments),
      open_descriptors(), signals_where(is_blocked), signals_where(is_ignored), escape(environment),
      escape(working_directory()), escape(variable("PWD"))));
}

void tell_signal(int number) { report(fmt::format("signal number={} pid={}", number, ::getpid())); }

void last_words(int number) {
  report(fmt::format("last-words number={} pid={}", number, ::getpid()));
  ::_exit(7);
}

/// Forks; the parent goes on when the child, or its heir, has called the returned function: so that
/// what it reports comes first.
std::function<void()> fork_and_wait(bool& is_child) {
  int ends[2];
  if (::pipe(ends) != 0) ::_exit(96);
  is_child = ::fork() == 0;
  if (is_child) {
    ::close(ends[0]);
    return [end = ends[1]] { static_cast<void>(!::write(end, "x", 1)); };
  }
  ::close(ends[1]);
  char byte = 0;
  while (::read(ends[0], &byte, 1) < 0) {
  }
  ::close(ends[0]);
  return {};
}

void leave_daemon() {
  bool is_child = false;
  const auto done = fork_and_wait(is_child);
  if (!is_child) return;
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  report(fmt::format("daemon pid={}", ::getpid()));
  done();
  for (;;) ::pause();
}

void make_raw() {
  termios modes{};
  ::tcgetattr(STDIN_FILENO, &modes);
  modes.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &modes);
  report("raw");
}

void take_terminal() {
  ::signal(SIGTTOU, SIG_IGN);
  ::setpgid(0, 0);
  ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
  make_raw();
}

/// Without opening it for writing: nobody holds it, however soon one looks.
void touch(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0666);
  if (::futimens(fd, nullptr) != 0) ::_exit(94);
  ::close(fd);
}

int logged = -1;

void append_to_log(std::string_view text) {
  if (::write(logged, text.data(), text.size()) < 0) ::_exit(93);
}

void keep_log(const std::string& file) {
  logged = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  append_to_log("started\n");
  ::signal(SIGUSR2, [](int) {
    append_to_log("asked\n");
    report("logged");
  });
  ::signal(SIGTERM, [](int) {
    append_to_log("stopped\n");
    ::_exit(0);
  });
}

void tell_what_is_seen(int count) {
  std::string text;
  for (int number = 0; number < count; ++number) {
    std::ifstream file(std::to_string(number));
    std::string word = "-";
    file >> word;
    text += word + " ";
  }
  report("seen text=" + escape(text));
}

int slowest_stop = 0;

void sleep_up_to(int milliseconds) {
  std::random_device random;
  ::usleep(random() % (static_cast<unsigned>(milliseconds) * 1000 + 1));
}

void fork_on() {
  ::signal(SIGTERM, SIG_IGN);
  for (;;) {
    if (::fork() > 0) ::_exit(0);
  }
}

void follow(std::string_view order);

void make_child(std::string_view order) {
  bool is_child = false;
  const auto done = fork_and_wait(is_child);
  if (!is_child) return;
  follow(order);
  report(fmt::format("child pid={}", ::getpid()));
  done();
  for (;;) ::pause();
}

void follow(std::string_view order) {
  const auto equals = order.find('=');
  const std::string_view word = order.substr(0, equals);
  const std::string_view rest = equals == order.npos ? "" : order.substr(equals + 1);
  const int number = std::atoi(std::string(rest).c_str());
  if (word == "exit") std::exit(number);
  if (word == "die") {
    ::signal(number, SIG_DFL);
    ::raise(number);
  }
  if (word == "ignore") ::signal(number, SIG_IGN);
  if (word == "tell") ::signal(number, tell_signal);
  if (word == "last-words") ::signal(number, last_words);
  if (word == "end-by") ::signal(number, [](int) { ::_exit(0); });
  if (word == "daemon") leave_daemon();
  if (word == "child") make_child(rest);
  if (word == "raw") make_raw();
  if (word.starts_with("take-terminal")) take_terminal();
  if (word == "take-terminal-deaf") ::signal(SIGTERM, SIG_IGN);
  if (word == "first" && variable("RELOADRUN_GENERATION") == "'1'") follow(rest);
  if (word == "touch") touch(std::string(rest));
  if (word == "seen") tell_what_is_seen(number);
  if (word == "slow") sleep_up_to(number);
  if (word == "slow-stop") {
    slowest_stop = number;
    ::signal(SIGTERM, [](int) {
      sleep_up_to(slowest_stop);
      ::_exit(0);
    });
  }
  if (word == "log") keep_log(std::string(rest));
  if (word == "threads") {
    std::thread([] {
      for (;;) ::pause();
    }).detach();
  }
  if (word == "fork-on") fork_on();
  if (word == "sockets") tell_sockets();
  if (word == "non-blocking") make_non_blocking(number);
  if (word == "shut-down") shut_down(number);
  if (word == "serve") serve(number);
  if (word == "become-root" && ::setresuid(0, 0, 0) != 0) ::_exit(95);
  if (word == "read") {
    for (std::string line; std::getline(std::cin, line);) report("line text=" + escape(line));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return EXIT_FAILURE;
  fifo = ::open(argv[1], O_WRONLY | O_CLOEXEC);
  if (fifo < 0) return EXIT_FAILURE;
  report_start(argc, argv);
  for (int i = 2; i < argc; ++i) follow(argv[i]);
  report("ready");
  for (;;) ::pause();
}
