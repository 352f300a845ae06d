// What the supervisor and a reloader read from each other, the handover in its memory file and the
// arena that goes with it among them. The input: whether it is a Begin, a report or an order; how
// many descriptors come with it; and the message, or for a Begin and a handover its content, which
// is in the message itself when there are no descriptors.

#include "app/channel.hpp"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "app/wire.hpp"
#include "base/arena.hpp"
#include "fuzz/property.hpp"

namespace reloadrun::fuzz {
namespace {

using namespace app;
namespace wire = app::wire;

Fd memory_file(std::string_view content) {
  Fd file = require_fd(::memfd_create("fuzz", MFD_CLOEXEC), "memfd_create");
  require(
      ::write(file.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()),
      "a memory file takes what it is given");
  return file;
}

/// As a process would that is none of ours.
void send(const Channel& channel, std::string_view bytes, const std::vector<int>& descriptors) {
  iovec text{const_cast<char*>(bytes.data()), bytes.size()};
  std::array<char, CMSG_SPACE(16 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    const std::size_t size = descriptors.size() * sizeof(int);
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    std::copy(descriptors.begin(), descriptors.end(), reinterpret_cast<int*>(CMSG_DATA(header)));
  }
  require(::sendmsg(channel.fd(), &message, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()),
          "a message is sent");
}

/// What is read can be written, and is then read as the same; a part of it is torn.
template <class Struct>
void require_whole(const Struct& value) {
  const std::string bytes = wire::encode(value);
  require(wire::encode(wire::decode<Struct>(bytes)) == bytes,
          "what is written is read as the same");
  const auto is_torn = [](std::string_view part) {
    try {
      wire::decode<Struct>(part);
      return false;
    } catch (const wire::Torn&) {
      return true;
    }
  };
  const std::size_t step = bytes.size() / 32 + 1;
  for (std::size_t length = 0; length < bytes.size(); length += step) {
    require(is_torn(std::string_view(bytes).substr(0, length)), "a part of it is torn");
  }
  require(is_torn(bytes + '\0'), "what is longer is torn");
}

void require_whole(const Descriptors& with, const Handover& values) {
  require(with.ports.size() == values.port_descriptors(), "each port has what it needs");
  if (!with.snapshot) return;
  require(Arena::adopt(Fd(::dup(with.snapshot.get()))) == nullptr, "a foreign snapshot is none");
}

std::string parcel(std::string mark, std::string_view content,
                   const std::vector<int>& descriptors) {
  return descriptors.empty() ? mark.append(content) : mark;
}

void begin(Channel& from, Channel& to, std::string_view content, std::vector<int> descriptors) {
  send(from, parcel("reloadrun: begin", content, descriptors), descriptors);
  const auto read = to.receive_begin();
  require(read.has_value(), "a Begin that is whole is read");
  require_whole(*read);
  require(read->sockets.size() == read->options.listen.size(), "each --listen has its socket");
  require_whole(read->with, read->handover);
  require(content.size() >= wire::encode(*read).size(), "nothing is made up");
}

void report(Channel& from, Channel& to, std::string_view bytes, std::vector<int> descriptors) {
  send(from, bytes, descriptors);
  const auto read = to.receive_report();
  require(read.has_value(), "a report that is whole is read");
  if (const auto* handover = std::get_if<HandedOver>(&*read)) {
    require_whole(handover->values);
    require_whole(handover->with, handover->values);
  } else if (const auto* line = std::get_if<Line>(&*read)) {
    require_whole(*line);
  } else if (const auto* farewell = std::get_if<Farewell>(&*read)) {
    require_whole(*farewell);
  } else if (const auto* failure = std::get_if<Failure>(&*read)) {
    require_whole(*failure);
  }
}

void order(Channel& from, Channel& to, std::string_view bytes, std::vector<int> descriptors) {
  send(from, bytes, descriptors);
  const auto read = to.receive_order();
  require(read.has_value(), "an order that is whole is read");
  const auto* socket = std::get_if<SocketOrder>(&*read);
  require(socket == nullptr || socket->socket, "an order that names a socket has one");
}

}  // namespace
}  // namespace reloadrun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reloadrun;
  using namespace reloadrun::fuzz;
  Input input(data, size);
  const int kind = input.byte() % 4;
  const std::size_t count = input.byte() % 16;
  const std::string_view content = input.rest();
  auto [ours, theirs] = Channel::make_pair(Role::reloader);
  const Fd file = memory_file(content);
  const Fd arena = memory_file(content);
  require(::ftruncate(arena.get(), static_cast<off_t>(reloadrun::Arena::most)) == 0,
          "a file has an arena's size, whatever it holds");
  std::vector<int> descriptors(count, arena.get());
  if (count > 0) descriptors.front() = file.get();
  try {
    if (kind == 0) begin(ours, theirs, content, descriptors);
    // The other way there is no mark to pass by.
    if (kind == 1) {
      report(theirs, ours, parcel("reloadrun: handover", content, descriptors), descriptors);
    }
    if (kind == 2 && !content.empty()) report(theirs, ours, content, descriptors);
    if (kind == 3 && !content.empty()) order(theirs, ours, content, descriptors);
  } catch (const wire::Torn&) {  // the reader's own word for whatever is not whole
  }
  return 0;
}
