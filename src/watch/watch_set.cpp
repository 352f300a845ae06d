#include "watch/watch_set.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "fmt/format.h"
#include "reloadrun/error.hpp"

namespace reloadrun::watch {
namespace {

/// By its letters, not by its links: "./src/" is "src".
std::string tidy(const std::string& path) {
  std::filesystem::path normal = std::filesystem::path(path).lexically_normal();
  if (!normal.has_filename() && normal.has_relative_path()) normal = normal.parent_path();
  return normal;
}

}  // namespace

WatchSet::WatchSet(const Options& options, const std::optional<std::string>& executable) {
  for (const std::string& path : options.watch) {
    std::string root = tidy(path);
    if (std::ranges::find(roots_, root) == roots_.end()) roots_.push_back(std::move(root));
  }
  if (roots_.empty()) roots_.emplace_back(".");
  if (executable) executable_ = tidy(*executable);
  for (const std::string& extension : options.extensions) endings_.push_back("." + extension);
}

bool WatchSet::wants(std::string_view name) const {
  return endings_.empty() || std::ranges::any_of(endings_, [name](const std::string& ending) {
           return name.size() > ending.size() && name.ends_with(ending);
         });
}

void WatchSet::require_roots() const {
  for (const std::string& root : roots_) {
    struct stat status {};
    if (::stat(root.c_str(), &status) != 0) {
      throw Error(fmt::format("--watch '{}' cannot be watched ({})", root, std::strerror(errno)),
                  "name an existing file or directory", status_usage);
    }
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
      throw Error(fmt::format("--watch '{}' is neither a file nor a directory", root),
                  "name a regular file or a directory", status_usage);
    }
  }
}

std::string WatchSet::description() const {
  const bool only_here = roots_.size() == 1 && roots_.front() == ".";
  std::string text =
      only_here ? "the current directory" : fmt::format("{}", fmt::join(roots_, ", "));
  if (!endings_.empty()) text += fmt::format(" (*{})", fmt::join(endings_, ", *"));
  return text;
}

}  // namespace reloadrun::watch
