// What is known of one socket that is kept, and of it among the others. Plain values; used by
// net/keep_ports and its parts, on their thread.
#pragma once

#include <functional>
#include <set>
#include <vector>

#include "base/clock.hpp"
#include "net/address.hpp"
#include "net/caller.hpp"
#include "net/kept_socket.hpp"

namespace reloadrun::net {

struct KeptPort {
  KeptSocket it;
  SocketNumber number = 0;
  SocketKind kind;
  Address address;       ///< the real one
  bool claimed = false;  ///< by this generation
  bool served = false;   ///< ... which has called listen()
  TimePoint served_since{};
  bool given = false;       ///< in answer to a bind() that no listen() has followed yet
  bool raised = false;      ///< its queue may be longer than the target has asked for
  Deadline unsure_since{};  ///< listen() was let go on, and is not done yet
  bool was_alone = false;   ///< at the last check: somebody waited, and nobody had it open
  bool is_open = false;     ///< at the last look for those that have lost who had them open

  /// Whether both are of one group that shares a port (SO_REUSEPORT): the kernel gives a new
  /// connection to one of its members, whether anybody accepts from that one or not.
  [[nodiscard]] bool is_sibling_of(const KeptPort& other) const {
    return kind.shares_port && this != &other && kind == other.kind && address == other.address &&
           it.values.rights.network_namespace == other.it.values.rights.network_namespace;
  }
};

using PortTable = std::vector<KeptPort>;

/// The sockets that processes of the target's tree have open. To ask for it takes a walk through
/// /proc.
using OpenSockets = std::function<std::set<SocketNumber>()>;

}  // namespace reloadrun::net
