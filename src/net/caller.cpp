#include "net/caller.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "base/format.hpp"
#include "base/system_calls.hpp"
#include "net/fields.hpp"
#include "net/port_calls.hpp"

namespace reloadrun::net {
namespace {

std::uint64_t inode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

/// By a security module that has labels (AppArmor, SELinux), which judges by them as by users.
bool is_confined_as_we(pid_t thread) {
  static const std::string ours = read_kernel_file("/proc/self/attr/current");
  return ours.empty() || read_kernel_file(fmt::format("/proc/{}/attr/current", thread)) == ours;
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
  const std::string status = read_kernel_file(fmt::format("/proc/{}/status", thread_));
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
  const std::string info = read_kernel_file(fmt::format("/proc/{}/fdinfo/{}", thread_, number));
  return (number_in<unsigned>(field(info, "flags"), 8).value_or(0) & O_CLOEXEC) != 0;
}

std::optional<Rights> Caller::rights() const {
  auto identity = identity_of(thread_);
  const auto network = inode_of(fmt::format("/proc/{}/ns/net", thread_));
  if (!identity || network == 0 || !is_confined_as_we(thread_)) return std::nullopt;
  return Rights{std::move(*identity), network};
}

int Caller::acceptors_of(int number) const {
  namespace fs = std::filesystem;
  int count = 0;
  std::error_code error;
  for (fs::directory_iterator threads(fmt::format("/proc/{}/task", process()), error), end;
       !error && threads != end; threads.increment(error)) {
    const auto thread = number_in<pid_t>(threads->path().filename().native());
    const auto sleeping = thread ? call_of(*thread) : std::nullopt;
    if (!sleeping) continue;
    const auto call = port_call({.thread = *thread,
                                 .machine = sleeping->machine,
                                 .number = sleeping->number,
                                 .arguments = sleeping->arguments});
    const bool accepts = call && (call->number == SYS_accept || call->number == SYS_accept4);
    if (accepts && static_cast<int>(call->arguments[0]) == number) ++count;
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
