#include "app/named_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/fd.hpp"
#include "fmt/format.h"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

// Its parser goes as deep as a dotted key is long, and one of any length is more than a stack
// holds.
constexpr std::size_t most_config_bytes = std::size_t{16} * 1024;

}  // namespace

std::string read_named_file(const std::string& option, const std::string& file,
                            std::size_t most_bytes) {
  const std::string given = fmt::format("{} '{}'", option, file);
  const auto unreadable = [&] {
    return Error(fmt::format("{} cannot be read ({})", given, std::strerror(errno)),
                 "name a file that can be read", status_usage);
  };
  // Opening a FIFO would otherwise wait for a writer.
  const Fd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  // ENXIO: a socket, or a device that is not there.
  if (!opened && errno != ENXIO) throw unreadable();
  if (opened && ::fstat(opened.get(), &status) != 0) throw unreadable();
  if (!S_ISREG(status.st_mode)) {
    throw Error(given + " is no regular file", "name a regular file", status_usage);
  }
  const auto require_moderate = [&](std::size_t bytes) {
    if (bytes <= most_bytes) return;
    throw Error(fmt::format("{} is larger than {} KiB", given, most_bytes / 1024),
                "name the right file, or a shorter one", status_usage);
  };
  require_moderate(static_cast<std::size_t>(status.st_size));  // before all of it is read
  std::string content;
  if (!read_all(opened.get(), content)) throw unreadable();
  require_moderate(content.size());  // it may have grown
  return content;
}

std::string read_config_file(const std::string& option, const std::string& file) {
  return read_named_file(option, file, most_config_bytes);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace reloadrun::app
