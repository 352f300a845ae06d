// Which sockets have asked for any port, until they listen: the port that they have got says
// nothing of that. Most never listen, since a client may bind as well; so no more than the latest
// are known. Used by net/keep_ports, on its thread.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "net/address.hpp"
#include "net/caller.hpp"

namespace reloadrun::net {

class AskedAddresses {
 public:
  static constexpr std::size_t most = 1000;

  void note(SocketNumber socket, const Address& asked);
  /// What it has asked for last; nullopt when it is not known to have.
  [[nodiscard]] std::optional<Address> of(SocketNumber socket) const;
  [[nodiscard]] std::size_t size() const { return notes_.size(); }
  void clear() { notes_.clear(); }

 private:
  struct Note {
    SocketNumber socket = 0;
    Address asked;
  };
  std::deque<Note> notes_;  ///< the latest last
};

}  // namespace reloadrun::net
