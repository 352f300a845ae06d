#include "helpers/saboteur.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "app/channel.hpp"
#include "base/arena.hpp"
#include "base/fd.hpp"
#include "fmt/format.h"
#include "helpers/deadline.hpp"
#include "helpers/processes.hpp"
#include "proc/child.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

struct Message {
  std::string bytes;
  std::vector<Fd> descriptors;
};

constexpr std::size_t most_descriptors = 8;
union ControlBuffer {
  cmsghdr aligned;
  std::array<char, CMSG_SPACE(most_descriptors * sizeof(int))> bytes;
};

/// False when the other end has gone.
bool send(int socket, const Message& message) {
  iovec text{const_cast<char*>(message.bytes.data()), message.bytes.size()};
  ControlBuffer control{};
  msghdr header{};
  header.msg_iov = &text;
  header.msg_iovlen = 1;
  if (const std::size_t size = message.descriptors.size() * sizeof(int); size > 0) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(size);
    cmsghdr* const rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(size);
    std::vector<int> numbers;
    for (const Fd& fd : message.descriptors) numbers.push_back(fd.get());
    std::memcpy(CMSG_DATA(rights), numbers.data(), size);
  }
  bool there = true;
  eventually("room in the socket", [&] {
    if (::sendmsg(socket, &header, MSG_NOSIGNAL) >= 0) return true;
    if (errno == EAGAIN) return false;
    there = false;
    if (errno != EPIPE && errno != ECONNRESET && errno != ECONNREFUSED) throw_errno("sendmsg");
    return true;
  });
  return there;
}

/// nullopt when none is there now.
std::optional<Message> receive(int socket) {
  Message message;
  message.bytes.resize(1 << 20);
  iovec text{message.bytes.data(), message.bytes.size()};
  ControlBuffer control{};
  msghdr header{};
  header.msg_iov = &text;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  const ssize_t got = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got <= 0) return std::nullopt;
  message.bytes.resize(static_cast<std::size_t>(got));
  if (const cmsghdr* const rights = CMSG_FIRSTHDR(&header)) {
    std::vector<int> numbers((rights->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(numbers.data(), CMSG_DATA(rights), numbers.size() * sizeof(int));
    for (const int number : numbers) message.descriptors.emplace_back(number);
  }
  return message;
}

/// The number in "NAME=NUMBER" of a process's environment; -1 when there is none.
int number_in_environment(pid_t pid, const std::string& name) {
  const std::string all = '\0' + read_kernel_file(fmt::format("/proc/{}/environ", pid));
  const std::string before = '\0' + name + '=';
  const auto at = all.find(before);
  int number = -1;
  if (at != std::string::npos) {
    std::from_chars(all.data() + at + before.size(), all.data() + all.size(), number);
  }
  return number;
}

/// Empty when the process has gone, or has no such descriptor any more.
Fd copy_of(pid_t pid, int number) {
  const Fd process = proc::open_process(pid);
  if (!process) return {};
  const auto got = static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0));
  if (got < 0 && errno != ESRCH && errno != EBADF) throw_errno("pidfd_getfd");
  return Fd(got);
}

bool is_channel(const Fd& socket) {
  int type = 0;
  socklen_t size = sizeof type;
  const bool known = ::getsockopt(socket.get(), SOL_SOCKET, SO_TYPE, &type, &size) == 0;
  return known && type == SOCK_SEQPACKET;
}

/// A copy of a descriptor by what it leads to; empty when there is none now.
Fd copy_of(
    pid_t pid, const std::string& file,
    const std::function<bool(const Fd&)>& is_it = [](const Fd& copy) { return bool(copy); }) {
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", pid), gone)) {
    std::error_code closed;
    if (fs::read_symlink(entry, closed).string().find(file) == std::string::npos) continue;
    Fd copy = copy_of(pid, std::stoi(entry.path().filename()));
    if (is_it(copy)) return copy;
  }
  return {};
}

struct Reloader {
  pid_t pid = -1;
  Fd channel{};  // its end
};

std::optional<Reloader> find_reloader(pid_t supervisor) {
  for (const pid_t pid : proc::children_of(supervisor)) {
    const int number = number_in_environment(pid, app::channel_variable);
    if (number < 0 || blocks_stops(pid)) continue;
    if (Fd channel = copy_of(pid, number)) return Reloader{pid, std::move(channel)};
  }
  return std::nullopt;
}

/// Such as a reloader sends when it hands over.
Message readable(Fd snapshot, Fd inotify = {}) {
  auto [supervisors, reloaders] = app::Channel::make_pair(app::Role::reloader);
  app::Handover values;
  values.starts = forged_starts;
  const app::Descriptors with{std::move(snapshot), std::move(inotify)};
  if (!reloaders.send_handover(values, with, patience)) throw_errno("send a handover");
  auto message = receive(supervisors.fd());
  if (!message || message->descriptors.empty()) throw std::runtime_error("no handover to be read");
  return std::move(*message);
}

