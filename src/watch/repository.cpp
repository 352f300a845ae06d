#include "watch/repository.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "base/regular_file.hpp"
#include "watch/git_config.hpp"
#include "watch/listing.hpp"

namespace reloadrun::watch {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// `path` as seen from `directory`.
std::string resolved(const std::string& directory, const std::string& path) {
  std::string whole = (fs::path(directory) / path).lexically_normal();
  if (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  return whole;
}

/// The one line that a file of git's holds: what follows `label`.
std::string line_of(const std::string& file, std::string_view label) {
  std::string text = read_regular_file(AT_FDCWD, file, most_text_bytes).content;
  if (!text.starts_with(label)) return {};
  text.erase(0, label.size());
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

std::string home_file(const char* name) {
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + name;
}

std::string xdg_file(const char* name) {
  const std::string home_directory = home_file("/.config");
  const std::string directory = variable("XDG_CONFIG_HOME");
  if (directory.empty() && home_directory.empty()) return {};
  return (directory.empty() ? home_directory : directory) + name;
}

/// As git reads a boolean variable.
bool is_true(std::string value) {
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array no{"", "0", "false", "no", "off"};
  return std::find(no.begin(), no.end(), value) == no.end();
}

}  // namespace

std::optional<Repository> repository_at(const std::string& full_directory) {
  const std::string dot_git = resolved(full_directory, ".git");
  struct stat status {};
  if (::stat(dot_git.c_str(), &status) != 0) return std::nullopt;
  std::string git_dir = dot_git;
  if (!S_ISDIR(status.st_mode)) {
    const std::string elsewhere = line_of(dot_git, "gitdir: ");
    if (elsewhere.empty()) return std::nullopt;
    git_dir = resolved(full_directory, elsewhere);
  }
  if (!exists(git_dir + "/HEAD")) return std::nullopt;
  const std::string common = line_of(git_dir + "/commondir", "");
  return Repository{full_directory, git_dir, common.empty() ? git_dir : resolved(git_dir, common)};
}

std::optional<Repository> repository_of(const std::string& full_directory) {
  for (fs::path directory = full_directory;; directory = directory.parent_path()) {
    if (auto found = repository_at(directory)) return found;
    if (directory == directory.parent_path()) return std::nullopt;
  }
}

std::vector<std::string> git_config_files(const Repository* repository) {
  std::vector<std::string> files;
  const auto add = [&files](const std::string& file) {
    if (!file.empty()) files.push_back(file);
  };
  if (!is_true(variable("GIT_CONFIG_NOSYSTEM"))) {
    const std::string system = variable("GIT_CONFIG_SYSTEM");
    add(system.empty() ? "/etc/gitconfig" : system);
  }
  if (const char* global = std::getenv("GIT_CONFIG_GLOBAL")) {
    add(global);
  } else {
    add(xdg_file("/git/config"));
    add(home_file("/.gitconfig"));
  }
  if (repository != nullptr) add(repository->common_dir + "/config");
  return files;
}

bool ignores_case(const Repository& repository) {
  bool ignored = false;
  for (const std::string& config : git_config_files(&repository)) {
    const std::string text = read_regular_file(AT_FDCWD, config, most_text_bytes).content;
    if (const auto value = value_in_git_config(text, "core", "ignorecase", "true")) {
      ignored = is_true(*value);
    }
  }
  return ignored;
}

std::string global_excludes_file(const Repository* repository) {
  std::optional<std::string> file;
  for (const std::string& config : git_config_files(repository)) {
    const std::string text = read_regular_file(AT_FDCWD, config, most_text_bytes).content;
    if (auto value = value_in_git_config(text, "core", "excludesfile")) file = value;
  }
  if (!file) return xdg_file("/git/ignore");
  if (file->empty()) return {};
  if (file->starts_with("~/")) return home_file(file->c_str() + 1);
  return resolved(repository != nullptr ? repository->top : fs::current_path().string(), *file);
}

}  // namespace reloadrun::watch
