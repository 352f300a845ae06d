// Wakes who waits in accept() of a kept socket, when the shutdown() that would have is not carried
// out. Used by net/keep_ports, on its thread.
#pragma once

#include "net/identity.hpp"
#include "net/kept_socket.hpp"

namespace reloadrun::net {

/// Connects to it `times` times as `caller`, and closes at once, so that as many go on. To this
/// very socket and no other: false when that cannot be done, or not by the caller's rights.
bool wake_acceptors(const KeptSocket& kept, const Identity& caller, int times);

}  // namespace reloadrun::net
