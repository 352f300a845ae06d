// Where git's own files are, found as git finds them but by stat() and reading alone: no process is
// started. Driven by watch/rules, and by whoever asks for git's lock, on the thread that looks.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace reloadrun::watch {

/// A git repository with a work tree. All paths are absolute.
struct Repository {
  std::string top;         ///< of the work tree
  std::string git_dir;     ///< of this work tree: its index and HEAD
  std::string common_dir;  ///< shared by all work trees: config and info/exclude
};

/// The repository whose work tree begins at `full_directory`: `.git` there is a repository, or a
/// file that leads to one, as in worktrees and submodules (gitrepository-layout(5)).
std::optional<Repository> repository_at(const std::string& full_directory);

/// The repository that `full_directory` (absolute, without links) lies in: the nearest upwards.
std::optional<Repository> repository_of(const std::string& full_directory);

/// The files that git's configuration is read from, in the order in which a later one wins
/// (git-config(1), "FILES"). They need not exist.
std::vector<std::string> git_config_files(const Repository* repository);

/// Whether core.ignoreCase is set, as on file systems of Windows and macOS.
bool ignores_case(const Repository& repository);

/// The user's global excludes: core.excludesFile, or git's default for it. The file need not exist;
/// empty when the user has set it to none. `repository` may be null.
std::string global_excludes_file(const Repository* repository);

}  // namespace reloadrun::watch
