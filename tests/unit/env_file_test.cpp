// What an env file means, and what is said of a wrong one.

#include "app/env_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "helpers/place.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {

void PrintTo(const Variable& variable, std::ostream* stream) {
  *stream << variable.name << "=[" << variable.value << "]";
}

namespace {

using Variables = std::vector<Variable>;
using namespace std::string_literals;

std::string error_of(const auto& reading) {
  try {
    reading();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_status(), status_usage);
    EXPECT_FALSE(error.what_to_do().empty());
    return error.what();
  }
  return "no error";
}

TEST(EnvFile, OneVariable) {
  const std::vector<std::pair<std::string, std::string>> values{
      {"A=b", "b"},
      {"A=", ""},
      {"A=b=c", "b=c"},
      {"  A\t = b c  ", "b c"},
      {"export A=b", "b"},
      {"export\t A=b", "b"},
      {"\xef\xbb\xbf"
       "A=b",
       "b"},
      {"A=b\r\n", "b"},
      {"A='b'\r\n", "b"},
      {"A=\xff\xfe", "\xff\xfe"},
      {"A=$HOME ${B} `c` $(d) *", "$HOME ${B} `c` $(d) *"},
      {"A=\"$HOME\"", "$HOME"},
      // Comments.
      {"A=b # c", "b"},
      {"A=b\t#c # d", "b"},
      {"A=b#c", "b#c"},
      {"A=#b", "#b"},
      {"A= # b", ""},
      {"A='b # c' # d", "b # c"},
      {"A=\"b\"#c", "b"},
      // Quotes.
      {"A=''", ""},
      {"A=' b '", " b "},
      {"A = ' b '", " b "},
      {"A='\"'", "\""},
      {"A=\"it's\"", "it's"},
      {"A=it's \"so\"", "it's \"so\""},
      // Backslashes.
      {"A=b\\nc", "b\\nc"},
      {"A='b\\nc\\'", "b\\nc\\"},
      {"A=\"b\\nc\"", "b\nc"},
      {"A=\"\\\"b\\\"\\\\\"", "\"b\"\\"},
      {"A=\"\\\\n\"", "\\n"},
      {"A=\"C:\\dir \\$b\"", "C:\\dir \\$b"}};
  for (const auto& [text, value] : values) {
    EXPECT_EQ(parse_env_file(text, "f"), (Variables{{"A", value}})) << text;
  }
}

TEST(EnvFile, Names) {
  for (const std::string name : {"a", "_", "_1", "Ab_9", "exported", "export", "RUN_MAIN_",
                                 "LISTEN", "RELOADRUN", "run_main", "MY_LISTEN_FDS"}) {
    EXPECT_EQ(parse_env_file(name + "=x", "f"), (Variables{{name, "x"}}));
  }
}

TEST(EnvFile, Lines) {
  EXPECT_EQ(parse_env_file("", "f"), Variables{});
  EXPECT_EQ(parse_env_file("\n \t\n\r\n# A=b\n  # c\n#", "f"), Variables{});
  EXPECT_EQ(parse_env_file("B=1\n\n# c\r\nA=2\r\nB=3", "f"),
            (Variables{{"B", "1"}, {"A", "2"}, {"B", "3"}}));
}

TEST(EnvFile, WhatIsWrong) {
  const std::string no_name = "what stands before '=' is no variable name";
  const std::vector<std::pair<std::string, std::string>> errors{
      {"secret", "there is no '='"},
      {"export A", "there is no '='"},
      {"=x", no_name},
      {"1A=x", no_name},
      {"A-B=x", no_name},
      {"A B=x", no_name},
      {"\xc3\xa4=x", no_name},
      {"export =x", no_name},
      {"export export A=x", no_name},
      {"RUN_MAIN=true", "RUN_MAIN is for reloadrun to set"},
      {"export RUN_MAIN =", "RUN_MAIN is for reloadrun to set"},
      {"RELOADRUN_CHANNEL=3", "RELOADRUN_CHANNEL is for reloadrun to set"},
      {"LISTEN_FDS=1", "LISTEN_FDS is for reloadrun to set"},
      {"A=b\0c"s, "there is a NUL byte"},
      {"# \0"s, "there is a NUL byte"},
      {"A='b", "the quote is not closed"},
      {"A=\"b", "the quote is not closed"},
      {"A=\"b\\\"", "the quote is not closed"},
      {"A='", "the quote is not closed"},
      {"A='b\nc'", "the quote is not closed"},
      {"A='b\"", "the quote is not closed"},
      {"A='b'c", "something stands behind the closing quote"},
      {"A='b' 'c'", "something stands behind the closing quote"}};
  for (const auto& [line, wrong] : errors) {
    const auto said =
        error_of([&bad = line] { parse_env_file("OK=1\n#\n" + bad + "\nOK=2", "a/.env"); });
    EXPECT_EQ(said, "a/.env:3: " + wrong) << line;
  }
}

class EnvFiles : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& content) const {
    place.edit(name, content);
    return (place.work() / name).string();
  }

  test::Place place;
};

TEST_F(EnvFiles, ALaterOneCounts) {
  const auto one = file("one", "A=1\nB=1\nB=2\n");
  const auto two = file("two", "C=3\nA=4\n");
  EXPECT_EQ(read_env_files({}), Variables{});
  EXPECT_EQ(read_env_files({one, two}), (Variables{{"A", "4"}, {"B", "2"}, {"C", "3"}}));
  EXPECT_EQ(read_env_files({two, one}), (Variables{{"C", "3"}, {"A", "1"}, {"B", "2"}}));
}

TEST_F(EnvFiles, NoMoreThanCanBeHandedOver) {
  const auto large = file("large", "A=" + std::string(131000, 'x'));
  EXPECT_EQ(read_env_files({large}).front().value.size(), 131000U);
  const auto too_large = file("too large", "B=" + std::string(100, 'x'));
  EXPECT_EQ(error_of([&] {
              read_env_files({large, too_large});
            }),
            "--env-file gives more than 128 KiB");
}

/// Warnings, as long as it lives.
class Warnings {
 public:
  Warnings() {
    log::to([this](auto, std::string_view text) { lines.emplace_back(text); }, Verbosity::normal);
  }
  ~Warnings() {
    log::to([](auto, std::string_view) {}, Verbosity::normal);
  }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;

  std::vector<std::string> lines;
};

TEST_F(EnvFiles, TheLastGoodValuesStay) {
  Warnings warnings;
  const auto env = file(".env", "A=1");
  Environment environment;
  reread_env_files({env}, environment);
  EXPECT_EQ(environment.variables, (Variables{{"A", "1"}}));
  file(".env", "A=2\nB");
  for (int start = 0; start < 2; ++start) {  // told once
    reread_env_files({env}, environment);
    EXPECT_EQ(environment.variables, (Variables{{"A", "1"}}));
  }
  EXPECT_EQ(warnings.lines,
            std::vector{env + ":2: there is no '=': write NAME=VALUE; the last good values stay"});
  std::filesystem::remove(env);
  reread_env_files({env}, environment);
  EXPECT_EQ(environment.variables, (Variables{{"A", "1"}}));
  EXPECT_EQ(warnings.lines.size(), 2U);
  file(".env", "C=3");
  reread_env_files({env}, environment);
  EXPECT_EQ(environment.variables, (Variables{{"C", "3"}}));
  EXPECT_EQ(warnings.lines.size(), 2U);
}

}  // namespace
}  // namespace reloadrun::app
