#include "app/message_socket.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "app/wire.hpp"

namespace reloadrun::app {
namespace {

union ControlBuffer {
  cmsghdr aligned;
  std::array<char, CMSG_SPACE(MessageSocket::most_descriptors * sizeof(int))> bytes;
};

}  // namespace

std::pair<MessageSocket, MessageSocket> MessageSocket::make_pair() {
  std::array<int, 2> ends{};
  constexpr int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
  if (::socketpair(AF_UNIX, type, 0, ends.data()) != 0) throw_errno("socketpair");
  return {MessageSocket(Fd(ends[0])), MessageSocket(Fd(ends[1]))};
}

bool MessageSocket::send(std::string_view bytes, std::span<const int> descriptors,
                         Duration patience) {
  iovec text{const_cast<char*>(bytes.data()), bytes.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  const TimePoint until = Clock::now() + patience;
  for (;;) {
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) >= 0) return true;
    if ((errno != EAGAIN && errno != EINTR) || Clock::now() >= until) return false;
    pollfd writable{socket_.get(), POLLOUT, 0};
    wait_for({&writable, 1}, until);
  }
}

std::optional<MessageSocket::Message> MessageSocket::receive() {
  // Its size first, since there is no largest one.
  ssize_t size = ::recv(socket_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
  // The other end has gone without reading all of ours. That is said once, before what it has sent.
  if (size < 0 && errno == ECONNRESET) {
    size = ::recv(socket_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
  }
  if (size < 0) {
    if (errno == EAGAIN || errno == EINTR) return std::nullopt;
    if (errno != ECONNRESET) throw_errno("recv");
  }
  if (size <= 0) {  // no message is empty
    closed_ = true;
    return std::nullopt;
  }
  Message received;
  received.bytes.resize(static_cast<std::size_t>(size));
  iovec text{received.bytes.data(), received.bytes.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  // To the byte: in the padding there would be room for one more.
  message.msg_controllen = CMSG_LEN(most_descriptors * sizeof(int));
  const ssize_t got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    std::array<int, most_descriptors> numbers{};
    const std::size_t bytes = header->cmsg_len - CMSG_LEN(0);
    std::memcpy(numbers.data(), CMSG_DATA(header), std::min(bytes, sizeof numbers));
    for (std::size_t i = 0; i < bytes / sizeof(int); ++i)
      received.descriptors.emplace_back(numbers.at(i));
  }
  // Some are lost when no number is free here.
  if (got != size || (message.msg_flags & MSG_CTRUNC) != 0) throw wire::Torn();
  return received;
}

}  // namespace reloadrun::app
