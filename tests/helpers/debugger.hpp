// A debugger that has stopped caring, as gdb at its prompt: it holds whatever becomes of a process.
#pragma once

#include <sys/types.h>

#include <vector>

namespace reloadrun::test {

class Debugger {
 public:
  /// Attaches to all threads of a process, which goes on. To be used on one thread alone.
  explicit Debugger(pid_t pid);
  /// Lets go of what it holds, when that has ended.
  ~Debugger();
  Debugger(const Debugger&) = delete;
  Debugger& operator=(const Debugger&) = delete;

 private:
  pid_t pid_;
  std::vector<pid_t> threads_;
};

}  // namespace reloadrun::test
