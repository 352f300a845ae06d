// How long reloadrun takes to start and end, as a ratio to another program's time. Every reload
// starts it once.
//
//     start_time RELOADRUN [YARDSTICK=/bin/true] [MOST=1.5]
//
// The two run in turn, so that both meet the same moments of the machine; the ratio is that of
// their medians. Ends with 1 when it is more than MOST.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int rounds = 300;

Milliseconds time_of(const char* program, const char* argument) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  char* const argv[]{const_cast<char*>(program), const_cast<char*>(argument), nullptr};
  const auto begun = std::chrono::steady_clock::now();
  pid_t pid = -1;
  int status = -1;
  const bool ran = ::posix_spawn(&pid, program, &actions, nullptr, argv, environ) == 0 &&
                   ::waitpid(pid, &status, 0) == pid && status == 0;
  const Milliseconds took = std::chrono::steady_clock::now() - begun;
  ::posix_spawn_file_actions_destroy(&actions);
  if (!ran) {
    std::fprintf(stderr, "start_time: %s cannot be run\n", program);
    std::exit(2);
  }
  return took;
}

double median(std::vector<Milliseconds> times) {
  auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return middle->count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: start_time RELOADRUN [YARDSTICK] [MOST]\n");
    return 2;
  }
  const char* yardstick = argc > 2 ? argv[2] : "/bin/true";
  const double most = argc > 3 ? std::atof(argv[3]) : 1.5;
  std::vector<Milliseconds> ours;
  std::vector<Milliseconds> theirs;
  for (int round = 0; round < rounds; ++round) {
    ours.push_back(time_of(argv[1], "--version"));
    theirs.push_back(time_of(yardstick, nullptr));
  }
  const double ratio = median(ours) / median(theirs);
  std::printf("%s --version: %.3f ms, %s: %.3f ms (medians of %d), ratio %.2f, at most %.2f\n",
              argv[1], median(ours), yardstick, median(theirs), rounds, ratio, most);
  return ratio <= most ? EXIT_SUCCESS : EXIT_FAILURE;
}
