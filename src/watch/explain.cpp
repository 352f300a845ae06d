#include "watch/explain.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/printable.hpp"
#include "watch/default_ignores.hpp"
#include "watch/listing.hpp"

namespace reloadrun::watch {
namespace {

namespace fs = std::filesystem;

/// Absolute and without links as far as they lead somewhere.
fs::path without_links(const fs::path& path) {
  std::error_code loop;
  const fs::path canonical = fs::weakly_canonical(path, loop);
  return loop ? path.lexically_normal() : canonical;
}

/// The same but for the last part: a link is watched under its own name.
std::string full_path(const fs::path& path) {
  std::error_code nowhere;
  const fs::path absolute = fs::absolute(path, nowhere);
  const fs::path name = absolute.filename();
  if (name.empty() || name == "." || name == "..") return without_links(absolute);
  return without_links(absolute.parent_path()) / name;
}

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// For the user's eyes; empty when it is there.
std::string why_not_there(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return {};
  if (errno == ENOENT || errno == ENOTDIR) return "does not exist";
  return fmt::format("cannot be looked at ({})", std::strerror(errno));
}

/// What keeps look() from taking `path` for a file; empty when it is one, or is not there.
std::string what_it_is_instead(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  const bool is_link = S_ISLNK(status.st_mode);
  if (is_link && ::stat(path.c_str(), &status) != 0) return "a symbolic link that leads nowhere";
  if (S_ISREG(status.st_mode)) return {};
  const char* const kind = S_ISDIR(status.st_mode)    ? "a directory"
                           : S_ISFIFO(status.st_mode) ? "a FIFO"
                           : S_ISSOCK(status.st_mode) ? "a socket"
                                                      : "a device";
  return is_link ? fmt::format("a symbolic link to {}", kind) : kind;
}

struct Verdict {
  bool watched;
  std::string reason;
};

/// Follows a path from a root down, as look() does, to the first rule that stops it there.
class Descent {
 public:
  Descent(Rules& rules, Warnings& warnings) : rules_(rules), warnings_(warnings) {}

  Verdict explain(const std::string& root, const std::string& full) {
    const std::string root_full = without_links(root);
    const fs::path below = fs::path(full).lexically_relative(root_full);
    ScopePtr scope = rules_.around(root_full, warnings_);
    fs::path directory = root_full;
    for (auto part = below.begin(); part != below.end(); ++part) {
      if (auto stopped = enter(directory, scope)) return *stopped;
      const std::string entry = directory / *part;
      const bool is_last = std::next(part) == below.end();
      const bool as_directory = !is_last || is_directory(entry);
      const auto decision = rules_.decide(scope.get(), entry, as_directory);
      if (auto stopped = stop_at(entry, decision, is_last)) return *stopped;
      if (is_last) return verdict_of_file(root, entry, decision);
      directory /= *part;
    }
    return {false, "it is a directory"};
  }

 private:
  /// Takes over what the ignore files of `directory` say.
  std::optional<Verdict> enter(const std::string& directory, ScopePtr& scope) {
    const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
    if (!fd) {
      return Verdict{false, fmt::format("the directory {} cannot be read ({})", shown(directory),
                                        std::strerror(errno))};
    }
    const auto holds = [&](const char* name) { return exists(directory + "/" + name); };
    const bool has_ignore_file =
        std::any_of(ignore_file_names.begin(), ignore_file_names.end(), holds);
    scope = rules_.inside(scope, {fd.get(), directory, has_ignore_file, holds(".git")}, nullptr,
                          warnings_);
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Verdict> stop_at(const std::string& entry, const Decision& decision,
                                               bool is_last) const {
    const std::string what = is_last ? "it" : fmt::format("the directory {}", shown(entry));
    if (decision.ignored) {
      return Verdict{false, fmt::format("pattern '{}' ({}) excludes {}", decision.pattern->text,
                                        place_of(*decision.pattern, *decision.patterns), what)};
    }
    const std::string mark = entry + "/" + Rules::virtual_environment_mark;
    if (rules_.skips_virtual_environment(decision) && is_directory(entry) && exists(mark)) {
      return Verdict{false, fmt::format("{} is a Python virtual environment (it holds {})", what,
                                        Rules::virtual_environment_mark)};
    }
    return std::nullopt;
  }

  [[nodiscard]] Verdict verdict_of_file(const std::string& root, const std::string& full,
                                        const Decision& decision) const {
    if (const std::string instead = what_it_is_instead(full); !instead.empty()) {
      return {false, fmt::format("it is {}, no regular file", instead)};
    }
    if (!rules_.has_extension(full)) return {false, "its extension is not among those of --ext"};
    if (!rules_.passes_filters(full)) return {false, "no --filter pattern includes it"};
    const std::string where = root == "." ? "the current directory" : root;
    if (decision.pattern == nullptr) {
      return {true, fmt::format("it is below {} and no rule excludes it", where)};
    }
    return {true,
            fmt::format("it is below {} and pattern '{}' ({}) includes it", where,
                        decision.pattern->text, place_of(*decision.pattern, *decision.patterns))};
  }

  [[nodiscard]] static std::string shown(const std::string& full) {
    const std::string here = fs::current_path().string() + "/";
    return full.starts_with(here) ? full.substr(here.size()) : full;
  }

  Rules& rules_;
  Warnings& warnings_;
};

bool is_below(const std::string& full, const std::string& directory) {
  return directory == "/" || (full.starts_with(directory) && full[directory.size()] == '/');
}

Verdict verdict_on(const std::string& path, const WatchSet& watched, Rules& rules,
                   Warnings& warnings) {
  const std::string full = full_path(path);
  const auto is_it = [&full](const std::string& other) { return full_path(other) == full; };
  if (std::any_of(watched.executables().begin(), watched.executables().end(), is_it)) {
    return {true, "it is COMMAND's executable"};
  }
  if (std::any_of(watched.read_files().begin(), watched.read_files().end(), is_it)) {
    return {true, "reloadrun itself reads it (--env-file, --config)"};
  }
  Verdict verdict{false, fmt::format("it is not below {}", watched.description())};
  for (const std::string& root : watched.roots()) {
    const std::string root_full = without_links(root);
    if (!is_directory(root_full)) {
      if (is_it(root)) return {true, "it is named by --watch or --files-from"};
    } else if (full == root_full || is_it(root)) {
      verdict = {false, "it is a directory: what is watched are the files below it"};
    } else if (is_below(full, root_full)) {
      verdict = Descent(rules, warnings).explain(root, full);
      if (verdict.watched) return verdict;
    }
  }
  return verdict;
}

}  // namespace

std::string place_of(const Pattern& pattern, const Patterns& patterns) {
  if (&patterns == &default_ignores()) {
    return fmt::format("default ignores: {}", default_ignore_table()[pattern.line - 1].what);
  }
  if (patterns.source().starts_with("--")) return patterns.source();
  return fmt::format("line {} of {}", pattern.line, patterns.source());
}

std::string explain(const std::string& path, const WatchSet& watched, Rules& rules) {
  Warnings warnings;
  const auto [is_watched, reason] = verdict_on(path, watched, rules, warnings);
  const std::string absence = why_not_there(path);
  const std::string verb = absence.empty() ? "is" : absence + "; it would";
  const char* const be = absence.empty() ? "" : " be";
  std::string text =
      fmt::format("{} {}{}{} watched: {}", path, verb, is_watched ? "" : " not", be, reason);
  text = printable(text);
  for (const std::string& warning : warnings) text += "\n" + printable(warning);
  return text;
}

}  // namespace reloadrun::watch
