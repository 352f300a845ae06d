// The target whose start is measured: its first instructions take the time, which it then writes to
// a FIFO as a line of nanoseconds of CLOCK_MONOTONIC:
//
//     stamp_target FIFO ends|runs
//
// It ends at once, or runs until a signal ends it.

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char** argv) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (argc != 3) return 2;
  const int fifo = open(argv[1], O_WRONLY | O_CLOEXEC);
  if (fifo < 0) return 1;
  char line[32];
  const long long nanoseconds = now.tv_sec * 1000000000LL + now.tv_nsec;
  const int length = snprintf(line, sizeof line, "%lld\n", nanoseconds);
  if (write(fifo, line, (size_t)length) != length) return 1;
  close(fifo);
  if (strcmp(argv[2], "runs") == 0) pause();
  return 0;
}
