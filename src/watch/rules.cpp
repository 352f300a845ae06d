#include "watch/rules.hpp"

#include <algorithm>
#include <utility>

#include "watch/default_ignores.hpp"

namespace reloadrun::watch {
namespace {

using std::string_view;

std::string with_slash(std::string directory) {
  if (!directory.empty() && !directory.ends_with('/')) directory += '/';
  return directory;
}

string_view name_of(string_view full) { return full.substr(full.rfind('/') + 1); }

}  // namespace

Scope::Scope(std::shared_ptr<const Patterns> patterns, const std::string& directory,
             RuleFileState state, ScopePtr outer)
    : patterns_(std::move(patterns)),
      prefix_(with_slash(directory)),
      state_(state),
      outer_(std::move(outer)) {}

const Pattern* Scope::match(string_view full, string_view name, bool is_directory) const {
  if (prefix_.empty() || !full.starts_with(prefix_)) {
    return patterns_->match(std::nullopt, name, is_directory);
  }
  return patterns_->match(full.substr(prefix_.size()), name, is_directory);
}

Rules::Rules(const Options& options, const std::string& here, const RulesMemory& memory,
             BeingWritten being_written)
    : here_(with_slash(here)),
      ignore_("--ignore", options.ignore, here),
      filters_("--filter", options.filters, here),
      use_ignore_files_(options.use_ignore_files),
      use_default_ignores_(options.use_default_ignores),
      kept_(memory.kept),
      being_written_(std::move(being_written)) {
  for (const std::string& extension : options.extensions) endings_.push_back("." + extension);
  if (use_default_ignores_) {
    // The table is no one's to delete.
    const std::shared_ptr<const Patterns> table(std::shared_ptr<void>(), &default_ignores());
    defaults_ = std::make_shared<const Scope>(table, "", RuleFileState{}, nullptr);
  }
  for (const auto& one : memory.scopes) {
    if (one.is_default) {
      number(defaults_);
      continue;
    }
    const auto letters = one.ignores_case ? Glob::Case::ignored : Glob::Case::counts;
    auto patterns = std::make_shared<Patterns>(one.source, letters);
    patterns->add_text(one.text);
    number(std::make_shared<const Scope>(std::move(patterns), one.directory, one.state,
                                         scope(one.outer)));
  }
  for (const auto& one : memory.outer) {
    outer_[one.full] = Outer{scope(one.scope), one.read, one.is_root};
  }
}

ScopeNumber Rules::number(const ScopePtr& scope) {
  if (!scope) return 0;
  number(scope->outer());  // whoever makes them again needs the outer one first
  const auto next = static_cast<ScopeNumber>(scopes_.size());
  const auto [place, is_new] = numbers_.emplace(scope.get(), next);
  if (is_new) scopes_.push_back(scope);
  return place->second;
}

RulesMemory Rules::memory() {
  RulesMemory memory{.kept = kept_};
  for (const auto& [full, outer] : outer_) {
    memory.outer.push_back({full, number(outer.scope), outer.read, outer.is_root});
  }
  for (std::size_t i = 1; i < scopes_.size(); ++i) {
    const Scope& one = *scopes_[i];
    if (scopes_[i] == defaults_) {
      memory.scopes.push_back({.is_default = true});
    } else {
      memory.scopes.push_back({.source = one.patterns().source(),
                               .directory = one.directory(),
                               .text = one.patterns().text(),
                               .ignores_case = one.patterns().letters() == Glob::Case::ignored,
                               .state = one.state(),
                               .outer = number(one.outer())});
    }
  }
  return memory;
}

Decision Rules::decide(const Scope* scope, string_view full, bool is_directory) const {
  const string_view name = name_of(full);
  if (!ignore_.empty()) {
    if (const Pattern* pattern = ignore_.match(full, is_directory)) {
      return {!pattern->negated, pattern, &ignore_.patterns()};
    }
  }
  for (; scope != nullptr; scope = scope->outer().get()) {
    if (const Pattern* pattern = scope->match(full, name, is_directory)) {
      return {!pattern->negated, pattern, &scope->patterns()};
    }
  }
  return {};
}

bool Rules::has_extension(string_view full) const {
  const string_view name = name_of(full);
  return endings_.empty() ||
         std::any_of(endings_.begin(), endings_.end(), [name](const std::string& ending) {
           return name.size() > ending.size() && name.ends_with(ending);
         });
}

bool Rules::ignores_outside(string_view full, bool is_directory) const {
  const auto is_around_here = [this](string_view path) {
    return here_.starts_with(path) && here_[path.size()] == '/';
  };
  for (string_view path = full; !path.empty() && !is_around_here(path);
       path = path.substr(0, path.rfind('/'))) {
    if (decide(defaults_.get(), path, is_directory || path.size() < full.size()).ignored) {
      return true;
    }
  }
  return false;
}

bool Rules::passes_filters(string_view full) const {
  if (filters_.empty()) return true;
  const Pattern* const pattern = filters_.match_nearest(full);
  return pattern != nullptr && !pattern->negated;
}

}  // namespace reloadrun::watch
