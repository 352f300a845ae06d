// The private socket between the supervisor and each process that it executes: whole messages, in
// order, without waiting. Each end is driven by its process's main thread.
//
// A reloader, or the builder, knows itself by it and by its own PID: RUN_MAIN=true may come from
// the user's environment, and with the socket from a process that has executed this one. The end of
// one process is seen by the other as the end of the socket, after everything that was sent.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "app/message_socket.hpp"
#include "app/messages.hpp"
#include "base/fd.hpp"

namespace reloadrun::app {

/// What a process was executed for.
enum class Role { reloader, builder };

/// The variables that make a process one of ours, and that a target never sees.
inline constexpr auto run_main_variable = "RUN_MAIN";
inline constexpr auto channel_variable = "RELOADRUN_CHANNEL";  // the socket's descriptor
inline constexpr auto pid_variable = "RELOADRUN_PID";          // of the process that it is for
inline constexpr std::array own_variables{run_main_variable, channel_variable, pid_variable};

class Channel {
 public:
  /// An end that is closed.
  Channel() = default;
  /// The supervisor's end, and that of a process with this role; close-on-exec.
  static std::pair<Channel, Channel> make_pair(Role role);

  /// The socket that this process was given, and as what; nullopt in any other process. Looks at
  /// the environment and at the socket's first message, and takes nothing from it. Throws Error
  /// when the supervisor is one of another version.
  struct Inherited;
  static std::optional<Inherited> inherited();
  /// Whether there is such a socket. For who only wants to know.
  static bool is_inherited();

  [[nodiscard]] int fd() const { return socket_.fd(); }

  /// The whole of what a process begins with, of any size. False when it has gone.
  /// Throws std::system_error.
  bool send_begin(const Begin& begin);
  /// Waits for it. Nullopt when the supervisor has gone. Throws wire::Torn.
  std::optional<Begin> receive_begin();

  /// What outlives this generation, of any size; the descriptors stay the caller's. False when the
  /// supervisor has gone, or does not read.
  bool send_handover(const Handover& values, const Descriptors& with, Duration patience);

  /// False when the other end has gone, or when the socket is full and the other end has not read
  /// for as long as `patience`: then the message is lost.
  bool send(const Order& order, Duration patience = Duration::zero());
  bool send(const Report& report, Duration patience = Duration::zero());

  /// The next message; nullopt when none is there now. Throws wire::Torn.
  std::optional<Order> receive_order();
  std::optional<Received> receive_report();

  /// Whether receiving has found the other end gone, with nothing left to read.
  [[nodiscard]] bool closed() const { return socket_.closed(); }

 private:
  explicit Channel(MessageSocket socket) : socket_(std::move(socket)) {}

  bool send_parcel(std::string_view mark, const std::string& content, std::vector<int> descriptors,
                   Duration patience);

  MessageSocket socket_;
};

struct Channel::Inherited {
  Role role;
  Channel channel;
};

}  // namespace reloadrun::app
