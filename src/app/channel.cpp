#include "app/channel.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "app/wire.hpp"

namespace reloadrun::app {
namespace {

// The first message's text; what it begins with travels beside it, in a memory file, since a
// command line may be larger than any message.
constexpr std::string_view begin_mark = "reloadrun: begin";

union ControlBuffer {
  cmsghdr aligned;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

bool is_seqpacket_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

Fd memory_file(std::string_view content) {
  Fd file = require_fd(::memfd_create("reloadrun", MFD_CLOEXEC), "memfd_create");
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0) throw_errno("write to a memory file");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

std::string content_of(const Fd& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_errno("fstat of a memory file");
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t got = ::pread(file.get(), content.data(), content.size(), 0);
  if (got != static_cast<ssize_t>(content.size())) throw wire::Torn();
  return content;
}

}  // namespace

std::pair<Channel, Channel> Channel::make_pair() {
  std::array<int, 2> ends{};
  constexpr int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
  if (::socketpair(AF_UNIX, type, 0, ends.data()) != 0) throw_errno("socketpair");
  return {Channel(Fd(ends[0])), Channel(Fd(ends[1]))};
}

std::optional<Channel> Channel::inherited() {
  const char* run_main = std::getenv(run_main_variable);
  const char* number = std::getenv(channel_variable);
  if (run_main == nullptr || number == nullptr || std::strcmp(run_main, "true") != 0) return {};
  int fd = -1;
  const char* end = number + std::strlen(number);
  if (std::from_chars(number, end, fd).ptr != end || !is_seqpacket_socket(fd)) return {};
  std::array<char, begin_mark.size()> first{};
  const ssize_t got = ::recv(fd, first.data(), first.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got != static_cast<ssize_t>(first.size()) ||
      std::string_view(first.data(), first.size()) != begin_mark) {
    return {};
  }
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) throw_errno("fcntl of the reloader's socket");
  return Channel(Fd(fd));
}

void Channel::send_begin(const Begin& begin) {
  const Fd content = memory_file(wire::encode(begin));
  iovec text{const_cast<char*>(begin_mark.data()), begin_mark.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int number = content.get();
  std::memcpy(CMSG_DATA(header), &number, sizeof number);
  if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) < 0) throw_errno("sendmsg");
}

Begin Channel::receive_begin() {
  std::array<char, begin_mark.size()> mark{};
  iovec text{mark.data(), mark.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  if (::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC) < 0) throw_errno("recvmsg");
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) throw wire::Torn();
  int number = -1;
  std::memcpy(&number, CMSG_DATA(header), sizeof number);
  return wire::decode<Begin>(content_of(Fd(number)));
}

std::optional<Order> Channel::receive_order() {
  const auto bytes = receive_bytes();
  return bytes ? std::optional(wire::decode_one_of<Order>(*bytes)) : std::nullopt;
}

std::optional<Report> Channel::receive_report() {
  const auto bytes = receive_bytes();
  return bytes ? std::optional(wire::decode_one_of<Report>(*bytes)) : std::nullopt;
}

bool Channel::send(const Order& order, Duration patience) {
  return send_bytes(wire::encode_one_of(order), patience);
}

bool Channel::send(const Report& report, Duration patience) {
  return send_bytes(wire::encode_one_of(report), patience);
}

bool Channel::send_bytes(std::string_view bytes, Duration patience) {
  const TimePoint until = Clock::now() + patience;
  for (;;) {
    if (::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0) return true;
    if ((errno != EAGAIN && errno != EINTR) || Clock::now() >= until) return false;
    pollfd writable{socket_.get(), POLLOUT, 0};
    wait_for({&writable, 1}, until);
  }
}

std::optional<std::string> Channel::receive_bytes() {
  // Its size first, since there is no largest one.
  const ssize_t size = ::recv(socket_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
  if (size < 0) {
    if (errno == EAGAIN || errno == EINTR) return std::nullopt;
    if (errno != ECONNRESET) throw_errno("recv");
  }
  if (size <= 0) {  // no message is empty
    closed_ = true;
    return std::nullopt;
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  if (::recv(socket_.get(), bytes.data(), bytes.size(), 0) != size) throw wire::Torn();
  return bytes;
}

}  // namespace reloadrun::app
