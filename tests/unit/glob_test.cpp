// Single patterns. That their meaning is git's is proved on random trees: see git_meaning_test.cpp.

#include "watch/glob.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace reloadrun::watch {
namespace {

bool by_path(std::string_view pattern, std::string_view path) {
  return Glob(pattern, Glob::Subject::path).matches(path);
}
bool by_name(std::string_view pattern, std::string_view name) {
  return Glob(pattern, Glob::Subject::name).matches(name);
}

TEST(Glob, Literals) {
  EXPECT_TRUE(by_name("a.c", "a.c"));
  EXPECT_FALSE(by_name("a.c", "a.cc"));
  EXPECT_FALSE(by_name("a.c", "xa.c"));
  EXPECT_FALSE(by_name("a.c", "a_c"));
  EXPECT_TRUE(by_name("\\*\\a", "*a"));
  EXPECT_FALSE(by_name("\\*", "x"));
  EXPECT_TRUE(by_path("a/b", "a/b"));
}

TEST(Glob, StarsAndQuestionMarks) {
  EXPECT_TRUE(by_name("*.log", ".log"));
  EXPECT_TRUE(by_name("*.log", "a.log.log"));
  EXPECT_FALSE(by_name("*.log", "a.logs"));
  EXPECT_TRUE(by_name("a*a", "aba"));
  EXPECT_FALSE(by_name("a*a", "a"));
  EXPECT_TRUE(by_name("*a*b?d*", "xxaxbbcdx"));
  EXPECT_FALSE(by_name("?", ""));
  EXPECT_FALSE(by_name("?", "ab"));
  EXPECT_TRUE(by_path("*/b", "a/b"));
  EXPECT_FALSE(by_path("*b", "a/b"));
  EXPECT_FALSE(by_path("a*b", "a/b"));
  EXPECT_FALSE(by_path("a?b", "a/b"));
  EXPECT_FALSE(by_path("a/*", "a/b/c"));
}

TEST(Glob, DoubleStars) {
  EXPECT_TRUE(by_path("**/b", "b"));
  EXPECT_TRUE(by_path("**/b", "a/a/b"));
  EXPECT_FALSE(by_path("**/b", "ab"));
  EXPECT_TRUE(by_path("a/**", "a/b/c"));
  EXPECT_FALSE(by_path("a/**", "a"));
  EXPECT_TRUE(by_path("a/**/b", "a/b"));
  EXPECT_TRUE(by_path("a/**/b", "a/x/y/b"));
  EXPECT_FALSE(by_path("a/**/b", "a/xb"));
  EXPECT_TRUE(by_path("**/a/*/**/c*d", "x/a/a/b/cc/ccd"));
  EXPECT_FALSE(by_path("a/[x]**/b", "a/x/y/b"));
  EXPECT_TRUE(by_path("a/[x]**/b", "a/xyz/b"));
}

TEST(Glob, DoubleStarsWhereGitSurprises) {
  // Behind a literal beginning they count as if they began the pattern.
  EXPECT_TRUE(by_path("foo**/bar", "foobar"));
  EXPECT_TRUE(by_path("foo**/bar", "foo/a/bar"));
  EXPECT_FALSE(by_path("?oo**/bar", "foo/a/bar"));
  // With an escaped '/' behind them they need a directory.
  EXPECT_TRUE(by_path("**\\/bar", "a/b/bar"));
  EXPECT_FALSE(by_path("**\\/bar", "bar"));
}

TEST(Glob, Classes) {
  EXPECT_TRUE(by_name("[a-c]", "b"));
  EXPECT_FALSE(by_name("[a-c]", "d"));
  EXPECT_TRUE(by_name("[!a-c]", "d"));
  EXPECT_TRUE(by_name("[^a-c]", "d"));
  EXPECT_TRUE(by_name("[]a]", "]"));
  EXPECT_FALSE(by_name("[!]]", "]"));
  EXPECT_TRUE(by_name("[a-]", "-"));
  EXPECT_TRUE(by_name("[\\]a-\\c]", "b"));
  EXPECT_FALSE(by_name("[a-c-e]", "d"));
  EXPECT_TRUE(by_name("[[:upper:][:digit:]]", "7"));
  EXPECT_TRUE(by_name("[[:xdigit:]]", "F"));
  EXPECT_FALSE(by_name("[[:xdigit:]]", "g"));
  EXPECT_FALSE(by_name("[[:space:]]", "\v"));
  EXPECT_TRUE(by_name("[[:x]", ":"));
  EXPECT_TRUE(by_name("[\xc0-\xff]", "\xe9"));
  EXPECT_FALSE(by_path("a[!b]c", "a/c"));
  EXPECT_FALSE(by_path("a[/]c", "a/c"));
}

TEST(Glob, BrokenOnesMatchNothingAndSayWhy) {
  const auto why = [](std::string_view pattern) {
    const Glob glob(pattern, Glob::Subject::name);
    EXPECT_FALSE(glob.matches(pattern));
    EXPECT_FALSE(glob.matches("a"));
    return glob.broken();
  };
  for (const char* pattern : {"[a", "[", "[!", "[]", "[a\\", "*[a-", "a[[:alpha:]"}) {
    EXPECT_EQ(why(pattern), "class without end") << pattern;
  }
  EXPECT_EQ(why("[[:foo:]a]"), "no class is called [:foo:]");
  EXPECT_EQ(why("a\\"), "a backslash at its end");
  EXPECT_EQ(Glob("[a]*?", Glob::Subject::name).broken(), "");
}

TEST(Glob, TakesNoLongerForManyStars) {
  const std::string text(4000, 'a');
  std::string pattern;
  for (int star = 0; star < 50; ++star) pattern += "*a";
  std::string path;
  for (int part = 0; part < 1000; ++part) path += "a/";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(by_name(pattern + "b", text));
  EXPECT_FALSE(by_path("**/*a/**/*a/**/*a/**/*a/**/*a/**/*a/**/b", path));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace reloadrun::watch
