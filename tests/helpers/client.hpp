// Clients of a server under test, below HTTP: who connects, and what becomes of it.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include "base/fd.hpp"

namespace reloadrun::test {

/// A connection to 127.0.0.1, [::1] or a unix socket (a path, or "@name"); empty with errno when
/// it is refused.
Fd connect_to(int port, bool ipv6 = false);
Fd connect_to(const std::string& unix_socket);

/// All that comes until the other side closes; nullopt when the connection is cut before, or
/// nothing comes for long.
std::optional<std::string> all_from(const Fd& connection);

/// Connects to a port of 127.0.0.1 every 2 ms, from its own thread, waiting for no answer before it
/// connects again, until it is stopped. Every connection is to be answered by "ok\n" and closed.
class Crowd {
 public:
  explicit Crowd(int port);
  ~Crowd() { stop(); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  /// Waits until some more of them have been answered.
  void expect_answers() const;
  /// Waits for the answers that are due.
  void stop();

  // To be read after stop().
  int refused = 0;     ///< of the connections, by connect()
  int cut = 0;         ///< ... that ended without the whole answer
  int unanswered = 0;  ///< ... that were open when no answer had come for long

 private:
  void run();

  const int port_;
  std::atomic<bool> stopped_ = false;
  std::atomic<int> answered_ = 0;
  std::thread thread_;
};

}  // namespace reloadrun::test
