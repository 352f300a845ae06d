// Addresses on this machine, as bind() and connect() take them.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace reloadrun::test {

/// 127.0.0.1.
inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

struct UnixAddress {
  sockaddr_un value{};
  socklen_t size = sizeof value;
};

/// A path, or "@name" for an abstract one. It has to fit.
inline UnixAddress unix_address(const std::string& name) {
  UnixAddress address;
  address.value.sun_family = AF_UNIX;
  std::ranges::copy(name, address.value.sun_path);
  if (name.starts_with('@')) {
    address.value.sun_path[0] = '\0';
    address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  }
  return address;
}

}  // namespace reloadrun::test
