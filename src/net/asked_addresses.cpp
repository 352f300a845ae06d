#include "net/asked_addresses.hpp"

#include <algorithm>

namespace reloadrun::net {

void AskedAddresses::note(SocketNumber socket, const Address& asked) {
  if (notes_.size() >= most) notes_.pop_front();
  notes_.push_back({socket, asked});
}

std::optional<Address> AskedAddresses::of(SocketNumber socket) const {
  const auto note = std::find_if(notes_.rbegin(), notes_.rend(),
                                 [&](const Note& one) { return one.socket == socket; });
  return note == notes_.rend() ? std::nullopt : std::optional(note->asked);
}

}  // namespace reloadrun::net
