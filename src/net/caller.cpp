#include "net/caller.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "fmt/format.h"

namespace reloadrun::net {
namespace {

/// What follows "NAME:" in a file of /proc, without the white space around it.
std::string_view field(std::string_view text, std::string_view name) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      line.remove_prefix(name.size() + 1);
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
      return line;
    }
    begin = end + 1;
  }
  return {};
}

template <typename Number>
std::optional<Number> number_in(std::string_view text, int base = 10) {
  Number number{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return result.ec == std::errc() ? std::optional(number) : std::nullopt;
}

std::uint64_t inode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

Fd open_process(pid_t process) {
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
}

Fd take(const Fd& process, int number) {
  return Fd(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0)));
}

}  // namespace

SocketNumber socket_number(int socket) {
  struct stat status {};
  return ::fstat(socket, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

SocketNumber Caller::socket_at(int number) const {
  struct stat status {};
  const std::string path = fmt::format("/proc/{}/fd/{}", thread_, number);
  return ::stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

pid_t Caller::process() const {
  const std::string status = read_file(fmt::format("/proc/{}/status", thread_));
  return number_in<pid_t>(field(status, "Tgid")).value_or(thread_);
}

Fd Caller::take_socket(int number) const {
  const Fd handle = open_process(process());
  if (!handle) return {};
  Fd socket = take(handle, number);
  if (!socket) return {};
  // A thread may have descriptors of its own (CLONE_FILES not given), and then it is another one.
  if (socket_number(socket.get()) == 0 || socket_number(socket.get()) != socket_at(number)) {
    errno = ENOTSOCK;
    return {};
  }
  return socket;
}

bool Caller::closes_on_exec(int number) const {
  const std::string info = read_file(fmt::format("/proc/{}/fdinfo/{}", thread_, number));
  return (number_in<unsigned>(field(info, "flags"), 8).value_or(0) & O_CLOEXEC) != 0;
}

std::optional<Rights> Caller::rights() const {
  const std::string process = fmt::format("/proc/{}", thread_);
  const std::string status = read_file(process + "/status");
  std::string_view users = field(status, "Uid");  // real, effective, ...
  users.remove_prefix(std::min(users.find_first_of(" \t"), users.size()));
  users.remove_prefix(std::min(users.find_first_not_of(" \t"), users.size()));
  const auto user = number_in<uid_t>(users);
  const auto capabilities = number_in<std::uint64_t>(field(status, "CapEff"), 16);
  const Rights rights{user.value_or(0), inode_of(process + "/ns/net"),
                      inode_of(process + "/ns/user"),
                      (capabilities.value_or(0) >> CAP_NET_BIND_SERVICE & 1) != 0};
  if (!user || !capabilities || rights.network_namespace == 0) return std::nullopt;
  return rights;
}

int Caller::acceptors_of(int number) const {
  namespace fs = std::filesystem;
  int count = 0;
  std::error_code error;
  for (fs::directory_iterator threads(fmt::format("/proc/{}/task", process()), error), end;
       !error && threads != end; threads.increment(error)) {
    // "43 0x3 ..." while it is in a call, "running" otherwise; see proc(5).
    const std::string text = read_file(threads->path() / "syscall");
    const std::string_view call = text;
    const auto called = number_in<int>(call);
    if (!called) continue;
    bool accepts = *called == SYS_accept4;
#ifdef SYS_accept
    accepts = accepts || *called == SYS_accept;
#endif
    const auto argument = call.find(" 0x");
    if (!accepts || argument == std::string_view::npos) continue;
    if (number_in<std::uint64_t>(call.substr(argument + 3), 16) ==
        static_cast<std::uint64_t>(number)) {
      ++count;
    }
  }
  return count;
}

int why_no_callers() {
  const Fd self = open_process(::getpid());
  if (!self || !take(self, self.get())) return errno;
  char byte = 0;
  char copy = 0;
  iovec here{&copy, 1};
  iovec there{&byte, 1};
  return ::process_vm_readv(::getpid(), &here, 1, &there, 1, 0) == 1 ? 0 : errno;
}

}  // namespace reloadrun::net
