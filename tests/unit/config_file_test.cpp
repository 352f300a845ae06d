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

}  // namespace
}  // namespace reloadrun::cli
