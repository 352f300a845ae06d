// As whom a process acts: what the kernel decides by whether it may do something. Any thread.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace reloadrun::net {

struct Identity {
  uid_t user = 0;  ///< the effective one
  gid_t group = 0;
  uid_t file_user = 0;  ///< for files; nearly always the same
  gid_t file_group = 0;
  std::vector<gid_t> groups;         ///< beside these, in their order
  std::uint64_t capabilities = 0;    ///< effective ones, over what is of its user namespace
  std::uint64_t user_namespace = 0;  ///< its inode
  friend auto operator<=>(const Identity&, const Identity&) = default;
};

/// Users, groups and capabilities, as /proc/PID/status has them.
std::optional<Identity> parse_identity(std::string_view status);

/// Of a thread; nullopt when it is gone. While a call of it waits, it is not changed.
std::optional<Identity> identity_of(pid_t thread);

}  // namespace reloadrun::net
