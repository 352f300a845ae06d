#include "tool_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "proc/child.hpp"
#include "proc/tree.hpp"

namespace reloadrun::bench {
namespace {

using namespace std::chrono_literals;

/// The tools at work now, which the end of another one must spare.
std::set<pid_t> at_work;

/// entr has a file open for each that it watches.
void allow_many_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  constexpr rlim_t many = 1 << 20;
  const rlimit more{many, many};
  if (::setrlimit(RLIMIT_NOFILE, &more) != 0) ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// In the new process; as in a shell of its own, but without a terminal.
[[noreturn]] void become(const std::vector<char*>& arguments, const char* directory, int input,
                         int output) {
  for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
  allow_many_files();
  ::setsid();
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (::chdir(directory) == 0) ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

bool ends_within(pid_t pid, Duration patience) {
  const TimePoint deadline = Clock::now() + patience;
  while (::waitpid(pid, nullptr, WNOHANG) == 0) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

}  // namespace

ToolProcess::ToolProcess(Words words, const std::string& directory, const std::string& input) {
  const Fd in = require_fd(::open(input.c_str(), O_RDONLY | O_CLOEXEC), input.c_str());
  const Fd out = require_fd(::open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) become(arguments, directory.c_str(), in.get(), out.get());
  at_work.insert(pid_);
}

ToolProcess::~ToolProcess() {
  ::kill(pid_, SIGTERM);
  if (!ends_within(pid_, 2s)) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  at_work.erase(pid_);
  proc::TreeStop left(at_work);
  while (!left.left().empty()) left.kill();
  while (proc::reap_any()) continue;
}

}  // namespace reloadrun::bench
