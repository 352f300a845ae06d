// The target whose opens are measured, from inside:
//
//     follow_target opens FILE TIMES     opens FILE and closes it so many times
//     follow_target runs COMMAND...      runs COMMAND, and waits for its end
//
// Says on stdout how many nanoseconds that took: of an open, or of COMMAND's life.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using Clock = std::chrono::steady_clock;

bool open_and_close(const char* file, long times) {
  for (long i = 0; i < times; ++i) {
    const int fd = ::open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ::close(fd);
  }
  return true;
}

bool run(char** command) {
  pid_t pid = -1;
  int status = -1;
  return ::posix_spawnp(&pid, *command, nullptr, nullptr, command, environ) == 0 &&
         ::waitpid(pid, &status, 0) == pid && status == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const bool opens = std::string_view(argv[1]) == "opens" && argc == 4;
  const long times = opens ? std::atol(argv[3]) : 1;
  if (opens && !open_and_close(argv[2], 1)) return EXIT_FAILURE;  // known from then on
  const auto begun = Clock::now();
  if (!(opens ? open_and_close(argv[2], times) : run(argv + 2))) return EXIT_FAILURE;
  const std::chrono::nanoseconds took = Clock::now() - begun;
  std::printf("%lld\n", static_cast<long long>(took.count() / times));
}
