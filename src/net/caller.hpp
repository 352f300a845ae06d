// The process that makes a call which waits: its descriptors, and by which rights it acts. Used by
// who answers the call, on its thread.
//
// What is learned here is the caller's own only if the call still waits afterwards
// (Notifier::waits()): otherwise it may be of another process that has its number by now.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>

#include "base/fd.hpp"
#include "net/identity.hpp"
#include "net/notifier.hpp"

namespace reloadrun::net {

/// What a socket is known by, as /proc shows it; 0: none.
using SocketNumber = std::uint64_t;

/// Of a descriptor of ours.
SocketNumber socket_number(int socket);

/// What decides which addresses a process may take, and where they are.
struct Rights {
  Identity identity;
  std::uint64_t network_namespace = 0;
  friend auto operator<=>(const Rights&, const Rights&) = default;
};

class Caller {
 public:
  explicit Caller(const Call& call) : thread_(call.thread) {}

  /// The process that this thread is of.
  [[nodiscard]] pid_t process() const;

  /// The socket that its descriptor is; 0 when it is none, or we may not look.
  [[nodiscard]] SocketNumber socket_at(int number) const;
  /// That socket, shared with it (Linux 5.6); empty with errno when there is none, or we may not.
  [[nodiscard]] Fd take_socket(int number) const;
  [[nodiscard]] bool closes_on_exec(int number) const;

  /// nullopt when we may not look, and for one that is confined in another way than we are: nothing
  /// is to be done for it.
  [[nodiscard]] std::optional<Rights> rights() const;

  /// How many of its threads wait in accept() of this descriptor.
  [[nodiscard]] int acceptors_of(int number) const;

 private:
  pid_t thread_;
};

/// Whether this kernel, and who has restricted it (a container), lets us look into our processes:
/// errno of what is refused, or 0.
int why_no_callers();

}  // namespace reloadrun::net
