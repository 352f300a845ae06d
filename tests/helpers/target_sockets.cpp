// The test target with sockets that it was given.

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "fmt/format.h"
#include "helpers/escape.hpp"
#include "helpers/reporting.hpp"
#include "helpers/target.hpp"

namespace reloadrun::test {
namespace {

int served = -1;

std::string blocking_descriptors() {
  std::string blocking;
  for (int fd = 3; fd < 1024; ++fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (fd != fifo && flags >= 0 && (flags & O_NONBLOCK) == 0) blocking += fmt::format("{},", fd);
  }
  return blocking;
}

}  // namespace

void tell_sockets() {
  report(fmt::format("sockets pid={} listen_pid={} fds={} names={} blocking={}", ::getpid(),
                     escape(variable("LISTEN_PID")), escape(variable("LISTEN_FDS")),
                     escape(variable("LISTEN_FDNAMES")), blocking_descriptors()));
}

void make_non_blocking(int socket) {
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
}

void shut_down(int socket) {
  ::shutdown(socket, SHUT_RDWR);
  report("shut-down");
}

void serve(int socket) {
  served = socket;
  ::signal(SIGTERM, [](int) { ::shutdown(served, SHUT_RDWR); });
  const std::string generation = std::getenv("RELOADRUN_GENERATION");
  report("ready");
  for (;;) {
    const int connection = ::accept(socket, nullptr, nullptr);
    if (connection < 0) break;
    static_cast<void>(!::write(connection, generation.data(), generation.size()));
    ::close(connection);
  }
  report("served");
  ::_exit(0);
}

}  // namespace reloadrun::test
