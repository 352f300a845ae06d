// Who listens for TCP in a network, as /proc tells it, and who of them is given a connection to an
// address. Used by net/keep_ports, on its thread; what does not read /proc is plain values.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <vector>

#include "net/address.hpp"
#include "net/caller.hpp"

namespace reloadrun::net {

/// IPv4 in the form that IPv6 has for it (::ffff:127.0.0.1).
struct Endpoint {
  in6_addr ip{};
  std::uint16_t port = 0;
};

/// Where a connection to this address goes: nobody is at the unspecified one, and the kernel takes
/// loopback for it. nullopt when it is no whole internet address.
std::optional<Endpoint> destination_of(const Address& address);

struct TcpListener {
  Endpoint at;
  SocketNumber number = 0;
};

/// From /proc/net/tcp or tcp6, which begin with those that listen.
std::vector<TcpListener> tcp_listeners_in(std::istream& table);
/// In the network of this thread; empty when we may not look.
std::vector<TcpListener> tcp_listeners_of(pid_t thread);

/// Those of them one of which is given a connection to there, if there is a way to it.
std::vector<TcpListener> receivers_of(const Endpoint& destination,
                                      const std::vector<TcpListener>& listeners);

/// Whether a connection of this thread to there stays on this machine. (In another network than
/// ours only loopback is known to.)
bool is_local(pid_t thread, const Endpoint& destination);

}  // namespace reloadrun::net
