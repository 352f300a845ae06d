#include "net/listen_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/format.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::net {
namespace {

constexpr auto how_to_write =
    "write it like 8080, 127.0.0.1:8080, [::1]:8080, [::]:8080 or unix:/path";
constexpr std::string_view unix_prefix = "unix:";
constexpr std::size_t longest_name = 255;                                // systemd's bound
constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;  // it ends with a NUL

[[noreturn]] void fail(const std::string& what_is_wrong, std::string what_to_do) {
  throw Error(what_is_wrong, std::move(what_to_do), status_usage);
}

template <class Sockaddr>
Address address_of(const Sockaddr& sockaddr, std::size_t size = sizeof(Sockaddr)) {
  return Address(std::string_view(reinterpret_cast<const char*>(&sockaddr), size));
}

/// Nullopt for a text that is no number.
std::optional<unsigned long> number(std::string_view text) {
  unsigned long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return ~0UL;
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Address> ipv4_address(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const char* const digits = host == "localhost" ? "127.0.0.1" : host.c_str();
  if (::inet_pton(AF_INET, digits, &address.sin_addr) != 1) return std::nullopt;
  return address_of(address);
}

std::optional<Address> ipv6_address(const std::string& host, std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  if (::inet_pton(AF_INET6, host.c_str(), &address.sin6_addr) != 1) return std::nullopt;
  return address_of(address);
}

Address unix_address(const std::string& option, std::string_view path) {
  if (path.empty() || path == "@") fail(option + " names no socket", how_to_write);
  if (path.size() > longest_path) {
    fail(fmt::format("{} has a path of {} bytes, where {} are the most", option, path.size(),
                     longest_path),
         "give a shorter one, relative to the current directory perhaps");
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, address.sun_path);
  const bool is_abstract = path.front() == '@';
  if (is_abstract) address.sun_path[0] = '\0';
  // A path ends with a NUL; an abstract name is as long as it is.
  const std::size_t length = path.size() + (is_abstract ? 0 : 1);
  return address_of(address, offsetof(sockaddr_un, sun_path) + length);
}

Address internet_address(const std::string& option, std::string_view text) {
  const auto colon = text.rfind(':');
  const bool is_bare = colon == std::string_view::npos;
  std::string_view host = is_bare ? "127.0.0.1" : text.substr(0, colon);
  const auto port = number(is_bare ? text : text.substr(colon + 1));
  if (!port) fail(option + " is no address", how_to_write);
  if (*port > 65535) fail(option + " has a port above 65535", how_to_write);
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  const auto parse = is_bracketed ? ipv6_address : ipv4_address;
  const auto address = parse(std::string(host), static_cast<std::uint16_t>(*port));
  if (address) return *address;
  const bool is_bare_ipv6 = ipv6_address(std::string(host), 0).has_value();
  if (is_bare_ipv6) fail(option + " has an IPv6 address without brackets", how_to_write);
  fail(option + " is no address in numbers", how_to_write);
}

bool is_name(std::string_view text) {
  const auto may_stand_in_it = [](char c) { return c >= ' ' && c <= '~'; };
  return !text.empty() && text.size() <= longest_name && std::ranges::all_of(text, may_stand_in_it);
}

ListenAddress parse(const std::string& text) {
  ListenAddress result{fmt::format("--listen '{}'", text)};
  std::string_view address = text;
  // A NAME has no colon; a path may have a '='.
  const auto equals = text.find('=');
  if (equals != std::string::npos && equals < text.find(':')) {
    result.name = text.substr(0, equals);
    address.remove_prefix(equals + 1);
    if (!is_name(result.name)) {
      fail(result.option + " has no good NAME",
           "give it 1 to 255 printable ASCII characters, without a colon");
    }
  }
  const bool is_unix = address.starts_with(unix_prefix);
  if (is_unix) address.remove_prefix(unix_prefix.size());
  result.address =
      is_unix ? unix_address(result.option, address) : internet_address(result.option, address);
  return result;
}

/// Throws when this one is there already.
void check_against(const std::vector<ListenAddress>& others, const ListenAddress& one) {
  for (const ListenAddress& other : others) {
    const bool kernel_chooses = one.address.is_internet() && one.address.port() == 0;
    if (one.address == other.address && !kernel_chooses) {
      fail(fmt::format("{} has the address of {}", one.option, other.option),
           "give each address once");
    }
    if (!one.name.empty() && one.name == other.name) {
      fail(fmt::format("{} has the NAME of {}", one.option, other.option), "give each NAME once");
    }
  }
}

}  // namespace

std::vector<ListenAddress> parse_listen(const std::vector<std::string>& options) {
  if (options.size() > most_sockets) {
    fail(fmt::format("--listen is given {} times", options.size()),
         fmt::format("give it at most {} times", most_sockets));
  }
  std::vector<ListenAddress> addresses;
  for (const std::string& option : options) {
    ListenAddress one = parse(option);
    check_against(addresses, one);
    addresses.push_back(std::move(one));
  }
  return addresses;
}

std::string names_of(const std::vector<ListenAddress>& addresses) {
  std::string names;
  for (const ListenAddress& one : addresses) {
    if (&one != &addresses.front()) names += ':';
    names += one.name.empty() ? "unknown" : one.name;
  }
  return names;
}

}  // namespace reloadrun::net
