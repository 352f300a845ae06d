// A listening socket that is kept, and what it takes to give it to a program in the place of its
// own. Used by net/keep_ports, on its thread.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>

#include "base/fd.hpp"
#include "net/address.hpp"
#include "net/bound_place.hpp"
#include "net/caller.hpp"
#include "net/file_number.hpp"
#include "net/identity.hpp"

namespace reloadrun::net {

/// What cannot be changed of a bound socket, so that another of another kind is no substitute.
struct SocketKind {
  int domain = 0;
  int type = 0;
  int protocol = 0;
  bool only_ipv6 = false;
  bool shares_port = false;  ///< SO_REUSEPORT
  std::string device;        ///< SO_BINDTODEVICE

  /// Whether connections are made to it (listen(2)), over the internet or on this machine.
  [[nodiscard]] bool may_listen() const;
  friend bool operator==(const SocketKind&, const SocketKind&) = default;
};
SocketKind kind_of(int socket);

/// Whether it listens now.
bool listens(int socket);
/// Whether a connection waits to be accepted.
bool has_waiting(int socket);
/// How many do, of TCP.
int how_many_wait(int socket);

/// Gives `kept` the options of `own`, the program's, which it has set before bind(), and whether it
/// blocks.
void dress(int kept, int own);

/// Makes its queue so long; as `who`, by whose rights whoever connects to a unix socket is told to
/// have reached it. False when that cannot be done.
bool set_queue(int socket, const Identity& who, int length);

/// What is known of a socket beside what it knows itself.
struct KeptValues {
  Address asked;    ///< what it was bound to, with port 0 where the kernel was to choose
  Rights rights;    ///< of who has bound it
  int backlog = 0;  ///< as the target has asked for
  // Of a unix socket with a path:
  FileNumber file;
  std::string name;  ///< in its directory
  /// By whom it was removed, as the target believes: it is still there.
  std::optional<Identity> debtor{};

  [[nodiscard]] bool has_path() const { return !name.empty(); }
};

struct KeptSocket {
  Fd socket;
  KeptValues values;
  BoundPlace place{};  ///< of a unix socket with a path

  /// Removes the file that the target believes to be removed, if it still may do that.
  void pay_debt();
};

}  // namespace reloadrun::net
