// The calls that net/keep_ports answers, of programs of this machine and of its 32-bit one.
#pragma once

#include <optional>

#include "net/call_filter.hpp"
#include "net/notifier.hpp"

namespace reloadrun::net {

/// bind(), listen() and shutdown(), and unlink() for the paths of unix sockets.
void notify_of_ports(CallFilter& filter);
/// connect(), which only concerns who finds something kept when it starts.
void notify_of_connects(CallFilter& filter);

/// `waiting` with the number and the arguments that it has on this machine, whatever it was made
/// as: unlink() as unlinkat(), and accept() as well, which nobody is notified of. nullopt when it
/// is another one, or its arguments cannot be read.
std::optional<Call> port_call(const Call& waiting);

}  // namespace reloadrun::net
