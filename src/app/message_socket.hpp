// One end of a socket between two of reloadrun's processes: whole messages with descriptors, in
// order. Driven by its process's main thread. What the messages mean is said by app/channel and
// app/build_link.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"

namespace reloadrun::app {

class MessageSocket {
 public:
  /// Of one message: as many as the kernel takes (SCM_MAX_FD of unix(7)).
  static constexpr std::size_t most_descriptors = 253;

  struct Message {
    std::string bytes;
    std::vector<Fd> descriptors;
  };

  /// An end that is closed.
  MessageSocket() : closed_(true) {}
  explicit MessageSocket(Fd socket) : socket_(std::move(socket)) {}
  /// Both ends, close-on-exec and non-blocking. Throws std::system_error.
  static std::pair<MessageSocket, MessageSocket> make_pair();

  /// To be waited for; -1 once it is closed().
  [[nodiscard]] int fd() const { return closed_ ? -1 : socket_.get(); }
  /// The descriptor, which is no longer this one's.
  Fd release() { return Fd(socket_.release()); }

  /// No message is empty. The descriptors stay the caller's. False with errno when the other end
  /// has gone, or when the socket is full and the other end has not read for as long as `patience`:
  /// then the message is lost.
  bool send(std::string_view bytes, std::span<const int> descriptors, Duration patience);

  /// The next message; nullopt when none is there now. Throws wire::Torn and std::system_error.
  std::optional<Message> receive();

  /// Whether receiving has found the other end gone, with nothing left to read.
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  Fd socket_;
  bool closed_ = false;
};

}  // namespace reloadrun::app
