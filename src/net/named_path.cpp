#include "net/named_path.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "base/fd.hpp"
#include "fmt/format.h"

namespace reloadrun::net {

std::string NamedPath::whole() const { return path.empty() ? directory : directory + "/" + path; }

NamedPath path_of(pid_t thread, const std::string& path) {
  const bool absolute = path.starts_with('/');
  return {fmt::format("/proc/{}/{}", thread, absolute ? "root" : "cwd"),
          path.substr(absolute ? 1 : 0), absolute};
}

std::optional<FileNumber> file_named(const Call& call, const std::string& path) {
  return file_at(path_of(call.thread, path).whole());
}

std::optional<NamedPath> path_named(const Call& call, PathArguments arguments) {
  const auto argument = static_cast<std::size_t>(arguments.path);
  const auto text = call.text(argument);
  if (!text && call.arguments.at(argument) != 0) return std::nullopt;  // it may not be read
  std::string path = text.value_or("");
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const bool of_a_device = path.starts_with("/dev/") && !path.starts_with("/dev/shm/");
  if (of_a_device || path.starts_with("/proc/")) return std::nullopt;
  if (path.starts_with('/') || arguments.directory == working_directory) {
    return path_of(call.thread, path);
  }
  const auto fd =
      static_cast<int>(call.arguments.at(static_cast<std::size_t>(arguments.directory)));
  if (fd == AT_FDCWD) return path_of(call.thread, path);
  return NamedPath{fmt::format("/proc/{}/fd/{}", call.thread, fd), path};
}

std::string below(const std::string& directory, const std::string& name) {
  return (directory == "/" ? "" : directory) + "/" + name;
}

std::optional<std::string> path_of(const Fd& file) {
  std::array<char, PATH_MAX> text;  // NOLINT(cppcoreguidelines-pro-type-member-init): it is filled
  const std::string link = fmt::format("/proc/self/fd/{}", file.get());
  const ssize_t length = ::readlink(link.c_str(), text.data(), text.size());
  if (length <= 0 || text.front() != '/') return std::nullopt;
  return std::string(text.data(), static_cast<std::size_t>(length));
}

std::optional<std::string> resolved(const std::string& path) {
  const Fd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  return file ? path_of(file) : std::nullopt;
}

std::optional<std::string> resolved_entry(const NamedPath& named) {
  const auto slash = named.path.rfind('/');
  const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
  const std::string name = named.path.substr(begin);
  if (name.empty() || name == "." || name == "..") return std::nullopt;
  auto parent = resolved(named.directory + "/" + named.path.substr(0, begin));
  if (!parent) return std::nullopt;
  return below(*parent, name);
}

}  // namespace reloadrun::net
