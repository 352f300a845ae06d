#include "net/probe.hpp"

#include <fcntl.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>

#include "net/acting_as.hpp"
#include "net/caller_path.hpp"
#include "net/tcp_listeners.hpp"

namespace reloadrun::net {
namespace {

int descriptor(const Call& call) { return static_cast<int>(call.arguments[0]); }

/// Whether this generation has not asked for it yet.
bool is_free(const KeptPort& kept) { return !kept.claimed; }

bool is_connected(const Fd& socket) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  return ::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

/// Of the socket that is to be connected, when it is a fresh one.
std::optional<SocketKind> kind_of_client(const Call& call) {
  const Fd own = Caller(call).take_socket(descriptor(call));
  return own && !is_connected(own) ? std::optional(kind_of(own.get())) : std::nullopt;
}

/// Whether a connection could only come to what is kept, and would wait there.
bool is_free_port(const Call& call, const Address& asked, const PortTable& kept,
                  const OpenSockets& open_sockets) {
  const auto is_asked_for = [&](const KeptPort& one) {
    return is_free(one) && one.address.is_internet() && one.address.port() == asked.port();
  };
  const auto there = destination_of(asked);
  if (!there || std::ranges::none_of(kept, is_asked_for)) return false;
  const auto receivers = receivers_of(*there, tcp_listeners_of(call.thread));
  const auto may_be_free = [&](const TcpListener& one) {
    return std::ranges::any_of(kept, [&](const KeptPort& port) {
      return port.number == one.number && is_free(port) && port.kind.device.empty();
    });
  };
  if (receivers.empty() || !std::ranges::all_of(receivers, may_be_free)) return false;
  const auto kind = kind_of_client(call);
  const bool is_client = kind && kind->domain == asked.family() && kind->type == SOCK_STREAM &&
                         (kind->protocol == IPPROTO_TCP || kind->protocol == IPPROTO_MPTCP);
  if (!is_client || !is_local(call.thread, *there)) return false;
  // What the old target has left running may have one of them.
  const auto open = open_sockets();
  return std::ranges::none_of(receivers,
                              [&](const TcpListener& one) { return open.contains(one.number); });
}

/// Which file a path leads to, as the caller reaches it and by its rights.
std::optional<FileNumber> file_reached_by(const Call& call, const Identity& caller,
                                          const std::string& path) {
  const auto named = caller_path(call.thread, path);
  const ActingAs acting(caller);
  return named && acting ? file_of(named->open(named->path, O_PATH | O_CLOEXEC)) : std::nullopt;
}

/// The errno that a unix address would give without us; 0: the kernel is to say.
int refusal_at_unix_address(const Call& call, const Address& asked, const PortTable& kept,
                            const OpenSockets& open_sockets) {
  const auto is_unix = [](const KeptPort& one) {
    return is_free(one) && one.address.family() == AF_UNIX;
  };
  if (std::ranges::none_of(kept, is_unix)) return 0;
  const auto rights = Caller(call).rights();
  const auto file = rights && !asked.path().empty()
                        ? file_reached_by(call, rights->identity, asked.path())
                        : std::nullopt;
  if (!rights || (!asked.path().empty() && !file)) return 0;
  const auto one = std::ranges::find_if(kept, [&](const KeptPort& port) {
    return is_unix(port) && (file ? port.it.values.file == *file : port.address == asked);
  });
  if (one == kept.end() || *rights != one->it.values.rights) return 0;
  const auto kind = kind_of_client(call);
  if (!kind || *kind != one->kind || open_sockets().contains(one->number)) return 0;
  return one->it.values.debtor ? ENOENT : ECONNREFUSED;
}

}  // namespace

int refusal_of(const Call& connect, const PortTable& kept, const OpenSockets& open_sockets) {
  // The way of nearly all: it is to cost little.
  if (std::ranges::none_of(kept, is_free)) return 0;
  const auto size = std::min<std::uint64_t>(connect.arguments[2], sizeof(sockaddr_storage));
  const Address asked(connect.bytes(1, size).value_or(""));
  if (asked.is_internet()) {
    return is_free_port(connect, asked, kept, open_sockets) ? ECONNREFUSED : 0;
  }
  if (asked.family() != AF_UNIX) return 0;
  return refusal_at_unix_address(connect, asked, kept, open_sockets);
}

}  // namespace reloadrun::net
