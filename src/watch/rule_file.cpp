#include "watch/rule_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/regular_file.hpp"

namespace reloadrun::watch {
namespace {

RuleFileState state_of(const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return {true, status.st_dev, status.st_ino};
  return {true,
          status.st_dev,
          status.st_ino,
          static_cast<std::uint64_t>(status.st_size),
          status.st_ctim.tv_sec,
          status.st_ctim.tv_nsec};
}

}  // namespace

RuleFileState rule_file_state(int directory_fd, const std::string& name, Links links) {
  struct stat status {};
  const int flags = links == Links::followed ? 0 : AT_SYMLINK_NOFOLLOW;
  if (::fstatat(directory_fd, name.c_str(), &status, flags) != 0) return {};
  return state_of(status);
}

std::optional<RuleFile> read_rule_file(int directory_fd, const std::string& name, Links links) {
  const int flags = links == Links::followed ? 0 : O_NOFOLLOW;
  RegularFile file = read_regular_file(directory_fd, name, most_text_bytes, flags);
  // Of before the reading: what is written meanwhile is then seen as another state.
  const RuleFileState state = state_of(file.status);
  if (file) return RuleFile{state, std::move(file.content), {}};
  if (file.error == ENOENT || file.error == ENOTDIR) return std::nullopt;
  const bool is_link = file.error == ELOOP;
  return RuleFile{state, std::nullopt,
                  is_link ? "a symbolic link" : why_not(file, most_text_bytes)};
}

}  // namespace reloadrun::watch
