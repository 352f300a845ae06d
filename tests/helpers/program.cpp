#include "helpers/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "helpers/deadline.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

/// A test started in the background has INT and QUIT ignored, and so would what it starts.
void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
}

[[noreturn]] void become(const Invocation& invocation) {
  reset_signals();
  if (!invocation.terminal) ::setpgid(0, 0);
  if (::chdir(invocation.directory.c_str()) != 0) ::_exit(99);
  for (const std::string& variable : invocation.environment) {
    ::putenv(const_cast<char*>(variable.c_str()));
  }
  std::vector<char*> argv;
  for (const std::string& one : invocation.arguments)
    argv.push_back(const_cast<char*>(one.c_str()));
  argv.push_back(nullptr);
  if (invocation.prepare) invocation.prepare();
  ::execvp(argv[0], argv.data());
  ::_exit(98);
}

/// False at the end: of a pipe, or of a terminal that no process has open any more.
bool read_into(std::string& text, const Fd& from) {
  std::array<char, 65536> block{};
  const ssize_t got = ::read(from.get(), block.data(), block.size());
  if (got > 0) text.append(block.data(), static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace

Program::Program(const Invocation& invocation) {
  if (invocation.terminal) {
    int master = -1;
    const winsize size{40, 200, 0, 0};
    pid_ = ::forkpty(&master, nullptr, nullptr, &size);
    if (pid_ == 0) become(invocation);
    errors_ = require_fd(master, "forkpty");
    ::fcntl(master, F_SETFD, FD_CLOEXEC);
    return;
  }
  Pipe errors = make_pipe();
  Pipe output = make_pipe();
  pid_ = ::fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) {
    ::dup2(output.writing.get(), STDOUT_FILENO);
    ::dup2(errors.writing.get(), STDERR_FILENO);
    become(invocation);
  }
  ::setpgid(pid_, pid_);
  errors_ = std::move(errors.reading);
  output_ = std::move(output.reading);
}

Program::~Program() {
  if (ended_) return;
  ::kill(pid_, SIGKILL);
  proc::TreeStop().kill();
}

void Program::read_more(int milliseconds) {
  std::array descriptors{pollfd{reading_ ? errors_.get() : -1, POLLIN, 0},
                         pollfd{output_.get(), POLLIN, 0}};
  ::poll(descriptors.data(), descriptors.size(), milliseconds);
  if (descriptors[0].revents != 0) reading_ = read_into(said_, errors_);
  if (descriptors[1].revents != 0 && !read_into(printed_, output_)) output_ = Fd();
}

std::string Program::expect(const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto found = said_.find(text, awaited_);
    const auto end = found == std::string::npos ? found : said_.find('\n', found);
    if (end != std::string::npos) {
      awaited_ = found + text.size();
      const auto begin = said_.rfind('\n', found) + 1;
      return said_.substr(begin, end - begin);
    }
    if (std::chrono::steady_clock::now() > deadline) {
      throw TimedOut("never said: " + text + "\nbut:\n" + said_);
    }
    read_more(100);
  }
}

const std::string& Program::said() {
  read_more(0);
  return said_;
}

const std::string& Program::printed() {
  read_more(0);
  return printed_;
}

void Program::signal(int number) const { ::kill(pid_, number); }

void Program::type(const std::string& keys) const {
  if (::write(errors_.get(), keys.data(), keys.size()) < 0) throw_errno("write to the terminal");
}

Ending Program::wait() {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  int status = 0;
  while (!ended_) {
    const pid_t got = ::waitpid(pid_, &status, WNOHANG);
    if (got < 0) throw_errno("waitpid");
    if (got == pid_) ended_ = ending_from_wait(status);
    if (std::chrono::steady_clock::now() > deadline) {
      throw TimedOut("it does not end; it said:\n" + said_);
    }
    if (!ended_) read_more(5);
  }
  for (std::size_t before = ~said_.size(); said_.size() != before;) {  // what is in the pipes still
    before = said_.size();
    read_more(0);
  }
  return *ended_;
}

std::string reloadrun_path() { return RELOADRUN_PATH; }
std::string test_target_path() { return TEST_TARGET_PATH; }

std::string program_32_path() { return PROGRAM_32_PATH; }
std::string why_no_program_32() {
  if (::access(PROGRAM_32_PATH, X_OK) != 0) return "no compiler for 32-bit programs was there";
  return std::system(PROGRAM_32_PATH) == 0 ? "" : "this kernel runs no 32-bit programs";
}

}  // namespace reloadrun::test
