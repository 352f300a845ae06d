#include "watch/watch_set.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>

#include "base/format.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::watch {
namespace {

namespace fs = std::filesystem;

/// Without what does not change its meaning: "./src//" is "src". A ".." stays: behind a link it
/// leads elsewhere than the letters say.
std::string tidy(const std::string& path) {
  fs::path tidied;
  for (const fs::path& part : fs::path(path)) {
    if (part != "." && !part.empty()) tidied /= part;
  }
  return tidied.empty() ? "." : tidied;
}

}  // namespace

WatchSet::WatchSet(const Options& options, const std::vector<std::string>& executables,
                   const std::vector<std::string>& listed)
    : extensions_(options.extensions), has_list_(!options.files_from.empty()) {
  for (const std::string& path : options.watch) add_root(path);
  if (options.watch.empty() && options.files_from.empty() && options.watch_directory) {
    add_root(".");
  }
  required_ = roots_.size();
  for (const std::string& path : listed) add_root(path);
  for (const std::string& file : executables) executables_.push_back(tidy(file));
  for (const std::string& file : options.env_files) read_files_.push_back(tidy(file));
  if (!options.config_file.empty()) read_files_.push_back(tidy(options.config_file));
}

void WatchSet::add_root(const std::string& path) {
  std::string root = tidy(path);
  if (known_.insert(root).second) roots_.push_back(std::move(root));
}

void WatchSet::require_roots() const {
  for (const std::string& root : std::span(roots_).first(required_)) {
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
  constexpr std::size_t most_named = 3;
  std::string text = "the current directory";
  if (roots_.empty()) {
    text = has_list_ ? "an empty list" : "";
  } else if (roots_ != std::vector<std::string>{"."}) {
    const auto named = std::span(roots_).first(std::min(roots_.size(), most_named));
    text = fmt::format("{}", fmt::join(named.begin(), named.end(), ", "));
    if (roots_.size() > most_named) text += fmt::format(" and {} more", roots_.size() - most_named);
  }
  if (!extensions_.empty()) text += fmt::format(" (*.{})", fmt::join(extensions_, ", *."));
  return text;
}

}  // namespace reloadrun::watch
