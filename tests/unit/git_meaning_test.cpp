// The ignore rules against git itself, on random trees with random ignore files: what our rules
// leave must be what git lists, and each path's deciding pattern the one that git names.
//
// A failure prints its seed; RELOADRUN_TREES and RELOADRUN_SEED in the environment run more trees,
// or that one again.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "base/fd.hpp"
#include "helpers/environment.hpp"
#include "helpers/place.hpp"
#include "watch/rules.hpp"

namespace reloadrun::watch {
namespace {

namespace fs = std::filesystem;
using std::string;

/// The same sequence on every machine for one seed: the standard's distributions promise less.
class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}

  std::size_t below(std::size_t end) { return engine_() % end; }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class Range>
  auto pick(const Range& range) {
    return range[below(std::size(range))];
  }

 private:
  std::mt19937 engine_;
};

/// A tree to be: directories end with '/', and ignore files have their text.
struct Tree {
  std::vector<string> entries;
  std::map<string, string> ignore_files;
};

class TreeMaker {
 public:
  explicit TreeMaker(unsigned seed) : dice_(seed) {}

  Tree make() {
    grow("", 0);
    for (const string& entry : tree_.entries) {
      if (entry.ends_with('/') && dice_.chance(35)) add_ignore_file(entry + ".gitignore", entry);
    }
    add_ignore_file(".gitignore", "");
    if (dice_.chance(30)) add_ignore_file(".git/info/exclude", "");
    return tree_;
  }

 private:
  void grow(const string& directory, int depth) {
    std::set<string> names;
    for (std::size_t left = 2 + dice_.below(3); left > 0; --left) names.insert(name());
    for (const string& each : names) {
      const bool is_directory = depth < 3 && dice_.chance(45);
      tree_.entries.push_back(directory + each + (is_directory ? "/" : ""));
      if (is_directory) grow(directory + each + "/", depth + 1);
    }
  }

  string name() {
    static constexpr std::array pieces{"a",    "b", "a",  "b", "c", "B",  "1", " ", "\\", "[",
                                       "]",    "*", "!",  "#", ".", "ab", "-", "?", "^",  "ü",
                                       "\xff", ":", "\t", "~", "+", "\r", "{", ",", "\n"};
    string made;
    do {
      made.clear();
      for (std::size_t left = 1 + dice_.below(3); left > 0; --left) made += dice_.pick(pieces);
      // git reads a leading colon of a path to be checked as magic.
    } while (made == "." || made == ".." || made.starts_with(':'));
    return made;
  }

  void add_ignore_file(const string& file, const string& directory) {
    string text = dice_.chance(5) ? "\xef\xbb\xbf" : "";
    for (std::size_t left = 1 + dice_.below(6); left > 0; --left) {
      text += line(directory) + (dice_.chance(3) ? "\r\n" : "\n");
    }
    if (dice_.chance(10)) text.pop_back();
    tree_.ignore_files[file] = text;
  }

  string line(const string& directory) {
    if (dice_.chance(4)) return garbage();
    if (dice_.chance(2)) return "# " + name();
    string made = dice_.chance(25) ? "!" : "";
    if (dice_.chance(20)) made += "/";
    made += pattern(subject(directory));
    if (dice_.chance(20)) made += "/";
    static constexpr std::array tails{" ", "  ", "\\ ", "\\ \\  ", "\\", "\t", " \\", "\r"};
    if (dice_.chance(8)) made += dice_.pick(tails);
    return made;
  }

  string garbage() {
    static constexpr std::array pieces{"*", "?", "[", "]", "!", "^",  "-", "\\", "/", "a",
                                       "b", ":", "#", " ", ".", "**", "/", "*",  "[:"};
    string made;
    for (std::size_t left = 1 + dice_.below(7); left > 0; --left) made += dice_.pick(pieces);
    return made;
  }

  /// The path, or its end, of an entry below `directory`, or something like one.
  string subject(const string& directory) {
    std::vector<string> below;
    for (const string& entry : tree_.entries) {
      if (entry.starts_with(directory) && entry != directory) {
        below.push_back(entry.substr(directory.size()));
      }
    }
    if (below.empty() || dice_.chance(15)) return name() + (dice_.chance(50) ? "/" + name() : "");
    string path = dice_.pick(below);
    if (path.ends_with('/')) path.pop_back();
    if (dice_.chance(40)) path = path.substr(path.rfind('/') + 1);
    return path;
  }

