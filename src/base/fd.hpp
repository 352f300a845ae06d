// Owned file descriptors. Everything reloadrun opens is close-on-exec; nothing of it reaches the
// target. Any thread; an Fd itself belongs to one thread at a time.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <limits>
#include <string>
#include <utility>

namespace reloadrun {

/// Owns one descriptor and closes it.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) noexcept : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (number_ >= 0) ::close(number_);
  }

  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  explicit operator bool() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// `number` as an owned descriptor; throws std::system_error with errno, saying `what`, when it is
/// negative, as a failed system call returns it.
Fd require_fd(int number, const char* what);

/// Throws std::system_error with the current errno.
[[noreturn]] void throw_errno(const char* what);

/// Of the open file itself, so for all who have it. Async-signal-safe.
void make_blocking(int fd);

/// `fd`, or in its place a copy that is close-on-exec, so that its number is at least `lowest`.
/// Throws std::system_error.
Fd numbered_from(int lowest, Fd fd);

inline constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

struct Pipe {
  Fd reading;
  Fd writing;
};
Pipe make_pipe();

/// /dev/null, or where that is missing something else that ends at once when it is read. Throws
/// std::system_error.
Fd open_nothing();

/// Fills those of the descriptors 0, 1 and 2 that are closed with a close-on-exec /dev/null, so
/// that no descriptor of reloadrun's own lands there and is then taken for the terminal, while the
/// target still finds them closed. To be called before anything is opened.
void hold_standard_descriptors();
/// Whether one of these was found closed.
bool is_held(int standard_fd);

/// Everything that can be read from `path`, a file of the kernel's in /proc or /sys, which has an
/// end; empty when it cannot be read. For what others have written: see base/regular_file.hpp.
std::string read_kernel_file(const std::string& path);

/// Appends to `content` what can be read from `fd` up to its end; false with errno when reading
/// fails before (EAGAIN: it does not block, and has nothing now; EFBIG: there is more than
/// `most_bytes`).
[[nodiscard]] bool read_all(int fd, std::string& content, std::size_t most_bytes = unbounded);

}  // namespace reloadrun
