#include "net/identity.hpp"

#include <sys/stat.h>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "net/fields.hpp"

namespace reloadrun::net {
namespace {

/// "Uid:" and "Gid:" have the real, the effective and the saved one, and that for files.
template <typename Id>
bool read_ids(std::string_view line, Id& effective, Id& of_files) {
  take_word(line);
  const auto second = number_in<Id>(take_word(line));
  take_word(line);
  const auto fourth = number_in<Id>(take_word(line));
  effective = second.value_or(0);
  of_files = fourth.value_or(0);
  return second && fourth;
}

}  // namespace

std::optional<Identity> parse_identity(std::string_view status) {
  Identity identity;
  const bool has_user = read_ids(field(status, "Uid"), identity.user, identity.file_user);
  const bool has_group = read_ids(field(status, "Gid"), identity.group, identity.file_group);
  const auto capabilities = number_in<std::uint64_t>(field(status, "CapEff"), 16);
  if (!has_user || !has_group || !capabilities) return std::nullopt;
  identity.capabilities = *capabilities;
  std::string_view groups = field(status, "Groups");
  for (auto word = take_word(groups); !word.empty(); word = take_word(groups)) {
    const auto group = number_in<gid_t>(word);
    if (!group) return std::nullopt;
    identity.groups.push_back(*group);
  }
  return identity;
}

std::optional<Identity> identity_of(pid_t thread) {
  const std::string process = fmt::format("/proc/{}", thread);
  auto identity = parse_identity(read_kernel_file(process + "/status"));
  struct stat status {};
  if (!identity || ::stat((process + "/ns/user").c_str(), &status) != 0) return std::nullopt;
  identity->user_namespace = status.st_ino;
  return identity;
}

}  // namespace reloadrun::net
