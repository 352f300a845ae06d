#include "app/file_list.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "app/named_file.hpp"
#include "base/fd.hpp"
#include "base/format.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

// A million paths take less.
constexpr std::size_t most_list_bytes = std::size_t{256} << 20U;

/// One path a line; or, where there is a NUL, up to each of them (find -print0).
std::vector<std::string> parse(std::string_view text) {
  const char end = text.find('\0') == std::string_view::npos ? '\n' : '\0';
  std::vector<std::string> paths;
  while (!text.empty()) {
    const std::string_view path = text.substr(0, text.find(end));
    text.remove_prefix(std::min(path.size() + 1, text.size()));
    if (!path.empty()) paths.emplace_back(path);
  }
  return paths;
}

std::string read_stdin() {
  std::string text;
  while (!read_all(STDIN_FILENO, text, most_list_bytes - text.size())) {
    if (errno == EFBIG) {
      throw Error(fmt::format("the list on stdin is larger than {} MiB", most_list_bytes >> 20U),
                  "give the right list of files on stdin, or a shorter one", status_usage);
    }
    if (errno != EAGAIN) {
      throw Error(fmt::format("--files-from '-' cannot be read ({})", std::strerror(errno)),
                  "give the list of files on stdin", status_usage);
    }
    pollfd readable{STDIN_FILENO, POLLIN, 0};  // whoever shares it has made it non-blocking
    ::poll(&readable, 1, -1);
  }
  return text;
}

void empty_stdin() {
  const Fd nothing = open_nothing();
  // Not close-on-exec: the target is to have it.
  if (::dup2(nothing.get(), STDIN_FILENO) < 0) throw_errno("dup2 of /dev/null");
}

}  // namespace

std::vector<std::string> read_file_list(const std::string& file) {
  return parse(read_named_file("--files-from", file, most_list_bytes));
}

std::vector<std::string> take_file_list_from_stdin() {
  const std::string text = read_stdin();
  empty_stdin();
  return parse(text);
}

}  // namespace reloadrun::app
