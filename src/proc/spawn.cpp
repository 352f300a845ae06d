#include "proc/spawn.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/format.hpp"
#include "proc/child.hpp"
#include "proc/filter.hpp"

namespace reloadrun::proc {
namespace {

/// Ends with a null pointer, as execve() wants it. `last`: one string more, or null.
std::vector<char*> pointers(const std::vector<std::string>& strings, char* last = nullptr) {
  std::vector<char*> result;
  result.reserve(strings.size() + 2);
  for (const std::string& one : strings) result.push_back(const_cast<char*>(one.c_str()));
  if (last != nullptr) result.push_back(last);
  result.push_back(nullptr);
  return result;
}

/// The sockets of a new process, on the way to where it is to find them.
class SocketWay {
 public:
  /// `sockets` stay the caller's. Throws std::system_error.
  explicit SocketWay(const std::vector<int>& sockets) {
    sockets_.reserve(sockets.size());
    for (const int fd : sockets) {
      sockets_.push_back(
          require_fd(::fcntl(fd, F_DUPFD_CLOEXEC, first_socket + sockets.size()), "fcntl"));
    }
  }

  /// Whatever the new process has below, the sockets take its place.
  [[nodiscard]] int end() const { return first_socket + static_cast<int>(sockets_.size()); }

  /// In the new process, as systemd does just before it executes. False with errno.
  /// Async-signal-safe.
  [[nodiscard]] bool take() const {
    int to = first_socket;
    for (const Fd& socket : sockets_) {
      if (::dup2(socket.get(), to) < 0) return false;  // not close-on-exec there
      make_blocking(to);  // the last program to have it may have left it otherwise
      ++to;
    }
    return true;
  }

 private:
  std::vector<Fd> sockets_;
};

/// "NAME=PID" in a new process's environment. Nobody else knows the PID before it is there.
class PidVariable {
 public:
  /// `name`: "" for none.
  explicit PidVariable(const std::string& name) : begin_(name.size() + 1), text_(name + '=') {
    text_.resize(begin_ + std::numeric_limits<pid_t>::digits10 + 2);  // its end stays zero
  }

  /// What write() changes; null when there is none.
  [[nodiscard]] char* text() { return begin_ > 1 ? text_.data() : nullptr; }

  /// In the new process. Async-signal-safe.
  void write() { std::to_chars(&text_[begin_], &text_.back(), ::getpid()); }

 private:
  std::size_t begin_;
  std::string text_;
};

/// Everything the new process needs, made before it is there.
struct Prepared {
  const Program& program;
  const SocketWay& sockets;
  PidVariable& pid_variable;
  std::vector<char*> argv;
  std::vector<char*> envp;
  sigset_t mask;
  pid_t parent;
  std::string parent_status;  // its file in /proc
  int report_fd;
  const FilterWay* filter;  // null: none
};

/// What the new process tells of itself: the first at once, the second when exec has failed.
using MissedASignal = bool;
using ExecError = int;

template <typename Told>
void report(int fd, Told told) {
  static_cast<void>(!::write(fd, &told, sizeof told));  // a pipe that is empty takes it
}

template <typename Told>
bool read_report(int fd, Told& told) {
  for (;;) {
    const ssize_t got = ::read(fd, &told, sizeof told);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read of an exec's outcome");
    return got == sizeof told;
  }
}

// Between vfork and exec, in the parent's memory: only async-signal-safe calls, and nothing of the
// parent's is changed but errno and the PidVariable.
[[noreturn]] void become(const Prepared& it) {
  const Program& program = it.program;
  if (program.parent_death_signal != 0) {
    ::prctl(PR_SET_PDEATHSIG, program.parent_death_signal);
    // The parent may have died before the line above: then nobody will tell.
    if (::getppid() != it.parent) ::_exit(EXIT_FAILURE);
  }
  report<MissedASignal>(it.report_fd, missed_terminal_signal(it.parent_status.c_str()));
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
  if (program.input_fd >= 0) ::dup2(program.input_fd, STDIN_FILENO);
  if (program.output_fd >= 0) ::dup2(program.output_fd, STDOUT_FILENO);
  it.pid_variable.write();
  if (it.sockets.take()) {
    if (it.filter != nullptr) it.filter->take();
    ::execve(program.file.c_str(), it.argv.data(), it.envp.data());
  }
  report<ExecError>(it.report_fd, errno);
  ::_exit(EXIT_FAILURE);
}

/// By vfork(), since fork() copies the page tables, and then each page that either process writes.
/// This thread goes on when the new process has executed.
pid_t start(const Prepared& prepared) {
  const StopsHeld held;
  // What is wrong with vfork() elsewhere, become() heeds: it does not return, nor does it change
  // anything here. posix_spawn() knows neither a parent's death nor whom a signal has missed.
  const pid_t pid = ::vfork();     // NOLINT(clang-analyzer-security.insecureAPI.vfork)
  if (pid == 0) become(prepared);  // NOLINT(clang-analyzer-unix.Vfork)
  return pid;
}

}  // namespace

Spawned spawn(const Program& program) {
  Pipe pipe = make_pipe();
  const SocketWay sockets(program.sockets);
  PidVariable pid_variable(program.pid_variable);
  pipe.writing = numbered_from(sockets.end(), std::move(pipe.writing));
  std::optional<FilterWay> filter;
  if (!program.filter.empty()) filter.emplace(program.filter, sockets.end());
  const Prepared prepared{program,
                          sockets,
                          pid_variable,
                          pointers(program.arguments),
                          pointers(program.environment, pid_variable.text()),
                          program.signals.value_or(SignalsGiven{}).mask_set(),
                          ::getpid(),
                          fmt::format("/proc/{}/status", ::getpid()),
                          pipe.writing.get(),
                          filter ? &*filter : nullptr};
  Spawned spawned;
  spawned.pid = start(prepared);
  if (spawned.pid < 0) throw_errno("vfork");
  pipe.writing = Fd();  // so that reading ends with the child's copy: when it executes
  read_report<MissedASignal>(pipe.reading.get(), spawned.missed_a_signal);
  read_report<ExecError>(pipe.reading.get(), spawned.error);
  try {
    if (filter) spawned.filter_error = filter->receive(spawned.listener);
  } catch (const std::system_error&) {
    ::kill(spawned.pid, SIGKILL);
    static_cast<void>(wait_for_child(spawned.pid));
    throw;
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
