// The reference tells the truth where a table of the code stands in it.

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>
#include <string>

#include "cli/command_line.hpp"
#include "helpers/place.hpp"
#include "watch/default_ignores.hpp"

namespace reloadrun::test {
namespace {

std::string reference() { return content_of(std::string(SOURCE_DIRECTORY) + "/docs/reference.md"); }

/// What stands between `begin` and the next blank line.
std::string table_after(const std::string& begin) {
  const std::string text = reference();
  const auto at = text.find(begin);
  EXPECT_NE(at, std::string::npos) << begin;
  return text.substr(at, text.find("\n\n", at) - at);
}

std::set<std::string> all_matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
    found.insert(at->str(1));
  }
  return found;
}

TEST(Reference, ListsTheDefaultIgnores) {
  std::set<std::string> expected{"pyvenv.cfg"};
  for (const auto& row : watch::default_ignore_table()) expected.emplace(row.pattern);
  EXPECT_EQ(all_matches(table_after("| Of | Left out |"), std::regex("`([^`]+)`")), expected);
}

TEST(Reference, ListsTheOptions) {
  const char* arguments[]{"reloadrun", "--help"};
  const auto help = std::get<std::string>(cli::parse(2, arguments, {}));
  const std::regex option("(--[a-z-]+[a-z])");
  auto in_help = all_matches(help.substr(0, help.find("Examples:")), option);
  EXPECT_GT(in_help.size(), 20U);
  EXPECT_EQ(all_matches(table_after("| Option | Meaning"), option), in_help);
}

TEST(Reference, ItsConfigurationFileIsRight) {
  const auto block = table_after("```toml");
  const std::string text = block.substr(block.find('\n'), block.rfind("```") - block.find('\n'));
  const char* arguments[]{"reloadrun", "--config", "reloadrun.toml", "server"};
  const auto wanted = cli::parse(4, arguments, [&](const auto&, const auto&) { return text; });
  const auto is_option = [](const auto& given) {
    return given.first.find(' ') == given.first.npos;
  };
  EXPECT_EQ(std::ranges::count_if(std::get<Options>(wanted).config_lines, is_option), 7);
}

}  // namespace
}  // namespace reloadrun::test
