#include "app/named_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/fd.hpp"
#include "fmt/format.h"
#include "reloadrun/error.hpp"

namespace reloadrun::app {

std::string read_named_file(const std::string& option, const std::string& file) {
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
  std::string content;
  if (!read_all(opened.get(), content)) throw unreadable();
  return content;
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
