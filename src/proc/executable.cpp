#include "proc/executable.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/fd.hpp"
#include "proc/open_files.hpp"

namespace reloadrun::proc {
namespace {

#ifndef AT_EXECVE_CHECK
constexpr int AT_EXECVE_CHECK = 0x10000;  // linux/fcntl.h, from Linux 6.14 on
#endif

/// Whether exec would answer ETXTBSY. An older kernel refuses the flag with EINVAL, and does not
/// execute either. Not the first to be asked, since a program that opens the file for writing in
/// this instant is itself refused with ETXTBSY.
bool exec_finds_it_busy(const Fd& file, const std::string& path) {
  const std::array<const char*, 2> arguments{path.c_str(), nullptr};
  const std::array<const char*, 1> environment{nullptr};
  return ::syscall(SYS_execveat, file.get(), "", arguments.data(), environment.data(),
                   AT_EMPTY_PATH | AT_EXECVE_CHECK) != 0 &&
         errno == ETXTBSY;
}

bool is_being_written(const Fd& file, const std::string& path) {
  const Writing writing = open_for_writing(file.get());
  return writing == Writing::yes || (writing == Writing::unknown && exec_finds_it_busy(file, path));
}

/// Whether nothing is there that could say what kind of program it is. Four bytes are the longest
/// beginning that the kernel itself knows, ELF's; what else they are is left to exec, since
/// binfmt_misc may teach it any.
bool has_no_beginning(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) return false;  // a program may be executable and not readable
  std::array<char, 4> beginning{};
  if (::read(file.get(), beginning.data(), beginning.size()) < 0) return false;
  return std::ranges::all_of(beginning, [](char byte) { return byte == 0; });
}

}  // namespace

Wholeness wholeness(const std::string& path) {
  const Fd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file) return errno == EACCES ? Wholeness::not_executable : Wholeness::missing;
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_errno(path.c_str());
  if (!S_ISREG(status.st_mode)) return Wholeness::not_executable;
  if (is_being_written(file, path)) return Wholeness::being_written;
  const std::string self = "/proc/self/fd/" + std::to_string(file.get());
  // Root, too, needs one x bit of a regular file, and no mount option noexec.
  if (::faccessat(AT_FDCWD, self.c_str(), X_OK, AT_EACCESS) != 0) return Wholeness::not_executable;
  return has_no_beginning(self) ? Wholeness::no_program : Wholeness::whole;
}

bool gains_rights(const std::string& path) {
  if (::geteuid() == 0) return false;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  const bool changes_user = (status.st_mode & S_ISUID) != 0 && status.st_uid != ::geteuid();
  const bool changes_group = (status.st_mode & S_ISGID) != 0 && status.st_gid != ::getegid();
  return changes_user || changes_group ||
         ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
}

}  // namespace reloadrun::proc
