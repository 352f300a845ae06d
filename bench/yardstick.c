// The least that can restart a program when a file below the current directory has been written:
//
//     yardstick COMMAND [ARG...]
//
// inotify on every directory there is at the start; on an event kill, wait, fork, exec. No
// settling, no rules, no look at the files, nobody but its own child stopped: what is slower by a
// factor than this spends it on those.

#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int inotify = -1;

static _Noreturn void fail(const char* what) {
  perror(what);
  exit(EXIT_FAILURE);
}

static int watch(const char* path, const struct stat* status, int type, struct FTW* where) {
  (void)status;
  (void)where;
  if (type != FTW_D) return 0;
  return inotify_add_watch(inotify, path, IN_CLOSE_WRITE) < 0 ? -1 : 0;
}

static pid_t start(char** command) {
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    execv(command[0], command);
    _exit(127);
  }
  return child;
}

static void drain(void) {
  char events[4096];
  while (read(inotify, events, sizeof events) > 0) continue;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify < 0) fail("inotify");
  const int most_open = 16;
  if (nftw(".", watch, most_open, FTW_PHYS) != 0) fail("watch");
  for (;;) {
    const pid_t child = start(argv + 1);
    struct pollfd event = {.fd = inotify, .events = POLLIN};
    if (poll(&event, 1, -1) < 0) fail("poll");
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    drain();
  }
}
