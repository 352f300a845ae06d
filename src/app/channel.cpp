#include "app/channel.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "app/wire.hpp"

namespace reloadrun::app {
namespace {

// The first message, by which a reloader knows its socket.
constexpr std::string_view reloader_mark = "reloadrun: reloader";
// The texts of the two messages whose content travels beside them, in a memory file, since it may
// be larger than any message. No other message begins so.
constexpr std::string_view begin_mark = "reloadrun: begin";
constexpr std::string_view handover_mark = "reloadrun: handover";

// The memory file, the snapshot and the inotify instance.
constexpr std::size_t most_descriptors = 3;

// Far more than any list of files needs, and nothing that memory could not hold.
constexpr off_t largest_content = off_t{1} << 30;

union ControlBuffer {
  cmsghdr aligned;
  std::array<char, CMSG_SPACE(most_descriptors * sizeof(int))> bytes;
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
  if (status.st_size > largest_content) throw wire::Torn();
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t got = ::pread(file.get(), content.data(), content.size(), 0);
  if (got != static_cast<ssize_t>(content.size())) throw wire::Torn();
  return content;
}

/// Those that have come after the memory file.
Descriptors descriptors_of(std::vector<Fd>& received) {
  Descriptors with;
  if (received.size() > 1) with.snapshot = std::move(received[1]);
  if (received.size() > 2) with.inotify = std::move(received[2]);
  return with;
}

}  // namespace

std::pair<Channel, Channel> Channel::make_pair() {
  std::array<int, 2> ends{};
  constexpr int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
  if (::socketpair(AF_UNIX, type, 0, ends.data()) != 0) throw_errno("socketpair");
  auto pair = std::pair(Channel(Fd(ends[0])), Channel(Fd(ends[1])));
  if (!pair.first.send_message(reloader_mark, {}, {})) throw_errno("sendmsg");
  return pair;
}

std::optional<Channel> Channel::inherited() {
  const char* run_main = std::getenv(run_main_variable);
  const char* number = std::getenv(channel_variable);
  if (run_main == nullptr || number == nullptr || std::strcmp(run_main, "true") != 0) return {};
  int fd = -1;
  const char* end = number + std::strlen(number);
  if (std::from_chars(number, end, fd).ptr != end || !is_seqpacket_socket(fd)) return {};
  std::array<char, reloader_mark.size()> first{};
  const ssize_t got = ::recv(fd, first.data(), first.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got != static_cast<ssize_t>(first.size()) ||
      std::string_view(first.data(), first.size()) != reloader_mark) {
    return {};
  }
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) throw_errno("fcntl of the reloader's socket");
  return Channel(Fd(fd));
}

bool Channel::send_begin(const Begin& begin) {
  if (send_parcel(begin_mark, wire::encode(begin), begin.with, {})) return true;
  // ECONNRESET: it has not even read the mark.
  if (errno != EPIPE && errno != ECONNRESET) throw_errno("sendmsg");
  return false;
}

std::optional<Begin> Channel::receive_begin() {
  auto message = receive_message();
  while (!closed_ && (!message || message->bytes == reloader_mark)) {
    pollfd readable{socket_.get(), POLLIN, 0};
    wait_for({&readable, 1}, std::nullopt);
    message = receive_message();
  }
  if (closed_) return std::nullopt;
  if (message->bytes != begin_mark || message->descriptors.empty()) throw wire::Torn();
  auto begin = wire::decode<Begin>(content_of(message->descriptors[0]));
  begin.with = descriptors_of(message->descriptors);
  return begin;
}

bool Channel::send_handover(const Handover& values, const Descriptors& with, Duration patience) {
  return send_parcel(handover_mark, wire::encode(values), with, patience);
}

std::optional<Order> Channel::receive_order() {
  const auto message = receive_message();
  return message ? std::optional(wire::decode_one_of<Order>(message->bytes)) : std::nullopt;
}

std::optional<Received> Channel::receive_report() {
  auto message = receive_message();
  if (!message) return std::nullopt;
  if (message->bytes == handover_mark) {
    if (message->descriptors.empty()) throw wire::Torn();
    return HandedOver{wire::decode<Handover>(content_of(message->descriptors[0])),
                      descriptors_of(message->descriptors)};
  }
  auto report = wire::decode_one_of<Report>(message->bytes);
  return std::visit([](auto& what) { return Received(std::move(what)); }, report);
}

bool Channel::send(const Order& order, Duration patience) {
  return send_message(wire::encode_one_of(order), {}, patience);
}

bool Channel::send(const Report& report, Duration patience) {
  return send_message(wire::encode_one_of(report), {}, patience);
}

bool Channel::send_parcel(std::string_view mark, const std::string& content,
                          const Descriptors& with, Duration patience) {
  const Fd file = memory_file(content);
  std::array<int, most_descriptors> numbers{file.get(), with.snapshot.get(), with.inotify.get()};
  // The inotify instance is of use with the snapshot alone.
  const std::size_t count = !with.snapshot ? 1 : !with.inotify ? 2 : 3;
  return send_message(mark, std::span(numbers).first(count), patience);
}

bool Channel::send_message(std::string_view bytes, std::span<const int> descriptors,
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

std::optional<Channel::Message> Channel::receive_message() {
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
