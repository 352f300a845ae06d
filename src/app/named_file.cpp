#include "app/named_file.hpp"

#include <fcntl.h>

#include <utility>

#include "base/format.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

// Its parser goes as deep as a dotted key is long, and one of any length is more than a stack
// holds.
constexpr std::size_t most_config_bytes = std::size_t{16} * 1024;

}  // namespace

std::string read_named_file(const std::string& option, const std::string& file,
                            std::size_t most_bytes) {
  RegularFile read = read_regular_file(AT_FDCWD, file, most_bytes);
  if (read) return std::move(read.content);
  const std::string given = fmt::format("{} '{}'", option, file);
  const std::string why = why_not(read, most_bytes);
  using Fault = RegularFile::Fault;
  if (read.fault == Fault::unreadable) {
    throw Error(fmt::format("{} cannot be read ({})", given, why), "name a file that can be read",
                status_usage);
  }
  throw Error(fmt::format("{} is {}", given, why),
              read.fault == Fault::too_large ? "name the right file, or a shorter one"
                                             : "name a regular file",
              status_usage);
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
