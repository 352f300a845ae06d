#include "net/wake.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>

#include "base/format.hpp"
#include "net/acting_as.hpp"

namespace reloadrun::net {
namespace {

// Who waits in accept() makes room in the queue at once.
constexpr timeval longest_wait{0, 100'000};

/// Where the address is reached from here: nobody connects to the unspecified one.
Address reachable(Address address) {
  if (address.family() == AF_INET) {
    auto* const internet = reinterpret_cast<sockaddr_in*>(address.bytes.data());
    if (internet->sin_addr.s_addr == INADDR_ANY) {
      internet->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
  } else if (address.family() == AF_INET6) {
    auto* const internet = reinterpret_cast<sockaddr_in6*>(address.bytes.data());
    if (IN6_IS_ADDR_UNSPECIFIED(&internet->sin6_addr)) internet->sin6_addr = in6addr_loopback;
  }
  return address;
}

bool is_in_our_network(const KeptSocket& kept) {
  const auto here = file_at("/proc/self/ns/net");
  return here && here->inode == kept.values.rights.network_namespace;
}

/// The file at its place, for who may not ask the kernel which one is the socket's.
Fd file_at_place(const KeptSocket& kept) {
  const BoundPlace& place = kept.place;
  Fd file(::openat(place.directory.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (file && file_of(file) != kept.values.file) return {};
  return file;
}

bool connect_once(const Address& there, int type) {
  // What is not at once established over the internet will be, whether it is waited for or not.
  const int blocking = there.is_internet() ? SOCK_NONBLOCK : 0;
  const Fd client(::socket(there.family(), type | blocking | SOCK_CLOEXEC, 0));
  const bool is_bound =
      ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &longest_wait, sizeof longest_wait) == 0;
  return is_bound &&
         (::connect(client.get(), there.generic(), there.size()) == 0 || errno == EINPROGRESS);
}

}  // namespace

bool wake_acceptors(const KeptSocket& kept, const Identity& caller, int times) {
  const int socket = kept.socket.get();
  const int type = kind_of(socket).type;
  Address there = Address::of_socket(socket);
  const bool has_path = !there.path().empty();
  Fd file = has_path ? bound_file(socket) : Fd();
  const bool may_not_ask = has_path && !file && errno == EPERM;
  if (!has_path && !is_in_our_network(kept)) return false;
  const ActingAs acting(caller);
  if (!acting) return false;
  if (may_not_ask) file = file_at_place(kept);
  if (has_path && !file) return false;
  there = has_path ? Address::of_path(fmt::format("/proc/self/fd/{}", file.get()))
                   : reachable(std::move(there));
  for (; times > 0; --times) {
    if (!connect_once(there, type)) return false;
  }
  return true;
}

}  // namespace reloadrun::net
