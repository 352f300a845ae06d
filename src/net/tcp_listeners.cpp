#include "net/tcp_listeners.hpp"

#include <ifaddrs.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "base/format.hpp"
#include "net/file_number.hpp"

namespace reloadrun::net {
namespace {

constexpr std::string_view is_listening = "0A";  // TCP_LISTEN

in6_addr mapped(in_addr address) noexcept {
  in6_addr ip{};
  ip.s6_addr[10] = ip.s6_addr[11] = 0xff;
  std::memcpy(&ip.s6_addr[12], &address, sizeof address);
  return ip;
}

in6_addr ip_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in internet{};
    std::memcpy(&internet, address, sizeof internet);
    return mapped(internet.sin_addr);
  }
  sockaddr_in6 internet{};
  std::memcpy(&internet, address, sizeof internet);
  return internet.sin6_addr;
}

const in6_addr any_ipv4 = mapped(in_addr{INADDR_ANY});

bool is_ipv4(const in6_addr& ip) { return IN6_IS_ADDR_V4MAPPED(&ip) != 0; }
bool are_same(const in6_addr& one, const in6_addr& other) {
  return IN6_ARE_ADDR_EQUAL(&one, &other) != 0;
}

bool is_loopback(const in6_addr& ip) {
  return is_ipv4(ip) ? ip.s6_addr[12] == 127 : IN6_IS_ADDR_LOOPBACK(&ip) != 0;
}

template <typename Number>
std::optional<Number> whole_number_in(std::string_view digits, int base) {
  Number number{};
  const char* const end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, number, base);
  return result.ec == std::errc() && result.ptr == end ? std::optional(number) : std::nullopt;
}

/// "0100007F:1F90": words of 32 bits as this machine reads them, and the port.
std::optional<Endpoint> endpoint_in(std::string_view text) {
  constexpr std::size_t digits = 8;  // of a word
  const auto colon = text.find(':');
  if (colon != digits && colon != 4 * digits) return std::nullopt;
  const auto port = whole_number_in<std::uint16_t>(text.substr(colon + 1), 16);
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i < colon / digits; ++i) {
    const auto word = whole_number_in<std::uint32_t>(text.substr(i * digits, digits), 16);
    if (!word) return std::nullopt;
    words.at(i) = *word;
  }
  if (!port) return std::nullopt;
  Endpoint endpoint{{}, *port};
  if (colon == digits) {
    endpoint.ip = mapped(in_addr{words[0]});
  } else {
    std::memcpy(&endpoint.ip, words.data(), sizeof endpoint.ip);
  }
  return endpoint;
}

}  // namespace

std::optional<Endpoint> destination_of(const Address& address) {
  const bool is_ipv6 = address.family() == AF_INET6;
  if (address.size() < (is_ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in))) return std::nullopt;
  Endpoint there{ip_of(address.generic()), address.port()};
  if (are_same(there.ip, any_ipv4)) there.ip = mapped(in_addr{htonl(INADDR_LOOPBACK)});
  if (are_same(there.ip, in6addr_any)) there.ip = in6addr_loopback;
  return there;
}

std::vector<TcpListener> tcp_listeners_in(std::istream& table) {
  constexpr std::size_t fields = 10;  // of which 1 is the address, 3 the state, and 9 the number
  std::vector<TcpListener> listeners;
  std::string line;
  std::getline(table, line);  // what the columns are
  while (std::getline(table, line)) {
    std::istringstream words(line);
    const std::vector<std::string> field{std::istream_iterator<std::string>(words), {}};
    if (field.size() < fields || field[3] != is_listening) break;
    const auto at = endpoint_in(field[1]);
    const auto number = whole_number_in<SocketNumber>(field[9], 10);
    if (at && number) listeners.push_back({*at, *number});
  }
  return listeners;
}

std::vector<TcpListener> tcp_listeners_of(pid_t thread) {
  std::vector<TcpListener> listeners;
  for (const char* name : {"tcp", "tcp6"}) {
    std::ifstream table(fmt::format("/proc/{}/net/{}", thread, name));
    std::ranges::copy(tcp_listeners_in(table), std::back_inserter(listeners));
  }
  return listeners;
}

std::vector<TcpListener> receivers_of(const Endpoint& destination,
                                      const std::vector<TcpListener>& listeners) {
  const auto those_at = [&](const in6_addr& one, const in6_addr& other) {
    std::vector<TcpListener> found;
    std::ranges::copy_if(listeners, std::back_inserter(found), [&](const TcpListener& listener) {
      return listener.at.port == destination.port &&
             (are_same(listener.at.ip, one) || are_same(listener.at.ip, other));
    });
    return found;
  };
  if (!is_ipv4(destination.ip)) return those_at(destination.ip, in6addr_any);
  auto found = those_at(destination.ip, any_ipv4);
  return found.empty() ? those_at(in6addr_any, in6addr_any) : found;
}

bool is_local(pid_t thread, const Endpoint& destination) {
  if (is_loopback(destination.ip)) return true;
  if (file_at(fmt::format("/proc/{}/ns/net", thread)) != file_at("/proc/self/ns/net")) return false;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(first, ::freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    const bool is_internet = one->ifa_addr != nullptr && (one->ifa_addr->sa_family == AF_INET ||
                                                          one->ifa_addr->sa_family == AF_INET6);
    if (is_internet && are_same(ip_of(one->ifa_addr), destination.ip)) return true;
  }
  return false;
}

}  // namespace reloadrun::net
