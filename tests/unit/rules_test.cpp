// Who has the word when several rules speak, on real directories; and what becomes of rules that
// change. That the patterns' meaning is git's: see git_meaning_test.cpp.

#include "watch/rules.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "base/fd.hpp"
#include "helpers/environment.hpp"
#include "helpers/place.hpp"
#include "reloadrun/error.hpp"
#include "watch/git_config.hpp"
#include "watch/repository.hpp"

namespace reloadrun::watch {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

class RulesTest : public testing::Test {
 protected:
  RulesTest() {
    fs::create_directory(place_.beside("home"));
    fs::current_path(place_.work());
    options_.use_default_ignores = false;
  }
  ~RulesTest() override { fs::current_path("/"); }

  static void write(const fs::path& file, const std::string& content = "") {
    if (file.has_parent_path()) fs::create_directories(file.parent_path());
    // A file of its own, so that two states in one tick of the clock are told apart.
    const fs::path aside = file.string() + ".aside";
    std::ofstream(aside) << content;
    fs::rename(aside, file);
  }
  static void make_repository(const fs::path& top) {
    fs::create_directories(top / ".git/info");
    std::ofstream(top / ".git/HEAD") << "ref: refs/heads/main\n";
  }

  /// What rules leave of the files below `root`, relative to it; scopes are kept from walk to walk.
  Paths left(Rules& rules, const fs::path& root) {
    Paths found;
    const std::string full = fs::canonical(root);
    std::vector<std::pair<std::string, ScopePtr>> to_do{{full, rules.around(full, warnings_)}};
    while (!to_do.empty()) {
      const auto [directory, around] = to_do.back();
      to_do.pop_back();
      const Fd fd = require_fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "o");
      const bool has_ignore_file = fs::exists(fs::symlink_status(directory + "/.gitignore")) ||
                                   fs::exists(directory + "/.ignore");
      ScopePtr& scope = scopes_[directory];
      scope = rules.inside(around,
                           {fd.get(), directory, has_ignore_file, fs::exists(directory + "/.git")},
                           scope, warnings_);
      for (const auto& entry : fs::directory_iterator(directory)) {
        const std::string name = entry.path().filename();
        const std::string path = entry.path();
        if (name.starts_with(".git") || name == ".ignore") continue;
        if (rules.decide(scope.get(), path, entry.is_directory()).ignored) continue;
        if (entry.is_directory()) to_do.emplace_back(path, scope);
        if (entry.is_regular_file() && rules.wants(path)) {
          found.push_back(path.substr(full.size() + 1));
        }
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  Paths left(const fs::path& root = ".") {
    Rules rules(options_);
    scopes_.clear();
    return left(rules, root);
  }

  test::Place place_;
  Options options_;
  Warnings warnings_;
  std::map<std::string, ScopePtr> scopes_;
  test::Environment environment_{{{"HOME", place_.beside("home").string()},
                                  {"XDG_CONFIG_HOME", std::nullopt},
                                  {"GIT_CONFIG_NOSYSTEM", "1"},
                                  {"GIT_CONFIG_GLOBAL", std::nullopt}}};
};

TEST_F(RulesTest, InnerFilesHaveTheLaterWord) {
  for (const char* file : {"a.x", "a.y", "sub/a.x", "sub/a.y", "sub/b.x", "out/a.x"}) write(file);
  write(".gitignore", "*.x\nout/\n");
  write("sub/.gitignore", "!a.x\n*.y\n");
  write("sub/.ignore", "!a.y\n");
  write("out/.gitignore", "!a.x\n");  // nobody gets there
  EXPECT_EQ(left(), (Paths{"a.y", "sub/a.x", "sub/a.y"}));
  EXPECT_EQ(left("sub"), (Paths{"a.x", "a.y", "b.x"}));  // in no repository
  make_repository(".");
  EXPECT_EQ(left("sub"), (Paths{"a.x", "a.y"}));
  options_.use_ignore_files = false;
  EXPECT_EQ(left().size(), 6U);
}

TEST_F(RulesTest, BelowAnExcludedDirectoryNothingIsIncluded) {
  write("out/a");
  write("in/a");
  write("in/b");
  write(".gitignore", "out\n!out/a\nin/*\n!in/a\n");
  EXPECT_EQ(left(), Paths{"in/a"});
}

TEST_F(RulesTest, OptionsHaveTheLastWordAndDefaultsTheFirst) {
  for (const char* file : {"a.log", "b.log", "c.log", "d", "sub/d"}) write(file);
  write(".gitignore", "!b.log\nc.log\n");
  options_.use_default_ignores = true;
  options_.ignore = {"!c.log", "/d"};
  EXPECT_EQ(left(), (Paths{"b.log", "c.log", "sub/d"}));
}

TEST_F(RulesTest, OptionsAreRelativeToTheWorkingDirectory) {
  for (const char* file : {"sub/a", "sub/b", "sub/sub/a"}) write(file);
  options_.ignore = {"sub/a"};
  EXPECT_EQ(left("sub"), (Paths{"b", "sub/a"}));
  fs::current_path("sub/sub");
  options_.ignore = {"/b", "a"};
  EXPECT_EQ(left(".."), Paths{"b"});
}

TEST_F(RulesTest, FiltersAreAnsweredByTheNearest) {
  for (const char* file : {"a.c", "b", "src/a.c", "src/b", "src/gen/a.c", "src/gen/b"}) write(file);
  options_.filters = {"*.c"};
  EXPECT_EQ(left(), (Paths{"a.c", "src/a.c", "src/gen/a.c"}));
  options_.filters = {"src/", "!gen/", "!src/b"};
  EXPECT_EQ(left(), Paths{"src/a.c"});
  options_.filters = {"src/", "!gen/", "src/gen/b"};
  EXPECT_EQ(left(), (Paths{"src/a.c", "src/b", "src/gen/b"}));
  options_.extensions = {"c"};
  EXPECT_EQ(left(), Paths{"src/a.c"});
}

TEST_F(RulesTest, TheEnclosingRepositorySpeaks) {
  make_repository(".");
  for (const char* file : {"sub/in/a", "sub/in/b", "sub/in/c", "sub/in/d"}) write(file);
  write(".gitignore", "/sub/in/a\n");
  write("sub/.gitignore", "in/b\n");
  write(".git/info/exclude", "c\n/d\n");
  EXPECT_EQ(left("sub/in"), Paths{"d"});
  write(".git/info/exclude", "/sub/in/d\n");
  EXPECT_EQ(left("sub/in"), Paths{"c"});
}

TEST_F(RulesTest, ANestedRepositoryStartsAnew) {
  make_repository(".");
  make_repository("nested");
  for (const char* file : {"a", "b", "nested/a", "nested/b"}) write(file);
  write(".gitignore", "a\n");
  write("nested/.git/info/exclude", "b\n");
  EXPECT_EQ(left(), (Paths{"b", "nested/a"}));
  fs::remove("nested/.git/HEAD");  // no repository any more
  EXPECT_EQ(left(), (Paths{"b", "nested/b"}));
}

TEST_F(RulesTest, AWorktreeSharesItsRepositorysExcludes) {
  make_repository("main");
  write("main/.git/info/exclude", "a\n");
  write("main/.git/worktrees/w/HEAD", "ref: refs/heads/w\n");
  write("main/.git/worktrees/w/commondir", "../..\n");
  write("w/.git", "gitdir: ../main/.git/worktrees/w\n");
  write("w/sub/a");
  write("w/sub/b");
  EXPECT_EQ(left("w"), Paths{"sub/b"});
  const auto repository = repository_of(place_.work() / "w/sub");
  ASSERT_TRUE(repository);
  EXPECT_EQ(repository->top, place_.work() / "w");
  EXPECT_EQ(repository->git_dir, place_.work() / "main/.git/worktrees/w");
  EXPECT_EQ(repository->common_dir, place_.work() / "main/.git");
}

TEST_F(RulesTest, TheUsersExcludesSpeakInEveryDirectory) {
  for (const char* file : {"a", "b", "c"}) write(file);
  write(place_.beside("home/.config/git/ignore"), "a\n");
  EXPECT_EQ(left(), (Paths{"b", "c"}));
  write(place_.beside("home/.gitconfig"), "[core]\n\texcludesFile = ~/mine\n");
  write(place_.beside("home/mine"), "b\n");
  EXPECT_EQ(left(), (Paths{"a", "c"}));
  make_repository(".");
  write(".git/config", "[core]\n\texcludesfile = \"theirs\"\n");
  write("theirs", "/c\ntheirs\n");
  EXPECT_EQ(left(), (Paths{"a", "b"}));
  write(".git/info/exclude", "!c\n");
  EXPECT_EQ(left(), (Paths{"a", "b", "c"}));
}

TEST_F(RulesTest, OuterFilesAreSeenToChange) {
  make_repository(".");
  write("sub/a");
  write("sub/b");
  Rules rules(options_);
  EXPECT_EQ(left(rules, "sub"), (Paths{"a", "b"}));
  const auto expect_changed = [&](const char* what, const Paths& then) {
    EXPECT_TRUE(rules.outer_changed()) << what;
    EXPECT_EQ(left(rules, "sub"), then) << what;
    EXPECT_FALSE(rules.outer_changed()) << what;
  };
  EXPECT_FALSE(rules.outer_changed());
  write(".git/index.lock");
  EXPECT_FALSE(rules.outer_changed());
  write(".gitignore", "a\n");
  expect_changed("an ignore file has come", {"b"});
  write(".git/info/exclude", "b\n");
  expect_changed("info/exclude has come", {});
  write(".gitignore", "");
  expect_changed("an ignore file was edited", {"a"});
  write(place_.beside("home/.gitconfig"), "[core]\nexcludesfile = ~/mine\n");
  expect_changed("the configuration has come", {"a"});
  write(place_.beside("home/mine"), "a\n");
  expect_changed("the user's excludes have come", {});
  fs::rename(".git", "git");
  expect_changed("the repository has gone", {"b"});
}

TEST_F(RulesTest, ANestedRepositoryIsSeenToChange) {
  make_repository("nested");
  write("nested/a");
  Rules rules(options_);
  EXPECT_EQ(left(rules, "."), Paths{"nested/a"});
  write("nested/.git/info/exclude", "a\n");
  EXPECT_TRUE(rules.outer_changed());
  EXPECT_EQ(left(rules, "."), Paths{});
  EXPECT_FALSE(rules.outer_changed());
  fs::remove_all("nested");
  EXPECT_TRUE(rules.outer_changed());
  EXPECT_EQ(left(rules, "."), Paths{});
  EXPECT_FALSE(rules.outer_changed());
}

TEST_F(RulesTest, WhatAFileSaidBeforeItWentWrongStays) {
  write("a");
  write("b");
  write(".gitignore", "a\n");
  Rules rules(options_);
  EXPECT_EQ(left(rules, "."), Paths{"b"});
  write(".gitignore", "b\n[a\n");
  EXPECT_EQ(left(rules, "."), Paths{"b"});
  EXPECT_EQ(left(rules, "."), Paths{"b"});
  EXPECT_EQ(warnings_, Warnings{"line 2 of .gitignore: '[a' is a broken pattern (class without "
                                "end): what the file said before stays"});
  write(".gitignore", "b\n");
  EXPECT_EQ(left(rules, "."), Paths{"a"});
  fs::remove(".gitignore");
  EXPECT_EQ(left(rules, "."), (Paths{"a", "b"}));
  EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(RulesTest, WhatAFileSaidBeforeItWentWrongCanBeHandedOn) {
  write("a");
  write("b");
  write(".gitignore", "# A comment\n\na\n");
  Rules rules(options_);
  left(rules, ".");
  EXPECT_EQ(rules.kept(), KeptRules{});
  write(".gitignore", "b\n[a\n");
  left(rules, ".");
  EXPECT_EQ(rules.kept(), (KeptRules{{".gitignore", "\n\na"}}));
  scopes_.clear();
  Rules next(options_, fs::current_path(), {.kept = rules.kept()});
  EXPECT_EQ(left(next, "."), Paths{"b"});
  EXPECT_EQ(next.kept(), rules.kept());
  EXPECT_EQ(warnings_.at(0), warnings_.at(1));  // whoever remembers the first tells it once
  write(".gitignore", "b\n");
  EXPECT_EQ(left(next, "."), Paths{"a"});
  EXPECT_EQ(next.kept(), KeptRules{});
}

TEST_F(RulesTest, AFileThatIsBeingWrittenSaysWhatItSaidBefore) {
  write("a");
  write(".gitignore", "a\n");
  bool writing = false;
  Rules rules(options_, fs::current_path(), {}, [&](const std::string& path) {
    return writing && fs::path(path).filename() == ".gitignore";
  });
  EXPECT_EQ(left(rules, "."), Paths{});
  writing = true;
  write(".gitignore", "");
  EXPECT_EQ(left(rules, "."), Paths{});
  EXPECT_TRUE(rules.half_written(fs::current_path()));
  writing = false;
  EXPECT_EQ(left(rules, "."), Paths{"a"});
  EXPECT_FALSE(rules.any_half_written());
}

TEST_F(RulesTest, WhatTheOuterFilesSaidBeforeTheyWentWrongStays) {
  make_repository(".");
  write("sub/a");
  write("sub/b");
  write(".gitignore", "a\n");
  Rules rules(options_);
  EXPECT_EQ(left(rules, "sub"), Paths{"b"});
  write(".gitignore", "b\n\\");
  EXPECT_EQ(left(rules, "sub"), Paths{"b"});
  EXPECT_EQ(left(rules, "sub"), Paths{"b"});
  EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(RulesTest, BrokenPatternsAreLeftOutAtFirst) {
  write("a");
  write("b");
  write("sub/.gitignore", "a\n[\n");
  write("sub/a");
  EXPECT_EQ(left(), (Paths{"a", "b"}));
  EXPECT_EQ(warnings_, Warnings{"line 2 of sub/.gitignore: '[' is a broken pattern (class without "
                                "end): left out"});
}

TEST_F(RulesTest, IgnoreFilesThatAreNoFilesNeitherBlockNorCount) {
  write("a");
  write("list", "a\n");
  write("sub/a");
  write("other/a");
  ASSERT_EQ(::mkfifo(".gitignore", 0600), 0);
  fs::create_directory("sub/.gitignore");
  fs::create_symlink("../list", "other/.gitignore");
  Rules rules(options_);
  EXPECT_EQ(left(rules, "."), (Paths{"a", "list", "other/a", "sub/a"}));
  EXPECT_EQ(left(rules, "."), (Paths{"a", "list", "other/a", "sub/a"}));
  std::sort(warnings_.begin(), warnings_.end());
  EXPECT_EQ(warnings_, (Warnings{".gitignore cannot be read (no regular file): left out",
                                 "other/.gitignore cannot be read (a symbolic link): left out",
                                 "sub/.gitignore cannot be read (no regular file): left out"}));
}

TEST_F(RulesTest, OptionsMustBeRight) {
  options_.ignore = {"a", "[a"};
  try {
    const Rules rules(options_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "--ignore '[a' is a broken pattern (class without end)");
    EXPECT_EQ(error.exit_status(), status_usage);
  }
  options_.ignore = {"#a"};  // no comment
  write("#a");
  EXPECT_EQ(left(), Paths{});
  options_.filters = {""};
  EXPECT_THROW(Rules{options_}, Error);
}

TEST_F(RulesTest, CaseCountsUnlessTheRepositorySaysNo) {
  for (const char* file : {"One", "Two", "Three", "FOUR", "sub/One", "nested/One", "nested/five"}) {
    write(file);
  }
  write(".gitignore", "one\n");
  write(".ignore", "two\n");
  write(place_.beside("home") / ".gitconfig", "[core]\nexcludesFile = ~/excludes\nignoreCase\n");
  write(place_.beside("home") / "excludes", "three\n");
  options_.ignore = {"four"};  // not git's
  const Paths all{"FOUR", "One", "Three", "Two", "nested/One", "nested/five", "sub/One"};
  EXPECT_EQ(left(), all);  // in no repository
  make_repository(".");
  make_repository("nested");
  write("nested/.git/config", "[core]\nignorecase = false\n");
  write("nested/.gitignore", "FIVE\n");
  EXPECT_EQ(left(), (Paths{"FOUR", "nested/One", "nested/five"}));
  write(".git/config", "[core]\nignorecase = no\n");
  Rules rules(options_);
  EXPECT_EQ(left(rules, "."), all);
  write(".git/config", "[core]\nignorecase = yes\n");
  EXPECT_TRUE(rules.outer_changed());
  EXPECT_EQ(left(rules, "."), (Paths{"FOUR", "nested/One", "nested/five"}));
  Rules next(options_, fs::current_path(), rules.memory());
  EXPECT_EQ(left(next, "."), (Paths{"FOUR", "nested/One", "nested/five"}));
  write(".git/config", "");
  write(place_.beside("home") / ".gitconfig", "");
  EXPECT_EQ(left(next, "."), all);
}

TEST(GitConfig, IsReadAsGitDoes) {
  const auto value = [](std::string_view text) {
    return value_in_git_config(text, "core", "excludesfile").value_or("(none)");
  };
  EXPECT_EQ(value("[core]\n\texcludesFile = a\n"), "a");
  EXPECT_EQ(value("[CORE] excludesfile=a # b\n"), "a");
  EXPECT_EQ(value("[core]\nexcludesfile = a\nexcludesfile = b"), "b");
  EXPECT_EQ(value("[core]\nexcludesfile = \" a;\\\"b \" \n"), " a;\"b ");
  EXPECT_EQ(value("[core]\nexcludesfile = a\\\nb\n"), "ab");
  EXPECT_EQ(value("[core]\nexcludesfile =\n"), "");
  EXPECT_EQ(value("[core \"x\"]\nexcludesfile = a\n[other]\nexcludesfile = b\n"), "(none)");
  EXPECT_EQ(value("[core]\n# excludesfile = a\n;excludesfile = b\nexcludes = c\n"), "(none)");
  EXPECT_EQ(value_in_git_config("[core]\nkey\n", "core", "key", "true"), "true");
  EXPECT_EQ(value_in_git_config("[core]\nkey=\n", "core", "key", "true"), "");
  EXPECT_EQ(value("[core"), "(none)");
  EXPECT_EQ(value("["), "(none)");
}

}  // namespace
}  // namespace reloadrun::watch
