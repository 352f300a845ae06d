#include "helpers/debugger.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <filesystem>
#include <string>

#include "base/fd.hpp"

namespace reloadrun::test {

Debugger::Debugger(pid_t pid) : pid_(pid) {
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    threads_.push_back(std::stoi(task.path().filename()));
    if (::ptrace(PTRACE_SEIZE, threads_.back(), nullptr, nullptr) != 0) throw_errno("ptrace");
  }
}

Debugger::~Debugger() {
  // The first thread's end is told when those of the others are known.
  for (auto thread = threads_.rbegin(); thread != threads_.rend(); ++thread) {
    if (*thread != pid_) ::waitpid(*thread, nullptr, __WALL | WNOHANG);
  }
  ::waitpid(pid_, nullptr, __WALL | WNOHANG);
}

}  // namespace reloadrun::test
