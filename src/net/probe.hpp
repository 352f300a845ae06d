// Whether connect() is to be refused, since the program looks for a port that is free: one that is
// kept is, as long as this generation has not bound it. Used by net/keep_ports, on its thread.
#pragma once

#include "net/kept_port.hpp"
#include "net/notifier.hpp"

namespace reloadrun::net {

/// errno of what connect() would say if nothing were kept; 0 when it is to go on. What was learned
/// is the caller's own only if the call still waits.
int refusal_of(const Call& connect, const PortTable& kept, const OpenSockets& open_sockets);

}  // namespace reloadrun::net