  string pattern(const string& subject) {
    string made;
    for (const fs::path& part : fs::path(subject)) {
      if (!made.empty()) made += dice_.chance(made.ends_with("**") ? 20 : 2) ? "\\/" : "/";
      if (dice_.chance(12)) {
        made += "**";
        if (dice_.chance(50)) continue;
        made += dice_.chance(20) ? "\\/" : "/";
      }
      made += dice_.chance(8) ? "*" : dice_.chance(4) ? "***" : blurred(part);
      if (dice_.chance(5)) made += dice_.chance(50) ? "/**" : "**";
    }
    return made;
  }

  /// A part of a pattern that may well match `name`.
  string blurred(const string& name) {
    string made;
    for (const char character : name) {
      if (dice_.chance(12)) {
        made += dice_.chance(70) ? "*" : "**";
        if (dice_.chance(50)) continue;
      }
      if (dice_.chance(8)) {
        made += "?";
      } else if (dice_.chance(15)) {
        made += character_class(character);
      } else {
        const bool is_special = string("*?[\\!# ").find(character) != string::npos;
        if (dice_.chance(is_special ? 75 : 4)) made += "\\";
        made += character;
      }
    }
    return made;
  }

  string character_class(char character) {
    static constexpr std::array around{"[C]",
                                       "[!x]",
                                       "[^x]",
                                       "[!C]",
                                       "[^C]",
                                       "[a-c]",
                                       "[!-~]",
                                       "[]C]",
                                       "[!]]",
                                       "[^]C]",
                                       "[\\C]",
                                       "[C-]",
                                       "[a-\\c]",
                                       "[\\a-\\c]",
                                       "[a-c-~]",
                                       "[c-a]",
                                       "[[:alpha:]]",
                                       "[![:alnum:]]",
                                       "[[:punct:]]",
                                       "[[:space:]C]",
                                       "[[:upper:]a-b]",
                                       "[[:graph:]-C]",
                                       "[[:print:]]",
                                       "[[:cntrl:]]",
                                       "[C",
                                       "[",
                                       "[!",
                                       "[]",
                                       "[[:alpha:]",
                                       "[[:foo:]C]",
                                       "[[:alpha]",
                                       "[[:C]",
                                       "[[::]]",
                                       "[[:]C]",
                                       "[\\",
                                       "[C\\]",
                                       "[a-",
                                       "[a-[:alpha:]]",
                                       "[[C]",
                                       "[/C]",
                                       "[+--]",
                                       "[\\]C]",
                                       "[!\\]]",
                                       "[^^C]"};
    string made = dice_.pick(around);
    if (const auto at = made.find('C'); at != string::npos) made[at] = character;
    return made;
  }

  Dice dice_;
  Tree tree_;
};

/// What decides about a path, as `git check-ignore -v` says it: all empty when nothing does.
struct Verdict {
  string source;
  string line;
  string pattern;

  friend bool operator==(const Verdict&, const Verdict&) = default;
};
using Verdicts = std::map<string, Verdict>;

/// What our rules say about every entry of the working directory.
class Walk {
 public:
  Walk() {
    const string here = fs::current_path();
    Warnings warnings;
    visit(here, rules_.around(here, warnings), std::nullopt);
  }

  std::set<string> left;  // the files
  Verdicts verdicts;

 private:
  /// `excluded`: by what a directory around this one is.
  void visit(const string& directory, const ScopePtr& around, std::optional<Verdict> excluded) {
    Warnings warnings;
    const Fd fd = require_fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open");
    const ScopePtr scope = rules_.inside(
        around, {fd.get(), directory, fs::exists(directory + "/.gitignore")}, nullptr, warnings);
    for (const auto& entry : fs::directory_iterator(directory)) {
      const string full = entry.path();
      const string path = full.substr(fs::current_path().string().size() + 1);
      if (path == ".git") continue;
      const auto decision = rules_.decide(scope.get(), full, entry.is_directory());
      const Verdict verdict = excluded.value_or(verdict_of(decision));
      verdicts[path] = verdict;
      const bool ignored = excluded || decision.ignored;
      if (entry.is_directory()) visit(full, scope, ignored ? std::optional(verdict) : std::nullopt);
      if (!entry.is_directory() && !ignored) left.insert(path);
    }
  }

  static Verdict verdict_of(const Decision& decision) {
    if (decision.pattern == nullptr) return {};
    return {decision.patterns->source(), std::to_string(decision.pattern->line),
            decision.pattern->text};
  }

  static Options without_defaults() {
    Options options;
    options.use_default_ignores = false;
    return options;
  }

  Rules rules_{without_defaults()};
};

class GitMeaning : public testing::Test {
 protected:
  GitMeaning() {
    fs::create_directory(place_.beside("home"));
    fs::current_path(place_.work());
    git("init --quiet --template=");
    fs::create_directory(".git/info");
  }
  ~GitMeaning() override { fs::current_path("/"); }

