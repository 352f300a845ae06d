#include "app/guest.hpp"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>

#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

struct Offered {
  std::mutex mutex;
  std::vector<Fd> sockets;
};

/// Never destroyed: threads of the program may ask for them until its process is gone.
Offered& offered() {
  static auto* const it = new Offered;
  return *it;
}

}  // namespace

std::string program_path() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw Error("/proc/self/exe cannot be read", "mount /proc", status_failure);
  // See proc(5), /proc/pid/exe: that of a file which was replaced since.
  constexpr std::string_view deleted = " (deleted)";
  std::string text = path;
  const bool is_gone = std::filesystem::hard_link_count("/proc/self/exe", error) == 0 && !error;
  if (is_gone && text.ends_with(deleted)) text.resize(text.size() - deleted.size());
  return text;
}

std::vector<std::string> program_arguments() {
  const std::string text = read_kernel_file("/proc/self/cmdline");
  if (text.empty()) throw Error("/proc/self/cmdline cannot be read", "mount /proc", status_failure);
  std::vector<std::string> arguments;
  for (auto from = text.begin(); from != text.end();) {
    const auto end = std::find(from, text.end(), '\0');
    arguments.emplace_back(from, end);
    from = end == text.end() ? end : end + 1;
  }
  return arguments;
}

void offer_sockets(std::vector<Fd> sockets) {
  for (const Fd& socket : sockets) make_blocking(socket.get());
  const std::lock_guard lock(offered().mutex);
  offered().sockets = std::move(sockets);
}

void replace_offered_socket(std::size_t place, Fd socket) {
  make_blocking(socket.get());
  const std::lock_guard lock(offered().mutex);
  offered().sockets.at(place) = std::move(socket);
}

std::vector<int> copies_of_offered_sockets() {
  const std::lock_guard lock(offered().mutex);
  std::vector<Fd> copies;
  for (const Fd& socket : offered().sockets) {
    copies.emplace_back(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
    if (!copies.back()) {
      throw Error("no more descriptors", "raise the limit, as with ulimit -n", status_failure);
    }
  }
  std::vector<int> numbers;
  numbers.reserve(copies.size());
  for (Fd& copy : copies) numbers.push_back(copy.release());
  return numbers;
}

}  // namespace reloadrun::app
