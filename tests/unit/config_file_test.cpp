// What is no TOML is an error, however it begins.

#include "cli/config_file.hpp"

#include <gtest/gtest.h>

#include "reloadrun/error.hpp"

namespace reloadrun::cli {
namespace {

std::string error_of(const std::string& text) {
  try {
    parse_config(text, "f");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ConfigFile, AHeaderWithoutAName) {
  for (const std::string header : {"[@]", "[[[a]]]", "[=", "[\x01", "[ \xc3\xa4"}) {
    EXPECT_TRUE(error_of("settle = 1\n" + header + "\n").starts_with("f:2: ")) << header;
  }
}

TEST(ConfigFile, ALetterOfAnyAlphabetWithoutQuotes) {
  for (const std::string line : {"a = \xc3\xa4", "a = 1 \xc3\xa4", "a = [1, \xef\xad\x90]",
                                 "a = \xef\xbb\xbe", "\xc3\xa4 = 1"}) {
    EXPECT_TRUE(error_of("settle = 1\n" + line + "\n").starts_with("f:2: ")) << line;
  }
  EXPECT_EQ(error_of("a = \"\xc3\xa4\xef\xbb\xbe\" # \xef\xad\x90"), "no error");
}

#ifdef WITH_THREAD_SANITIZER
constexpr std::size_t deepest = 1024;  // its record of calls holds fewer than the stack
#else
constexpr std::size_t deepest = 16384;  // as app/named_file allows
#endif

TEST(ConfigFile, NoMoreThanTheStackHolds) {
  const auto nested = [](std::size_t bytes) {
    std::string text;
    while (text.size() + 6 < bytes) text += "a.";
    return text + "a = 1";
  };
  EXPECT_EQ(error_of(nested(deepest)), "f:1: a is a table, and no option is one");
}

}  // namespace
}  // namespace reloadrun::cli
