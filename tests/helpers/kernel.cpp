#include "helpers/kernel.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helpers/processes.hpp"

namespace reloadrun::test {
namespace {

bool checks_execs() {
  constexpr int check = 0x10000;  // AT_EXECVE_CHECK of linux/fcntl.h
  const char* const nothing[] = {"false", nullptr};
  return ::syscall(SYS_execveat, AT_FDCWD, "/bin/false", nothing, nothing + 1, check) == 0;
}

}  // namespace

std::string why_lacking(Needed feature) {
  switch (feature) {
    case Needed::checked_exec:
      // Where it is not known, it may be done.
      return in_child(checks_execs) ? "" : "needs an exec that is checked and not done: Linux 6.14";
  }
  return {};
}

}  // namespace reloadrun::test
