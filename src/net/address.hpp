// A socket's address, as bind() is given it and getsockname() tells it. A plain value; any thread.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace reloadrun::net {

struct Address {
  std::string bytes;

  Address() = default;
  /// The bytes of a sockaddr, of any family; cut at what an address may have.
  explicit Address(std::string_view sockaddr_bytes);
  /// That of a socket; its family is AF_UNSPEC when there is none.
  static Address of_socket(int socket);

  /// Of a unix socket at a path, which is short enough.
  static Address of_path(std::string_view path);

  /// As system calls take it; as long as this one is.
  [[nodiscard]] const sockaddr* generic() const {
    return reinterpret_cast<const sockaddr*>(bytes.data());
  }
  [[nodiscard]] socklen_t size() const { return static_cast<socklen_t>(bytes.size()); }

  [[nodiscard]] int family() const;
  [[nodiscard]] bool is_internet() const { return family() == AF_INET || family() == AF_INET6; }
  /// Of an internet address; 0 of others, and where the kernel is to choose.
  [[nodiscard]] std::uint16_t port() const;
  /// The path of a unix socket that has one; empty for others.
  [[nodiscard]] std::string path() const;

  /// For the user's eyes: 127.0.0.1:8080, [::1]:8080, unix:/path, unix:@abstract.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Address&, const Address&) = default;
};

}  // namespace reloadrun::net
