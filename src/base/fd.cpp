#include "base/fd.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace reloadrun {

void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

Fd require_fd(int number, const char* what) {
  if (number < 0) throw_errno(what);
  return Fd(number);
}

void make_blocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK); }

Fd numbered_from(int lowest, Fd fd) {
  if (fd.get() >= lowest) return fd;
  return require_fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, lowest), "fcntl");
}

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe");
  return {Fd(ends[0]), Fd(ends[1])};
}

void hold_standard_descriptors() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(standard, F_GETFD) >= 0) continue;
    Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    // Where there is none, what can neither be read nor written, as if it were closed.
    if (!null) null = require_fd(::open("/", O_PATH | O_CLOEXEC), "open /");
    // The lowest that is free, and kept for the life of the process: exec gives it up.
    static_cast<void>(null.release());
  }
}

// What was inherited is not close-on-exec: it would not be here.
bool is_held(int standard_fd) { return (::fcntl(standard_fd, F_GETFD) & FD_CLOEXEC) != 0; }

Fd open_nothing() {
  Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return null ? std::move(null) : make_pipe().reading;
}

std::string read_kernel_file(const std::string& path) {
  std::string content;
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file) static_cast<void>(read_all(file.get(), content));
  return content;
}

bool read_all(int fd, std::string& content, std::size_t most_bytes) {
  std::array<char, 4096> block{};
  std::size_t left = most_bytes;
  for (;;) {
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    const auto bytes = static_cast<std::size_t>(got);
    if (bytes > left) {
      errno = EFBIG;
      return false;
    }
    left -= bytes;
    content.append(block.data(), bytes);
  }
}

}  // namespace reloadrun
