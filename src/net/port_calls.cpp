#include "net/port_calls.hpp"

#include <linux/net.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace reloadrun::net {
namespace {

// Numbers of 32-bit x86.
constexpr int compat_socketcall = 102;
constexpr int compat_bind = 361;
constexpr int compat_connect = 362;
constexpr int compat_listen = 363;
constexpr int compat_shutdown = 373;
constexpr int compat_unlink = 10;
constexpr int compat_unlinkat = 301;

struct Same {
  int compat;
  int native;
};
constexpr std::array same_calls{
    Same{compat_bind, SYS_bind},        Same{compat_connect, SYS_connect},
    Same{compat_listen, SYS_listen},    Same{compat_shutdown, SYS_shutdown},
#ifdef SYS_unlink
    Same{compat_unlink, SYS_unlink},
#endif
    Same{compat_unlinkat, SYS_unlinkat}};
// Of socketcall(), whose first argument says which call it is.
constexpr std::array multiplexed{Same{SYS_BIND, SYS_bind}, Same{SYS_CONNECT, SYS_connect},
                                 Same{SYS_LISTEN, SYS_listen}, Same{SYS_SHUTDOWN, SYS_shutdown}};

void notify_of_multiplexed(CallFilter& filter, int call) {
  filter.notify(compat_socketcall, When::equals(0, static_cast<std::uint32_t>(call)),
                Machine::compat);
}

}  // namespace

void notify_of_ports(CallFilter& filter) {
  for (const int call : {SYS_bind, SYS_listen, SYS_shutdown}) filter.notify(call);
#ifdef SYS_unlink
  filter.notify(SYS_unlink);
#endif
  filter.notify(SYS_unlinkat, When::equals(2, 0));  // not of a directory
  for (const Same& one : multiplexed) {
    if (one.native != SYS_connect) notify_of_multiplexed(filter, one.compat);
  }
  for (const Same& one : same_calls) {
    if (one.native == SYS_connect) continue;
    const bool by_flags = one.compat == compat_unlinkat;
    filter.notify(one.compat, by_flags ? When::equals(2, 0) : When{}, Machine::compat);
  }
}

void notify_of_connects(CallFilter& filter) {
  filter.notify(SYS_connect);
  notify_of_multiplexed(filter, SYS_CONNECT);
  filter.notify(compat_connect, {}, Machine::compat);
}

std::optional<Call> port_call(const Call& waiting) {
  Call call = waiting;
  if (call.machine == Machine::native) return call;
  if (call.number == compat_socketcall) {
    std::array<std::uint32_t, 3> arguments{};
    const auto* const one =
        std::ranges::find(multiplexed, static_cast<int>(call.arguments[0]), &Same::compat);
    if (one == multiplexed.end()) return std::nullopt;
    const bool has_address = one->native == SYS_bind || one->native == SYS_connect;
    const std::size_t size = sizeof(std::uint32_t) * (has_address ? 3 : 2);
    const auto bytes = call.bytes(1, size);
    if (!bytes) return std::nullopt;
    std::memcpy(arguments.data(), bytes->data(), size);
    call.number = one->native;
    std::ranges::copy(arguments, call.arguments.begin());
    return call;
  }
  const auto* const one = std::ranges::find(same_calls, call.number, &Same::compat);
  if (one == same_calls.end()) return std::nullopt;
  call.number = one->native;
  return call;
}

}  // namespace reloadrun::net
