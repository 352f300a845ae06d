#include "net/port_calls.hpp"

#include <fcntl.h>
#include <linux/net.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace reloadrun::net {
namespace {

constexpr std::array port_calls{calls::bind,     calls::connect, calls::listen, calls::shutdown,
                                calls::unlinkat, calls::accept,  calls::accept4};

/// Of socketcall(), whose first argument says which call it is.
struct Multiplexed {
  int which = 0;
  SystemCall call;
  std::size_t arguments = 0;
};
constexpr std::array multiplexed{
    Multiplexed{SYS_BIND, calls::bind, 3},     Multiplexed{SYS_CONNECT, calls::connect, 3},
    Multiplexed{SYS_LISTEN, calls::listen, 2}, Multiplexed{SYS_SHUTDOWN, calls::shutdown, 2},
    Multiplexed{SYS_ACCEPT, calls::accept, 3}, Multiplexed{SYS_ACCEPT4, calls::accept4, 4}};

void notify_of(CallFilter& filter, const SystemCall& call) {
  filter.notify(call);
  for (const Multiplexed& one : multiplexed) {
    if (one.call != call) continue;
    const auto which = static_cast<std::uint32_t>(one.which);
    filter.notify(calls::socketcall, When::equals(0, which));
  }
}

Call made_natively(Call call, const SystemCall& as, const std::array<std::uint64_t, 6>& arguments) {
  call.machine = Machine::native;
  call.number = as.native;
  call.arguments = arguments;
  return call;
}

/// What socketcall() stands for.
std::optional<Call> demultiplexed(const Call& call) {
  const auto* const one =
      std::ranges::find(multiplexed, static_cast<int>(call.arguments[0]), &Multiplexed::which);
  if (one == multiplexed.end()) return std::nullopt;
  std::array<std::uint32_t, 4> words{};
  const std::size_t size = sizeof(std::uint32_t) * one->arguments;
  const auto bytes = call.bytes(1, size);
  if (!bytes) return std::nullopt;
  std::memcpy(words.data(), bytes->data(), size);
  std::array<std::uint64_t, 6> arguments{};
  std::ranges::copy(words, arguments.begin());
  return made_natively(call, one->call, arguments);
}

}  // namespace

void notify_of_ports(CallFilter& filter) {
  for (const SystemCall& call : {calls::bind, calls::listen, calls::shutdown}) {
    notify_of(filter, call);
  }
  filter.notify(calls::unlink);
  filter.notify(calls::unlinkat, When::equals(2, 0));  // not of a directory
}

void notify_of_connects(CallFilter& filter) { notify_of(filter, calls::connect); }

std::optional<Call> port_call(const Call& waiting) {
  if (waiting.is(calls::socketcall)) return demultiplexed(waiting);
  if (waiting.is(calls::unlink)) {
    const auto here = static_cast<std::uint64_t>(AT_FDCWD);
    return made_natively(waiting, calls::unlinkat, {here, waiting.arguments[0], 0});
  }
  const auto* const one =
      std::ranges::find_if(port_calls, [&](const SystemCall& call) { return waiting.is(call); });
  if (one == port_calls.end()) return std::nullopt;
  return made_natively(waiting, *one, waiting.arguments);
}

}  // namespace reloadrun::net
