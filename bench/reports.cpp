#include "reports.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <system_error>

namespace reloadrun::bench {
namespace {

namespace fs = std::filesystem;

}  // namespace

Reports::Reports() {
  std::string name = fs::temp_directory_path() / "reloadrun-bench-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw_errno("mkdtemp");
  directory_ = name;
  if (::mkfifo(fifo().c_str(), 0600) != 0) throw_errno("mkfifo");
  // Also for writing, so that it has no end between two targets.
  reading_ = require_fd(::open(fifo().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC), "FIFO");
}

Reports::~Reports() {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::optional<TimePoint> Reports::take(TimePoint from) {
  std::array<char, 4096> buffer{};
  ssize_t length = 0;
  while ((length = ::read(reading_.get(), buffer.data(), buffer.size())) > 0) {
    unread_.append(buffer.data(), static_cast<std::size_t>(length));
  }
  for (std::size_t end = 0; (end = unread_.find('\n')) != std::string::npos;) {
    const TimePoint start(std::chrono::nanoseconds(std::stoll(unread_.substr(0, end))));
    unread_.erase(0, end + 1);
    if (start >= from) return start;
  }
  return std::nullopt;
}

std::optional<TimePoint> Reports::next(TimePoint from, TimePoint until) {
  for (;;) {
    if (const auto start = take(from)) return start;
    if (Clock::now() >= until) return std::nullopt;
    std::array ready{pollfd{.fd = reading_.get(), .events = POLLIN, .revents = 0}};
    wait_for(ready, until);
  }
}

}  // namespace reloadrun::bench
