// Which files count: everything that gitignore patterns decide, wherever they stand. Made once per
// process from the options, driven by look() on the reloader's main thread; explain() asks the same
// questions. Only decide() and wants() may be called from several threads at once.
//
// Who has the last word, from the first to the last that is asked:
//     --ignore
//     ignore files, from the innermost directory outwards; .ignore before .gitignore
//     .git/info/exclude of the repository
//     the user's global excludes
//     the default ignores
// Each of them says nothing, "ignored", or with `!` "not ignored". Nothing is asked about what lies
// below an ignored directory: nobody descends into it.
//
// rules.cpp decides, rules_files.cpp reads the ignore files.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reloadrun/options.hpp"
#include "watch/option_patterns.hpp"
#include "watch/patterns.hpp"
#include "watch/rule_file.hpp"

namespace reloadrun::watch {

struct Repository;

/// Lines for the user about what is wrong with ignore files: watch does not speak itself.
using Warnings = std::vector<std::string>;

/// What ignore files said before they went wrong: their text, by their name for the user.
using KeptRules = std::map<std::string, std::string>;

/// The ignore files of a directory, the one with the later word last.
inline constexpr std::array<const char*, 2> ignore_file_names{".gitignore", ".ignore"};

class Scope;
using ScopePtr = std::shared_ptr<const Scope>;

/// A scope in a snapshot; 0 is none. See Rules::number().
using ScopeNumber = std::uint32_t;

/// What rules have read and numbered, for the rules of the next generation.
struct RulesMemory {
  struct OneScope {
    bool is_default = false;  ///< the table of default ignores, which is everywhere the same
    std::string source{};
    std::string directory{};
    std::string text{};
    bool ignores_case = false;
    RuleFileState state{};
    ScopeNumber outer = 0;
  };
  struct Around {
    std::string full;
    ScopeNumber scope = 0;
    std::map<std::string, RuleFileState> read{};
    bool is_root = false;
  };
  std::vector<OneScope> scopes{};  ///< from number 1 on
  std::vector<Around> outer{};
  KeptRules kept{};
};

/// The patterns of one file, and through `outer` those that have an earlier word. Immutable.
class Scope {
 public:
  /// `directory`: where the patterns belong to, absolute; empty for nowhere.
  Scope(std::shared_ptr<const Patterns> patterns, const std::string& directory, RuleFileState state,
        ScopePtr outer);

  [[nodiscard]] const Patterns& patterns() const { return *patterns_; }
  [[nodiscard]] const std::shared_ptr<const Patterns>& shared_patterns() const { return patterns_; }
  [[nodiscard]] const RuleFileState& state() const { return state_; }
  [[nodiscard]] const ScopePtr& outer() const { return outer_; }
  [[nodiscard]] const std::string& directory() const { return prefix_; }

  /// The last pattern that matches the entry `full` (absolute), whose last part is `name`.
  [[nodiscard]] const Pattern* match(std::string_view full, std::string_view name,
                                     bool is_directory) const;

 private:
  std::shared_ptr<const Patterns> patterns_;
  std::string prefix_;  // the directory with a '/' at its end
  RuleFileState state_;
  ScopePtr outer_;
};

struct Decision {
  bool ignored = false;
  const Pattern* pattern = nullptr;    ///< that decided; null: none matched
  const Patterns* patterns = nullptr;  ///< where it stands
};

class Rules {
 public:
  /// A directory that holds this file is a Python virtual environment (PEP 405), whatever its name.
  static constexpr auto virtual_environment_mark = "pyvenv.cfg";

  /// Whether somebody has a file open for writing, if that can be told.
  using BeingWritten = std::function<bool(const std::string& path)>;

  /// `here`: the working directory's path, absolute and canonical; it need not be there now.
  /// `memory`: what the last generation's rules had read. Throws Error (status 2) for a broken
  /// --ignore or --filter.
  explicit Rules(const Options& options, const std::string& here = std::filesystem::current_path(),
                 const RulesMemory& memory = {}, BeingWritten being_written = {});

  /// A number for this scope, the same each time.
  ScopeNumber number(const ScopePtr& scope);
  [[nodiscard]] const ScopePtr& scope(ScopeNumber number) const { return scopes_.at(number); }

  /// For the next generation. The numbers stay what they are.
  RulesMemory memory();

  /// What counts in place of the files that are wrong now, and were right once.
  [[nodiscard]] const KeptRules& kept() const { return kept_; }