constexpr auto large = static_cast<off_t>(std::uint64_t{1} << 46U);
constexpr auto size_of_a_snapshot = static_cast<off_t>(Arena::most);

Fd memory_file(const std::string& content, off_t size) {
  Fd file = require_fd(::memfd_create("foreign", MFD_CLOEXEC), "memfd_create");
  if (::pwrite(file.get(), content.data(), content.size(), 0) < 0) throw_errno("pwrite");
  if (::ftruncate(file.get(), size) != 0) throw_errno("ftruncate");
  return file;
}

std::string garbage() {
  std::string bytes(4096, '\xff');
  for (std::size_t i = 0; i < bytes.size(); i += 7) bytes[i] = static_cast<char>(i);
  return bytes;
}

/// As long as this socket takes it, or longer where it may be made to.
std::string much(int socket) {
  int size = 1 << 19;
  ::setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);  // for root alone
  socklen_t length = sizeof size;
  if (::getsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, &length) != 0) throw_errno("getsockopt");
  return std::string(static_cast<std::size_t>(size) / 2, 'x');
}

Message broken(Breakage how, const Reloader& reloader) {
  Message message = readable({});
  auto& file = message.descriptors[0];
  switch (how) {
    case Breakage::missing:
      break;
    case Breakage::torn_message:
      message.bytes.resize(message.bytes.size() / 2);
      break;
    case Breakage::torn_file:
      if (::ftruncate(file.get(), ::lseek(file.get(), 0, SEEK_END) / 2) != 0) throw_errno("cut");
      break;
    case Breakage::no_file:
      message.descriptors.clear();
      break;
    case Breakage::garbage:
      message.bytes = garbage();
      break;
    case Breakage::foreign_file:
      file = memory_file(garbage(), 4096);
      break;
    case Breakage::foreign_pipe:
      file = std::move(make_pipe().reading);
      break;
    case Breakage::foreign_snapshot:
      return readable(memory_file(garbage(), 4096), std::move(make_pipe().reading));
    case Breakage::empty_snapshot:
      return readable(memory_file("", size_of_a_snapshot), copy_of(reloader.pid, "inotify"));
    case Breakage::foreign_values:
      return readable(copy_of(reloader.pid, "snapshot"), copy_of(reloader.pid, "inotify"));
    case Breakage::oversized_message:
      message.bytes += much(reloader.channel.get());
      break;
    case Breakage::oversized_file:
      file = memory_file("", large);
      break;
    case Breakage::too_many_descriptors:
      while (message.descriptors.size() < most_descriptors) {
        message.descriptors.push_back(memory_file("", 4096));
      }
      break;
  }
  return message;
}

}  // namespace

std::string name_of(Breakage how) {
  static constexpr std::array names{
      "Missing",          "TornMessage",   "TornFile",          "NoFile",        "Garbage",
      "ForeignFile",      "ForeignPipe",   "ForeignSnapshot",   "EmptySnapshot", "ForeignValues",
      "OversizedMessage", "OversizedFile", "TooManyDescriptors"};
  static_assert(names.size() == every_breakage.size());
  return names.at(static_cast<std::size_t>(how));
}

std::string why_no_sabotage() {
  try {
    if (copy_of(::getpid(), STDIN_FILENO)) return {};
  } catch (const std::system_error& error) {
    return error.what();
  }
  return "no standard input to be copied";
}

std::optional<pid_t> reloader_of(pid_t supervisor) {
  const auto reloader = find_reloader(supervisor);
  return reloader ? std::optional(reloader->pid) : std::nullopt;
}

bool break_handover(pid_t supervisor, Breakage how, Then then) {
  const auto reloader = find_reloader(supervisor);
  if (!reloader) return false;
  const int channel = reloader->channel.get();
  if (how != Breakage::missing && !send(channel, broken(how, *reloader))) return false;
  return then == Then::its_own || ::shutdown(channel, SHUT_WR) == 0;
}

void hand_over_an_event_for_inotify(pid_t supervisor, const std::function<void()>& edit) {
  const auto reloader = find_reloader(supervisor);
  if (!reloader) throw std::runtime_error("no reloader");
  const Fd process = proc::open_process(reloader->pid);
  const Fd end = copy_of(supervisor, "socket", is_channel);
  // While it is stopped, what it was sent can be taken out and put back.
  ::kill(supervisor, SIGSTOP);
  edit();
  pollfd ended{process.get(), POLLIN, 0};
  eventually("the reloader's end", [&] { return ::poll(&ended, 1, 100) == 1; });
  std::vector<Message> messages;
  while (auto message = receive(end.get())) messages.push_back(std::move(*message));
  for (Message& message : messages) {
    if (message.descriptors.size() == 3) {
      message.descriptors.back() = require_fd(::eventfd(0, EFD_CLOEXEC), "eventfd");
    }
    send(reloader->channel.get(), message);
  }
  ::kill(supervisor, SIGCONT);
}

}  // namespace reloadrun::test
