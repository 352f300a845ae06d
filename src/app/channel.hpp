// The private socket between supervisor and reloader: whole messages, in order, without waiting.
// Each end is driven by its process's main thread.
//
// A reloader knows itself by it: RUN_MAIN=true alone may come from the user's environment. The end
// of one process is seen by the other as the end of the socket, after everything that was sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/messages.hpp"
#include "base/fd.hpp"

namespace reloadrun::app {

/// The variables that make a process a reloader, and that a target never sees.
inline constexpr auto run_main_variable = "RUN_MAIN";
inline constexpr auto channel_variable = "RELOADRUN_CHANNEL";  // the socket's descriptor

class Channel {
 public:
  /// Both ends, close-on-exec.
  static std::pair<Channel, Channel> make_pair();

  /// The socket that this process was given as a reloader; nullopt in any other process. Looks at
  /// the environment and at the socket's first message, and takes nothing from it.
  static std::optional<Channel> inherited();

  [[nodiscard]] int fd() const { return socket_.get(); }

  /// The whole of what a reloader begins with, of any size. Throws std::system_error.
  void send_begin(const Begin& begin);
  /// Throws wire::Torn when it is not there.
  Begin receive_begin();

  /// False when the other end has gone, or when the socket is full and the other end has not read
  /// for as long as `patience`: then the message is lost.
  bool send(const Order& order, Duration patience = Duration::zero());
  bool send(const Report& report, Duration patience = Duration::zero());

  /// The next message; nullopt when none is there now. Throws wire::Torn.
  std::optional<Order> receive_order();
  std::optional<Report> receive_report();

  /// Whether receiving has found the other end gone, with nothing left to read.
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  explicit Channel(Fd socket) : socket_(std::move(socket)) {}

  bool send_bytes(std::string_view bytes, Duration patience);
  std::optional<std::string> receive_bytes();

  Fd socket_;
  bool closed_ = false;
};

}  // namespace reloadrun::app
