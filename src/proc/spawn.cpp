#include "proc/spawn.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "proc/child.hpp"

namespace reloadrun::proc {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& one : strings) result.push_back(const_cast<char*>(one.c_str()));
  result.push_back(nullptr);
  return result;
}

/// Everything the new process needs, made before the fork.
struct Prepared {
  const Program& program;
  std::vector<char*> argv;
  std::vector<char*> envp;
  sigset_t mask;
  pid_t parent;
  int error_fd;
  int go_fd;         // ends when the parent has seen which signals came before the fork
  int go_writer_fd;  // its other end, which the new process has got too
};

// Between fork and exec, in a copy of a process with several threads: only async-signal-safe calls.
[[noreturn]] void become(const Prepared& it) {
  const Program& program = it.program;
  if (program.parent_death_signal != 0) {
    ::prctl(PR_SET_PDEATHSIG, program.parent_death_signal);
    // The parent may have died before the line above: then nobody will tell.
    if (::getppid() != it.parent) ::_exit(EXIT_FAILURE);
  }
  // What comes from here on is told to this process too. Had it gone on before the parent looked, a
  // signal that it was told would look like one that it has missed.
  ::close(it.go_writer_fd);
  char nothing = 0;
  while (::read(it.go_fd, &nothing, 1) < 0 && errno == EINTR) {
  }
  if (program.kept_fd >= 0) ::fcntl(program.kept_fd, F_SETFD, 0);
  pollfd writable{program.announce_fd, POLLOUT, 0};  // a terminal may be held by Ctrl-S
  if (program.announce_fd >= 0 && ::poll(&writable, 1, 0) == 1) {
    static_cast<void>(
        !::write(program.announce_fd, program.announcement.data(), program.announcement.size()));
  }
  if (program.signals) {
    if (program.signals->child_ignored) {
      struct sigaction ignore {};
      ignore.sa_handler = SIG_IGN;
      ::sigaction(SIGCHLD, &ignore, nullptr);
    }
    ::sigprocmask(SIG_SETMASK, &it.mask, nullptr);
  }
  ::execve(program.file.c_str(), it.argv.data(), it.envp.data());
  const int error = errno;
  static_cast<void>(!::write(it.error_fd, &error, sizeof error));
  ::_exit(EXIT_FAILURE);
}

}  // namespace

Spawned spawn(const Program& program) {
  Pipe error_pipe = make_pipe();
  Pipe go_pipe = make_pipe();
  const Prepared prepared{program,
                          pointers(program.arguments),
                          pointers(program.environment),
                          program.signals.value_or(SignalsGiven{}).mask_set(),
                          ::getpid(),
                          error_pipe.writing.get(),
                          go_pipe.reading.get(),
                          go_pipe.writing.get()};
  Spawned spawned;
  spawned.pid = ::fork();
  if (spawned.pid < 0) throw_errno("fork");
  if (spawned.pid == 0) become(prepared);
  spawned.missed_a_signal = terminal_signal_pending();
  go_pipe.writing = Fd();

  error_pipe.writing = Fd();  // so that reading ends with the child's copy: when it executes
  while (::read(error_pipe.reading.get(), &spawned.error, sizeof spawned.error) < 0) {
    if (errno != EINTR) throw_errno("read of an exec's outcome");
  }
  if (spawned.error != 0) static_cast<void>(wait_for_child(spawned.pid));
  return spawned;
}

std::vector<std::string> environment_without(const std::vector<std::string>& names) {
  std::vector<std::string> kept;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::string_view name = text.substr(0, text.find('='));
    if (std::ranges::find(names, name) == names.end()) kept.emplace_back(text);
  }
  return kept;
}

Executable find_executable(const std::string& command) {
  if (command.find('/') != std::string::npos) return {command, 0, {command}};
  const char* variable = std::getenv("PATH");
  std::string_view path = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
  Executable none{{}, ENOENT, {}};
  for (;;) {
    const auto colon = path.find(':');
    const std::string_view directory = path.substr(0, colon);
    // An empty element is the working directory (POSIX, XBD 8.3).
    std::string file = std::string(directory.empty() ? "." : directory) + "/" + command;
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      if (::faccessat(AT_FDCWD, file.c_str(), X_OK, AT_EACCESS) == 0) return {file, 0, {file}};
      none.error = EACCES;
    }
    none.candidates.push_back(std::move(file));
    if (colon == std::string_view::npos) return none;
    path.remove_prefix(colon + 1);
  }
}

}  // namespace reloadrun::proc
