#include "watch/rule_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/fd.hpp"

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
  const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  const Fd file(
      ::openat(directory_fd, name.c_str(), links == Links::followed ? flags : flags | O_NOFOLLOW));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    const std::string why = errno == ELOOP ? "a symbolic link" : std::strerror(errno);
    return RuleFile{rule_file_state(directory_fd, name, links), std::nullopt, why};
  }
  // Before the reading: what is written meanwhile is then seen as another state.
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_errno("fstat");
  if (!S_ISREG(status.st_mode)) return RuleFile{state_of(status), std::nullopt, "no regular file"};
  std::string text;
  if (!read_all(file.get(), text)) {
    return RuleFile{state_of(status), std::nullopt, std::strerror(errno)};
  }
  return RuleFile{state_of(status), std::move(text), {}};
}

}  // namespace reloadrun::watch
