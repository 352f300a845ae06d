// The lines of an ignore file, and which of them has the last word.

#include "watch/patterns.hpp"

#include <gtest/gtest.h>

#include "watch/default_ignores.hpp"

namespace reloadrun::watch {
namespace {

Patterns of(std::string_view text) {
  Patterns patterns(".gitignore");
  patterns.add_text(text);
  return patterns;
}

using Texts = std::vector<std::string>;
Texts texts(const Patterns& patterns) {
  Texts all;
  for (const Pattern& pattern : patterns.all()) all.push_back(pattern.text);
  return all;
}

TEST(Patterns, LinesThatAreNone) {
  EXPECT_EQ(texts(of("")), Texts{});
  EXPECT_EQ(texts(of("\n\n# a\n   \n\r\n")), Texts{});
  EXPECT_EQ(texts(of("\xef\xbb\xbf# a\na")), Texts{"a"});
}

TEST(Patterns, AsTheyAreWritten) {
  EXPECT_EQ(texts(of("a\r\nb \nc\\ \nd\\  \n e\nf\t\ng\\")),
            (Texts{"a", "b", "c\\ ", "d\\ ", " e", "f\t", "g\\"}));
  EXPECT_EQ(texts(of(std::string_view("a\0b\nc", 5))), (Texts{"a", "c"}));
  EXPECT_EQ(of("\n\na\n").all().at(0).line, 3U);
}

TEST(Patterns, AreTheSameWhenTheirTextIsReadAgain) {
  for (const std::string_view text :
       {std::string_view("a\n\n b\n!c\\ \n"), std::string_view("\na\r\r\n\r\r\r\nb\r \nc"),
        std::string_view("\xef\xbb\xbf\xef\xbb\xbf"
                         "a\n"),
        std::string_view("a\0b\r\r\n", 6)}) {
    const Patterns once = of(text);
    const Patterns again = of(once.text());
    EXPECT_EQ(texts(again), texts(once));
    EXPECT_EQ(again.all().back().line, once.all().back().line);
  }
}

TEST(Patterns, WhatTheySay) {
  const auto one = [](std::string_view text) { return of(text).all().at(0); };
  EXPECT_TRUE(one("!a").negated);
  EXPECT_FALSE(one("\\!a").negated);
  EXPECT_TRUE(one("a/").directory_only);
  EXPECT_FALSE(one("a/").by_path);
  EXPECT_TRUE(one("/a").by_path);
  EXPECT_TRUE(one("a/b").by_path);
}

TEST(Patterns, TheLastThatMatchesHasTheWord) {
  const Patterns patterns = of("*.c\n!a.c\n/sub/a.c\nd/\n\\#x\n\\!x\n");
  const auto line = [&](std::optional<std::string_view> path, std::string_view name,
                        bool is_directory = false) -> std::size_t {
    const Pattern* pattern = patterns.match(path, name, is_directory);
    return pattern == nullptr ? 0 : pattern->line;
  };
  EXPECT_EQ(line("b.c", "b.c"), 1U);
  EXPECT_EQ(line("sub/b.c", "b.c"), 1U);
  EXPECT_EQ(line("a.c", "a.c"), 2U);
  EXPECT_EQ(line("sub/a.c", "a.c"), 3U);
  EXPECT_EQ(line("sub/sub/a.c", "a.c"), 2U);
  EXPECT_EQ(line(std::nullopt, "a.c"), 2U);
  EXPECT_EQ(line("x/d", "d", true), 4U);
  EXPECT_EQ(line("x/d", "d", false), 0U);
  EXPECT_EQ(line("#x", "#x"), 5U);
  EXPECT_EQ(line("!x", "!x"), 6U);
}

TEST(Patterns, BrokenOnesAreNamed) {
  EXPECT_EQ(of("a\n[b\n!c\\\n").faults(),
            (Texts{"line 2 of .gitignore: '[b' is a broken pattern (class without end)",
                   "line 3 of .gitignore: '!c\\' is a broken pattern (a backslash at its end)"}));
}

TEST(DefaultIgnores, AreWellFormedAndForNames) {
  EXPECT_EQ(default_ignores().all().size(), default_ignore_table().size());
  EXPECT_EQ(default_ignores().faults(), Texts{});
  for (const Pattern& pattern : default_ignores().all()) EXPECT_FALSE(pattern.by_path);
}

TEST(DefaultIgnores, MatchWhatEditorsAndProgramsLeave) {
  const auto matches = [](std::string_view name, bool is_directory = false) {
    return default_ignores().match(std::nullopt, name, is_directory) != nullptr;
  };
  for (const char* name : {".git", ".a.c.swp", ".a.c.swx", "a.c~", "4913", "#a.c#", ".#a.c",
                           "a.c___jb_tmp___", ".a.c.kate-swp", "a.log", "nohup.out", "db.sqlite3",
                           "db.sqlite3-journal", "a.db-wal", ".coverage", "server.pid"}) {
    EXPECT_TRUE(matches(name)) << name;
  }
  for (const char* name : {".git", "node_modules", "__pycache__", ".venv", ".hg", ".idea"}) {
    EXPECT_TRUE(matches(name, true)) << name;
  }
  for (const char* name : {".gitignore", ".a.svg", "a.c", "log", "a.pid.c", "4914", "#a", "venv",
                           "a.sqlite", "node_modules", ".env", "a.swp"}) {
    EXPECT_FALSE(matches(name)) << name;
  }
}

}  // namespace
}  // namespace reloadrun::watch
