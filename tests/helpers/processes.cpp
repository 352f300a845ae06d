#include "helpers/processes.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "base/fd.hpp"
#include "proc/child.hpp"

namespace reloadrun::test {

bool in_child(const std::function<bool()>& asks) {
  const pid_t pid = ::fork();
  if (pid < 0) throw_errno("fork");
  if (pid == 0) {
    ::setpgid(0, 0);
    ::_exit(asks() ? 0 : 1);
  }
  const Ending ending = proc::wait_for_child(pid);
  EXPECT_FALSE(ending.by_signal) << "by " << ending.value;
  EXPECT_LE(ending.value, 1);
  return ending == Ending{false, 0};
}

bool in_child_without_rights(const std::function<bool()>& asks) {
  return in_child([&] {
    constexpr unsigned nobody = 65534;
    if (::setresgid(nobody, nobody, nobody) != 0 || ::setresuid(nobody, nobody, nobody) != 0) {
      ::_exit(2);
    }
    return asks();
  });
}

bool blocks_stops(pid_t pid) {
  const std::string status = read_kernel_file("/proc/" + std::to_string(pid) + "/status");
  const std::string field = "SigBlk:\t";
  const auto begin = status.find(field);
  if (begin == std::string::npos) return false;
  const auto blocked = std::stoull(status.substr(begin + field.size(), 16), nullptr, 16);
  const auto blocks = [&](int signal) { return (blocked & (1ULL << (signal - 1))) != 0; };
  return blocks(SIGTSTP) &&
         !blocks(SIGWINCH);  // a thread that makes another blocks all for a moment
}

bool is_in_call(pid_t pid, long number) {
  return read_kernel_file("/proc/" + std::to_string(pid) + "/syscall")
      .starts_with(std::to_string(number) + " ");
}

Holder::Holder(const std::string& path, int flags, const std::function<void()>& prepare) {
  Pipe ready = make_pipe();
  child_ = ::fork();
  if (child_ < 0) throw_errno("fork");
  if (child_ == 0) {
    ::setpgid(0, 0);
    prepare();
    if (::open(path.c_str(), flags | O_CLOEXEC) < 0) ::_exit(1);
    const pid_t self = ::getpid();
    if (::write(ready.writing.get(), &self, sizeof self) != sizeof self) ::_exit(1);
    for (;;) ::pause();
  }
  ready.writing = Fd();  // so that reading ends when the child fails
  if (::read(ready.reading.get(), &pid_, sizeof pid_) != sizeof pid_) {
    throw std::runtime_error("the holder of " + path + " did not come up");
  }
}

Holder::~Holder() {
  ::kill(pid_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  // Ours only once its parent has ended, and if this process is a subreaper.
  if (pid_ != child_) ::waitpid(pid_, nullptr, 0);
}

}  // namespace reloadrun::test
