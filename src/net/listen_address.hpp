// What --listen [NAME=]ADDR means. Pure functions from text to values, and back.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "net/address.hpp"

namespace reloadrun::net {

/// So many, the ports that are kept, and what else reloadrun's processes give each other go in one
/// message (at most 253 descriptors, see unix(7)).
inline constexpr std::size_t most_sockets = 48;

struct ListenAddress {
  std::string option;     ///< "--listen 'web=8080'", for messages
  std::string name = {};  ///< empty when none was given
  Address address{};
};

/// The values of all --listen options, in their order. `8080` and `localhost:8080` are
/// `127.0.0.1:8080`. Throws Error (status 2) for what is none, and for an address or a NAME that is
/// given twice.
std::vector<ListenAddress> parse_listen(const std::vector<std::string>& options);

/// For LISTEN_FDNAMES: the names with a colon between; "unknown" where none was given, as
/// sd_listen_fds_with_names(3) has it.
std::string names_of(const std::vector<ListenAddress>& addresses);

}  // namespace reloadrun::net
