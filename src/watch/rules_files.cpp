// The ignore files that the rules are made of: where they are, and what counts in place of one that
// is wrong or being written.

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/format.hpp"
#include "base/regular_file.hpp"
#include "watch/repository.hpp"
#include "watch/rules.hpp"

namespace reloadrun::watch {
namespace {

namespace fs = std::filesystem;
using std::string_view;

/// The scope among `scope` and those around it that came from `source`.
const Scope* find_scope(const ScopePtr& scope, string_view source) {
  const Scope* found = scope.get();
  while (found != nullptr && found->patterns().source() != source) found = found->outer().get();
  return found;
}

/// The pointer to `one` among `scope` and those around it.
ScopePtr owner_of(const Scope* one, ScopePtr scope) {
  while (scope.get() != one) scope = scope->outer();
  return scope;
}

/// What counts in a repository of this scope. Where case is ignored, a scope without patterns says
/// so to all inside.
Glob::Case letters_in(const ScopePtr& scope) {
  const auto* one = scope.get();
  while (one != nullptr && one->patterns().letters() == Glob::Case::counts)
    one = one->outer().get();
  return one == nullptr ? Glob::Case::counts : Glob::Case::ignored;
}

/// Where a rule file is and what its patterns are relative to.
struct FilePlace {
  int directory_fd;
  std::string name;
  Links links;
  std::string shown;  // in the user's words
  std::string base;
};

/// What counts in place of a file that is wrong: what it said before, if it ever was right.
std::shared_ptr<const Patterns> last_good(const std::string& shown, const Scope* before,
                                          Glob::Case letters, KeptRules& kept) {
  if (before != nullptr) {
    kept.try_emplace(shown, before->patterns().text());
    return before->shared_patterns();
  }
  const auto known = kept.find(shown);
  if (known == kept.end()) return nullptr;
  auto patterns = std::make_shared<Patterns>(shown, letters);
  patterns->add_text(known->second);
  return patterns;
}

/// What the file says now, or said before it went wrong, in a scope of its own inside `around`.
ScopePtr scope_of(const FilePlace& place, const ScopePtr& around, const Scope* before,
                  KeptRules& kept, Warnings& warnings) {
  const auto state = rule_file_state(place.directory_fd, place.name, place.links);
  if (!state.exists) {
    kept.erase(place.shown);
    return around;
  }
  const auto make = [&](std::shared_ptr<const Patterns> patterns, const RuleFileState& of) {
    return std::make_shared<const Scope>(std::move(patterns), place.base, of, around);
  };
  const auto letters = letters_in(around);
  const bool same_letters = before != nullptr && before->patterns().letters() == letters;
  if (same_letters && before->state() == state) return make(before->shared_patterns(), state);
  const auto file = read_rule_file(place.directory_fd, place.name, place.links);
  if (!file) return around;
  auto patterns = std::make_shared<Patterns>(place.shown, letters);
  if (file->text) patterns->add_text(*file->text);
  std::vector<std::string> faults = patterns->faults();
  if (!file->text) faults.push_back(fmt::format("{} cannot be read ({})", place.shown, file->why));
  if (faults.empty()) {
    kept.erase(place.shown);
    return make(std::move(patterns), file->state);
  }
  const auto good = last_good(place.shown, before, letters, kept);
  const char* const remedy = good ? "what the file said before stays" : "left out";
  for (const std::string& fault : faults) warnings.push_back(fmt::format("{}: {}", fault, remedy));
  return make(good ? good : std::move(patterns), file->state);
}

}  // namespace

bool Rules::Outer::changed() const {
  return std::any_of(read.begin(), read.end(), [](const auto& one) {
    return rule_file_state(AT_FDCWD, one.first, Links::followed) != one.second;
  });
}

void Rules::Outer::note(const std::string& path, Warnings& warnings) {
  const auto state = rule_file_state(AT_FDCWD, path, Links::followed);
  read[path] = state;
  if (state.size > most_text_bytes) {
    warnings.push_back(
        fmt::format("{} is larger than {} MiB: it is not read", path, most_text_bytes >> 20U));
  }
}

bool Rules::outer_changed() const {
  return std::any_of(outer_.begin(), outer_.end(),
                     [](const auto& one) { return one.second.changed(); });
}

ScopePtr Rules::around(const std::string& full, Warnings& warnings) {
  if (!use_ignore_files_) return defaults_;
  // Of a nested repository that is gone or has changed: inside() reads it anew if it is met.
  std::erase_if(outer_,
                [](const auto& one) { return !one.second.is_root && one.second.changed(); });
  Outer& outer = outer_[full];
  if (!outer.is_root || outer.changed()) outer = read_outer(full, outer.scope, warnings);
  outer.is_root = true;
  return outer.scope;
}

Rules::Outer Rules::read_outer(const std::string& full, const ScopePtr& before,
                               Warnings& warnings) {
  Outer outer;
  const auto repository = repository_of(full);
  const fs::path top = repository ? repository->top : "/";
  // A repository that comes, goes or moves changes everything; its HEAD comes later than its
  // `.git`.
  for (fs::path directory = full;; directory = directory.parent_path()) {
    for (const char* name : {".git", ".git/HEAD"}) outer.note(directory / name, warnings);
    if (directory == top || !directory.has_relative_path()) break;
  }
  read_repository(repository ? &*repository : nullptr, repository ? repository->top : full, outer,
                  before, warnings);
  if (!repository) return outer;
  std::string directory = repository->top;
  for (const fs::path& part : fs::path(full).lexically_relative(top)) {
    if (part == ".") break;
    for (const char* name : ignore_file_names) {
      outer.scope =
          read_file(fs::path(directory) / name, directory, Links::refused, outer, before, warnings);
    }
    directory = fs::path(directory) / part;
  }
  return outer;
}

void Rules::read_repository(const Repository* repository, const std::string& base, Outer& outer,
                            const ScopePtr& before, Warnings& warnings) {
  for (const std::string& config : git_config_files(repository)) outer.note(config, warnings);
  const auto add = [&](const std::string& file) {
    outer.scope = read_file(file, base, Links::followed, outer, before, warnings);
  };
  outer.scope = defaults_;
  if (repository != nullptr && ignores_case(*repository)) {
    outer.scope = std::make_shared<const Scope>(
        std::make_shared<Patterns>("core.ignoreCase", Glob::Case::ignored), base, RuleFileState{},
        defaults_);
  }
  const std::string global = global_excludes_file(repository);
  if (!global.empty()) add(global);
  if (repository != nullptr) add(repository->common_dir + "/info/exclude");
}

ScopePtr Rules::read_file(const std::string& path, const std::string& base, Links links,
                          Outer& outer, const ScopePtr& before, Warnings& warnings) {
  const std::string name = shown(path);
  outer.read[path] = rule_file_state(AT_FDCWD, path, Links::followed);
  return scope_of({AT_FDCWD, path, links, name, base}, outer.scope, find_scope(before, name), kept_,
                  warnings);
}

ScopePtr Rules::inside(const ScopePtr& around, const Directory& directory, const ScopePtr& before,
                       Warnings& warnings) {
  if (!use_ignore_files_) return around;
  half_written_.erase(directory.full);
  ScopePtr scope = around;
  if (directory.is_repository_top && repository_at(directory.full)) {
    Outer& outer = outer_[directory.full];
    if (outer.read.empty() || outer.changed()) {
      const bool is_root = outer.is_root;
      outer = read_outer(directory.full, before, warnings);
      outer.is_root = is_root;
    }
    scope = outer.scope;
  }
  if (!directory.has_ignore_file) {
    for (const char* name : ignore_file_names) {
      if (!kept_.empty()) kept_.erase(shown(fs::path(directory.full) / name));
    }
    return scope;
  }
  for (const char* name : ignore_file_names) {
    const std::string full = fs::path(directory.full) / name;
    const std::string file = shown(full);
    const Scope* const said = find_scope(before, file);
    const bool same =
        said == nullptr || said->state() == rule_file_state(directory.fd, name, Links::refused);
    if (!same && being_written_ && being_written_(full)) {
      half_written_.insert(directory.full);
      const ScopePtr known = owner_of(said, before);
      scope = known->outer() == scope
                  ? known  // another one would be taken for other rules
                  : std::make_shared<const Scope>(said->shared_patterns(), directory.full,
                                                  said->state(), scope);
      continue;
    }
    scope = scope_of({directory.fd, name, Links::refused, file, directory.full}, scope, said, kept_,
                     warnings);
  }
  return scope;
}

std::string Rules::shown(const std::string& path) const {
  return std::string(ignore_.relative(path).value_or(path));
}

}  // namespace reloadrun::watch
