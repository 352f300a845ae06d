// What --listen [NAME=]ADDR means. Pure functions from text to values, and back.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace reloadrun::net {

/// So many sockets, and what else reloadrun's processes give each other, go in one message (at most
/// 253 descriptors, see unix(7)).
inline constexpr std::size_t most_sockets = 128;

/// An address as bind(2) takes it: of IPv4, IPv6 or the unix family.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* generic() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  [[nodiscard]] sockaddr* generic() { return reinterpret_cast<sockaddr*>(&storage); }

  [[nodiscard]] bool is_unix() const { return storage.ss_family == AF_UNIX; }
  /// Of the unix family, when it is a file; empty for every other.
  [[nodiscard]] std::string path() const;
  /// 0: the kernel is to choose one. Not of the unix family.
  [[nodiscard]] int port() const;
  /// "127.0.0.1:8080", "[::1]:8080", "unix:/path", "unix:@name".
  [[nodiscard]] std::string text() const;

  friend bool operator==(const SocketAddress& a, const SocketAddress& b);
};

struct ListenAddress {
  std::string option;     ///< "--listen 'web=8080'", for messages
  std::string name = {};  ///< empty when none was given
  SocketAddress address{};
};

/// The values of all --listen options, in their order. `8080` and `localhost:8080` are
/// `127.0.0.1:8080`. Throws Error (status 2) for what is none, and for an address or a NAME that is
/// given twice.
std::vector<ListenAddress> parse_listen(const std::vector<std::string>& options);

/// For LISTEN_FDNAMES: the names with a colon between; "unknown" where none was given, as
/// sd_listen_fds_with_names(3) has it.
std::string names_of(const std::vector<ListenAddress>& addresses);

}  // namespace reloadrun::net
