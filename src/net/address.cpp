#include "net/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "base/format.hpp"

namespace reloadrun::net {
namespace {

constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);

/// As much of it as the bytes have; the rest is zeros.
template <typename Sockaddr>
Sockaddr as(const std::string& bytes) {
  Sockaddr address{};
  std::memcpy(&address, bytes.data(), std::min(bytes.size(), sizeof address));
  return address;
}

}  // namespace

Address::Address(std::string_view sockaddr_bytes)
    : bytes(sockaddr_bytes.substr(0, sizeof(sockaddr_storage))) {
  // What follows an internet address says nothing, and would make equal ones differ; so does the
  // padding of IPv4's.
  if (family() == AF_INET && bytes.size() >= sizeof(sockaddr_in)) {
    auto address = as<sockaddr_in>(bytes);
    std::ranges::fill(address.sin_zero, 0);
    bytes.assign(reinterpret_cast<const char*>(&address), sizeof address);
  } else if (family() == AF_INET6 && bytes.size() > sizeof(sockaddr_in6)) {
    bytes.resize(sizeof(sockaddr_in6));
  }
}

Address Address::of_socket(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return Address(std::string_view{reinterpret_cast<const char*>(&address),
                                  std::min<std::size_t>(size, sizeof address)});
}

Address Address::of_path(std::string_view path) {
  const sa_family_t family = AF_UNIX;
  std::string bytes(reinterpret_cast<const char*>(&family), sizeof family);
  return Address(bytes.append(path) + '\0');
}

int Address::family() const {
  sa_family_t family = AF_UNSPEC;
  if (bytes.size() >= sizeof family) std::memcpy(&family, bytes.data(), sizeof family);
  return family;
}

std::uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(as<sockaddr_in>(bytes).sin_port);
  if (family() == AF_INET6) return ntohs(as<sockaddr_in6>(bytes).sin6_port);
  return 0;
}

std::string Address::path() const {
  if (family() != AF_UNIX || bytes.size() <= path_offset || bytes[path_offset] == '\0') return {};
  // It need not end with a zero.
  return bytes.substr(path_offset, bytes.find('\0', path_offset) - path_offset);
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET) {
    const auto address = as<sockaddr_in>(bytes);
    ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    return fmt::format("{}:{}", text.data(), port());
  }
  if (family() == AF_INET6) {
    const auto address = as<sockaddr_in6>(bytes);
    ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
    return fmt::format("[{}]:{}", text.data(), port());
  }
  if (family() == AF_UNIX && bytes.size() > path_offset) {
    const std::string name = path();
    return "unix:" + (name.empty() ? "@" + bytes.substr(path_offset + 1) : name);
  }
  return "an address of its own kind";
}

}  // namespace reloadrun::net