  /// What git prints, cut at each NUL.
  static std::vector<string> git(const string& arguments) {
    std::vector<string> fields;
    FILE* const pipe = ::popen(("exec git " + arguments).c_str(), "re");
    string output;
    std::array<char, 65536> block{};
    for (std::size_t got = 1; got > 0;) {
      got = std::fread(block.data(), 1, block.size(), pipe);
      output.append(block.data(), got);
    }
    const int status = ::pclose(pipe);
    // check-ignore ends with 1 when it found nothing
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) <= 1) << "git " << arguments;
    for (std::size_t at = 0; at < output.size();) {
      const std::size_t end = output.find('\0', at);
      fields.push_back(output.substr(at, end - at));
      at = end + 1;
    }
    return fields;
  }

  void plant(const Tree& tree) {
    for (const auto& entry : fs::directory_iterator(".")) {
      if (entry.path() != "./.git") fs::remove_all(entry.path());
    }
    fs::remove(".git/info/exclude");
    for (const string& entry : tree.entries) {
      if (entry.ends_with('/')) {
        fs::create_directory(entry);
      } else {
        std::ofstream{entry};
      }
    }
    for (const auto& [file, text] : tree.ignore_files) std::ofstream(file) << text;
  }

  static std::set<string> listed_by_git() {
    const auto paths = git("ls-files -co --exclude-standard -z");
    return {paths.begin(), paths.end()};
  }

  Verdicts verdicts_of_git(const Verdicts& asked) {
    std::ofstream paths(place_.beside("paths"), std::ios::trunc);
    for (const auto& [path, ours] : asked) paths << path << '\0';
    paths.close();
    const auto fields =
        git("check-ignore --no-index -z -v -n --stdin < " + place_.beside("paths").string());
    Verdicts verdicts;
    for (std::size_t at = 0; at + 3 < fields.size(); at += 4) {
      verdicts[fields[at + 3]] = {fields[at], fields[at + 1], fields[at + 2]};
    }
    return verdicts;
  }

  static string description(unsigned seed, const Tree& tree) {
    string text = "seed " + std::to_string(seed) + "\n";
    for (const auto& [file, content] : tree.ignore_files) {
      text += testing::PrintToString(file) + ": " + testing::PrintToString(content) + "\n";
    }
    return text;
  }

  static void expect_equal(const Verdicts& ours, const Verdicts& gits) {
    ASSERT_EQ(ours.size(), gits.size());
    for (const auto& [path, verdict] : gits) {
      const Verdict& our = ours.at(path);
      EXPECT_TRUE(our == verdict) << testing::PrintToString(path) << "\n  git: " << verdict.source
                                  << " " << verdict.line << " "
                                  << testing::PrintToString(verdict.pattern)
                                  << "\n  ours: " << our.source << " " << our.line << " "
                                  << testing::PrintToString(our.pattern);
    }
  }

  test::Place place_;
  test::Environment environment_{{{"HOME", place_.beside("home").string()},
                                  {"XDG_CONFIG_HOME", std::nullopt},
                                  {"GIT_CONFIG_NOSYSTEM", "1"},
                                  {"GIT_CONFIG_GLOBAL", std::nullopt}}};
};

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* value = std::getenv(variable);
  return value == nullptr ? otherwise : static_cast<unsigned>(std::stoul(value));
}

// The sanitizers look for other mistakes, and take their time.
#ifdef WITH_SANITIZER
constexpr unsigned default_trees = 100;
#else
constexpr unsigned default_trees = 1000;
#endif

class GitMeaningOf : public GitMeaning, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Case, GitMeaningOf, testing::Values("counts", "ignored"),
                         [](const auto& test) { return string(test.param); });

TEST_P(GitMeaningOf, RandomTrees) {
  if (GetParam() == string("ignored")) git("config core.ignoreCase true");
  const unsigned first = number_from("RELOADRUN_SEED", 1);
  const unsigned trees = number_from("RELOADRUN_TREES", default_trees);
  std::size_t ignored = 0;
  std::size_t all = 0;
  for (unsigned seed = first; seed < first + trees && !HasFailure(); ++seed) {
    const Tree tree = TreeMaker(seed).make();
    plant(tree);
    SCOPED_TRACE(description(seed, tree));
    const Walk walk;
    EXPECT_EQ(walk.left, listed_by_git());
    if (seed % 4 == 0 || HasFailure()) expect_equal(walk.verdicts, verdicts_of_git(walk.verdicts));
    all += walk.verdicts.size();
    ignored += walk.verdicts.size() - walk.left.size();
  }
  // The trees tell something: neither nearly all nor nearly nothing is ignored.
  EXPECT_GT(ignored, all / 5);
  EXPECT_LT(ignored, all * 4 / 5);
}

}  // namespace
}  // namespace reloadrun::watch
