// A listening socket that is kept, and what it takes to give it to a program in the place of its
// own. Used by net/keep_ports, on its thread.
#pragma once

#include <sys/socket.h>

#include <string>

#include "base/fd.hpp"
#include "net/address.hpp"
#include "net/caller.hpp"
#include "net/file_number.hpp"

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

/// Connects to it `times` times, and closes at once, so that as many who wait in accept() go on.
void wake_acceptors(const Address& address, int times);

/// What is known of a socket beside what it knows itself.
struct KeptValues {
  Address asked;          ///< what it was bound to, with port 0 where the kernel was to choose
  Rights rights;          ///< of who has bound it
  FileNumber file;        ///< of a unix socket with a path
  std::string owed_path;  ///< of the same, when the target has removed it: it is still there
  int backlog = 0;        ///< as the target has asked for
};

struct KeptSocket {
  Fd socket;
  KeptValues values;
};

}  // namespace reloadrun::net
