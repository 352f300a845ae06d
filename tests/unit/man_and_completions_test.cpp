// The man page and the shells' completions know the options as the help has them, no less and no
// more: their names, whether a value follows, the words it may be, and the defaults.

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "helpers/place.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::test {
namespace {

using Names = std::set<std::string>;

struct Known {
  Names flags;
  Names valued;
  bool operator==(const Known&) const = default;
};

std::string file(const std::string& name) {
  return content_of(std::string(SOURCE_DIRECTORY) + "/" + name);
}
std::string man_page() { return file("docs/reloadrun.1"); }
std::string completion(const std::string& name) { return file("src/package/completions/" + name); }

std::vector<std::smatch> matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  return {std::sregex_iterator(text.begin(), text.end(), regex), {}};
}

Names words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::string help() {
  const char* arguments[]{"reloadrun", "--help"};
  const auto text = std::get<std::string>(cli::parse(2, arguments, {}));
  return text.substr(0, text.find("Signals:"));
}

/// "  -w,--watch PATH   Watch ...", "  --list   Print ...".
Known in_help() {
  Known known;
  const std::string text = help();
  for (const auto& option : matches(text, "\n  (?:(-\\w),)?(--[a-z-]+)( [^ \n]+)?(?= |\n)")) {
    auto& names = option[3].matched ? known.valued : known.flags;
    names.insert(option.str(2));
    if (option[1].matched) names.insert(option.str(1));
  }
  return known;
}

std::ostream& operator<<(std::ostream& stream, const Known& known) {
  stream << "flags:";
  for (const auto& name : known.flags) stream << ' ' << name;
  stream << "; with a value:";
  for (const auto& name : known.valued) stream << ' ' << name;
  return stream;
}

/// What the parser says of a word that is none of them: "give one of auto, inotify, stat".
Names words_of(const std::string& option) {
  const char* arguments[]{"reloadrun", option.c_str(), "none of them", "command"};
  try {
    cli::parse(4, arguments, {});
  } catch (const Error& error) {
    const std::string todo = error.what_to_do();
    return words(std::regex_replace(todo.substr(todo.find("one of ") + 7), std::regex(","), ""));
  }
  return {};
}

const Names choices{"--watcher", "--on-exit", "--color"};

/// `pattern` has the option's name in place of NAME.
void expect_words(const std::string& text, const std::string& pattern) {
  for (const std::string& option : choices) {
    const std::string regex = std::regex_replace(pattern, std::regex("NAME"), option.substr(2));
    const auto found = matches(text, regex.c_str());
    ASSERT_EQ(found.size(), 1U) << option;
    EXPECT_EQ(words(found.front().str(1)), words_of(option)) << option;
  }
}

TEST(ManPage, HasTheOptions) {
  Known known;
  const std::string text = man_page();
  for (const auto& option : matches(text, "\n\\.It (?:Fl (\\w) , )?Fl (-[a-z-]+)( Ar .*)?(?=\n)")) {
    auto& names = option[3].matched ? known.valued : known.flags;
    names.insert("-" + option.str(2));
    if (option[1].matched) names.insert("-" + option.str(1));
  }
  EXPECT_GT(known.valued.size(), 20U);
  EXPECT_EQ(known, in_help());
}

/// Of each option, what stands behind its name up to the next one's.
std::map<std::string, std::string> paragraphs() {
  std::map<std::string, std::string> found;
  const std::string text = man_page();
  for (const auto& option :
       matches(text, "\\.It (?:Fl \\w , )?Fl (-[a-z-]+).*\n((?:(?!\\.It|\\.El).*\n)*)")) {
    found["-" + option.str(1)] = option.str(2);
  }
  return found;
}

TEST(ManPage, HasTheWordsOfEachChoice) {
  const auto texts = paragraphs();
  for (const std::string& option : choices) {
    Names told;
    for (const auto& word : matches(texts.at(option), "(?:^|\n)\\.Cm (\\w+)")) {
      told.insert(word.str(1));
    }
    EXPECT_EQ(told, words_of(option)) << option;
  }
}

TEST(ManPage, HasTheDefaults) {
  std::map<std::string, std::string> told;
  for (const auto& [option, text] : paragraphs()) {
    for (const auto& found : matches(text, "The default is\n\\.Cm (\\S+) \\.\n")) {
      told[option] = found.str(1);
    }
  }
  std::map<std::string, std::string> expected;
  const std::string text = help();
  for (const auto& found :
       matches(text, "\n  (?:-\\w,)?(--[a-z-]+)(?:(?!\n  -)[^(])*\\((\\w+)\\)(?=\n)")) {
    if (found.str(2) != "repeatable") expected[found.str(1)] = found.str(2);
  }
  EXPECT_EQ(expected.size(), 7U);
  EXPECT_EQ(told, expected);
}

TEST(Completions, OfBashHaveTheOptions) {
  const std::string text = completion("reloadrun.bash");
  const auto list = [&](const char* pattern) { return words(matches(text, pattern).at(0).str(1)); };
  const Known known{list("local flags=\\(([^)]*)\\)"), list("local valued=\\(([^)]*)\\)")};
  EXPECT_EQ(known, in_help());
  expect_words(text, "--NAME\\) choices='([^']*)'");
}

TEST(Completions, OfZshHaveTheOptions) {
  Known known;
  const std::string text = completion("_reloadrun");
  for (const auto& option :
       matches(text, "\n  '(?:\\([^)]*\\))?\\*?(?:'\\{(-\\w)\\+?,)?(--[a-z-]+)(=?)")) {
    auto& names = option.str(3) == "=" ? known.valued : known.flags;
    names.insert(option.str(2));
    if (option[1].matched) names.insert(option.str(1));
  }
  EXPECT_EQ(known, in_help());
  expect_words(text, "--NAME=[^:]*:\\w+:\\(([^)]*)\\)");
}

TEST(Completions, OfFishHaveTheOptions) {
  Known known;
  const std::string text = completion("reloadrun.fish");
  for (const auto& option :
       matches(text, "\n__reloadrun_option (?:-s (\\w) )?-l ([a-z-]+) (-[rx]\\w*)?")) {
    auto& names = option[3].matched ? known.valued : known.flags;
    names.insert("--" + option.str(2));
    if (option[1].matched) names.insert("-" + option.str(1));
  }
  EXPECT_EQ(known, in_help());
  expect_words(text, "-l NAME -xa '([^']*)'");
  const std::string list = matches(text, "set -l valued ((?:[^\n]*\\\\\n)*[^\n]*)").at(0).str(1);
  EXPECT_EQ(words(std::regex_replace(list, std::regex("\\\\\n"), " ")), in_help().valued);
}

}  // namespace
}  // namespace reloadrun::test
