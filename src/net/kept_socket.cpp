#include "net/kept_socket.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/clock.hpp"
#include "net/acting_as.hpp"

namespace reloadrun::net {
namespace {

int option(int socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(socket, level, name, &value, &size) == 0 ? value : 0;
}

struct Option {
  int level = 0;
  int name = 0;
  int divisor = 1;  ///< the kernel tells twice of what it is told of the sizes of buffers
};

// What a server may set before bind() and expects of what it accepts. Those that follow bind() are
// set on the kept socket itself, since it is the program's by then.
constexpr std::array copied{Option{SOL_SOCKET, SO_REUSEADDR},
                            Option{SOL_SOCKET, SO_KEEPALIVE},
                            Option{SOL_SOCKET, SO_OOBINLINE},
                            Option{SOL_SOCKET, SO_PRIORITY},
                            Option{SOL_SOCKET, SO_SNDBUF, 2},
                            Option{SOL_SOCKET, SO_RCVBUF, 2},
                            Option{SOL_SOCKET, SO_RCVLOWAT},
                            Option{SOL_SOCKET, SO_PASSCRED},
                            Option{SOL_SOCKET, SO_DONTROUTE},
                            Option{SOL_SOCKET, SO_TIMESTAMP},
                            Option{SOL_SOCKET, SO_MARK},
                            Option{IPPROTO_TCP, TCP_NODELAY},
                            Option{IPPROTO_TCP, TCP_KEEPIDLE},
                            Option{IPPROTO_TCP, TCP_KEEPINTVL},
                            Option{IPPROTO_TCP, TCP_KEEPCNT},
                            Option{IPPROTO_TCP, TCP_DEFER_ACCEPT},
                            Option{IPPROTO_TCP, TCP_USER_TIMEOUT},
                            Option{IPPROTO_TCP, TCP_FASTOPEN},
                            Option{IPPROTO_IP, IP_TOS},
                            Option{IPPROTO_IP, IP_TTL},
                            Option{IPPROTO_IPV6, IPV6_TCLASS},
                            Option{IPPROTO_IPV6, IPV6_UNICAST_HOPS}};

constexpr std::array copied_whole{Option{SOL_SOCKET, SO_LINGER}, Option{SOL_SOCKET, SO_RCVTIMEO},
                                  Option{SOL_SOCKET, SO_SNDTIMEO}};

void copy(const Option& what, int from, int to) {
  int wanted = 0;
  int there = 0;
  socklen_t size = sizeof wanted;
  if (::getsockopt(from, what.level, what.name, &wanted, &size) != 0) return;  // not of its kind
  if (::getsockopt(to, what.level, what.name, &there, &size) != 0 || wanted == there) return;
  wanted /= what.divisor;
  static_cast<void>(::setsockopt(to, what.level, what.name, &wanted, sizeof wanted));
}

void copy_whole(const Option& what, int from, int to) {
  std::array<char, sizeof(timeval)> value{};  // struct linger is shorter
  auto size = static_cast<socklen_t>(value.size());
  if (::getsockopt(from, what.level, what.name, value.data(), &size) != 0) return;
  static_cast<void>(::setsockopt(to, what.level, what.name, value.data(), size));
}

}  // namespace

bool SocketKind::may_listen() const {
  const bool of_a_family = domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX;
  return of_a_family && (type == SOCK_STREAM || type == SOCK_SEQPACKET);
}

SocketKind kind_of(int socket) {
  SocketKind kind;
  kind.domain = option(socket, SOL_SOCKET, SO_DOMAIN);
  kind.type = option(socket, SOL_SOCKET, SO_TYPE);
  kind.protocol = option(socket, SOL_SOCKET, SO_PROTOCOL);
  if (kind.domain == AF_INET6) {
    kind.only_ipv6 = option(socket, IPPROTO_IPV6, IPV6_V6ONLY) != 0;
  }
  if (kind.domain != AF_UNIX) {
    kind.shares_port = option(socket, SOL_SOCKET, SO_REUSEPORT) != 0;
    std::array<char, IFNAMSIZ> name{};
    auto size = static_cast<socklen_t>(name.size());
    if (::getsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, name.data(), &size) == 0) {
      kind.device.assign(name.data(), ::strnlen(name.data(), size));
    }
  }
  return kind;
}

bool listens(int socket) { return option(socket, SOL_SOCKET, SO_ACCEPTCONN) != 0; }

bool has_waiting(int socket) { return (readiness(socket, POLLIN) & POLLIN) != 0; }

int how_many_wait(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  const bool known = ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
  return known ? static_cast<int>(info.tcpi_unacked) : 0;  // what it means of a listener
}

void dress(int kept, int own) {
  for (const Option& one : copied) copy(one, own, kept);
  for (const Option& one : copied_whole) copy_whole(one, own, kept);
  const int wanted = ::fcntl(own, F_GETFL);
  const int there = ::fcntl(kept, F_GETFL);
  if (wanted < 0 || there < 0) return;
  static_cast<void>(::fcntl(kept, F_SETFL, (there & ~O_NONBLOCK) | (wanted & O_NONBLOCK)));
}

bool set_queue(int socket, const Identity& who, int length) {
  if (option(socket, SOL_SOCKET, SO_DOMAIN) != AF_UNIX) return ::listen(socket, length) == 0;
  const ActingAs acting(who);
  return acting && ::listen(socket, length) == 0;
}

void KeptSocket::pay_debt() {
  const auto debtor = std::exchange(values.debtor, std::nullopt);
  if (!debtor) return;
  const ActingAs acting(*debtor);
  if (acting) place.remove(values.file);
}

}  // namespace reloadrun::net