  /// What applies in the directory `full` (absolute, canonical) from outside: the defaults, the
  /// user's excludes, the enclosing repository's info/exclude and the ignore files of the
  /// directories from its top down to, but not including, `full`. Read anew only when something of
  /// it has changed.
  ScopePtr around(const std::string& full, Warnings& warnings);

  /// Whether something that around() read is no longer as it was: it wants to be asked again, for
  /// every root.
  [[nodiscard]] bool outer_changed() const;

  struct Directory {
    int fd;
    std::string full;                ///< absolute, canonical
    bool has_ignore_file;            ///< one of ignore_file_names is among its entries
    bool is_repository_top = false;  ///< `.git` is among its entries
  };
  /// What applies to the entries of a directory: `around` itself when it brings no rules of its
  /// own. In the top of a repository the ignore files around it do not count.
  ///
  /// `before`: what this directory had at the last look, or null. A file in the same state is not
  /// read again. When one cannot be read any more or has got a broken pattern, a warning says so,
  /// again for each state of the file, and what it said before stays. At the first reading, with
  /// nothing kept, broken patterns are left out with a warning. One that somebody is writing, which
  /// may be empty now, says what it said before.
  ScopePtr inside(const ScopePtr& around, const Directory& directory, const ScopePtr& before,
                  Warnings& warnings);

  /// Whether an ignore file in the directory `full` was being written when inside() was asked last.
  [[nodiscard]] bool half_written(const std::string& full) const {
    return half_written_.contains(full);
  }
  [[nodiscard]] bool any_half_written() const { return !half_written_.empty(); }
  /// All such directories, which are to be looked at again.
  std::set<std::string> take_half_written() { return std::exchange(half_written_, {}); }

  /// What the patterns say about an entry of a directory whose scope is `scope`, null when nothing
  /// applies there. `full`: the entry's absolute path.
  Decision decide(const Scope* scope, std::string_view full, bool is_directory) const;

  /// Whether a directory that no rule ignores is left out when it holds virtual_environment_mark:
  /// unless a pattern has the word that it is not ignored.
  [[nodiscard]] bool skips_virtual_environment(const Decision& decision) const {
    return use_default_ignores_ && decision.pattern == nullptr;
  }

  /// Whether an entry that lies in no watched directory is left out: by --ignore or by the default
  /// ignores, which both are asked about the directories around it too, up to one that is around
  /// the working directory as well. Ignore files out there are not asked.
  [[nodiscard]] bool ignores_outside(std::string_view full, bool is_directory) const;

  /// A file that no rule ignores must also satisfy --ext and --filter.
  [[nodiscard]] bool wants(std::string_view full) const {
    return has_extension(full) && passes_filters(full);
  }
  [[nodiscard]] bool has_extension(std::string_view full) const;
  /// Whether the last --filter that matches the file, or else the nearest directory around it that
  /// one matches, up to the working directory, says that it is wanted.
  [[nodiscard]] bool passes_filters(std::string_view full) const;

 private:
  /// What around() made of one directory, and in which state it found what it read.
  struct Outer {
    ScopePtr scope;
    std::map<std::string, RuleFileState> read;
    bool is_root = false;
    [[nodiscard]] bool changed() const;
    /// One of git's own files that decides what there is to read.
    void note(const std::string& path, Warnings& warnings);
  };

  Outer read_outer(const std::string& full, const ScopePtr& before, Warnings& warnings);
  void read_repository(const Repository* repository, const std::string& base, Outer& outer,
                       const ScopePtr& before, Warnings& warnings);
  ScopePtr read_file(const std::string& path, const std::string& base, Links links, Outer& outer,
                     const ScopePtr& before, Warnings& warnings);
  [[nodiscard]] std::string shown(const std::string& path) const;

  const std::string here_;
  OptionPatterns ignore_;
  OptionPatterns filters_;
  std::vector<std::string> endings_;  // with their dot
  bool use_ignore_files_;
  bool use_default_ignores_;
  std::vector<ScopePtr> scopes_{nullptr};  // by number
  std::unordered_map<const Scope*, ScopeNumber> numbers_;
  KeptRules kept_;
  BeingWritten being_written_;
  std::set<std::string> half_written_;  // directories
  ScopePtr defaults_;
  std::map<std::string, Outer> outer_;  // by directory
};

}  // namespace reloadrun::watch
