// The arrows of the house: which room may include which. src/CMakeLists.txt draws the same picture
// for the linker; here it is checked for every include.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::set<std::string>> arrows{
    {"main.cpp", {"cli", "app"}},
    {"cli", {"cli"}},
    {"app", {"app", "watch", "proc", "net", "core", "base"}},
    {"watch", {"watch", "base"}},
    {"proc", {"proc", "base"}},
    {"net", {"net", "base"}},
    {"core", {"core", "base"}},
    {"base", {"base"}},
};

/// What `file` includes from the house: "core/policy.hpp", "reloadrun/options.hpp".
std::set<std::string> included_by(const fs::path& file) {
  std::set<std::string> included;
  std::ifstream stream(file);
  const std::string begin = "#include \"";
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(begin)) {
      included.insert(line.substr(begin.size(), line.rfind('"') - begin.size()));
    }
  }
  return included;
}

TEST(House, EveryIncludeFollowsAnArrow) {
  const fs::path source = fs::path(SOURCE_DIRECTORY) / "src";
  const std::set<std::string> libraries{"spdlog", "reloadrun"};
  int seen = 0;
  for (const auto& entry : fs::recursive_directory_iterator(source)) {
    const auto extension = entry.path().extension();
    if (extension != ".cpp" && extension != ".hpp") continue;
    const std::string room = *fs::relative(entry.path(), source).begin();
    ASSERT_TRUE(arrows.contains(room)) << "no such room: " << room;
    for (const std::string& include : included_by(entry.path())) {
      const std::string from = *fs::path(include).begin();
      ++seen;
      const bool formats = from == "fmt" && entry.path() == source / "base/format.hpp";
      EXPECT_TRUE(arrows.at(room).contains(from) || libraries.contains(from) || formats)
          << entry.path() << " includes " << include;
    }
  }
  EXPECT_GT(seen, 50);  // the test looks where the house is
}

TEST(House, EveryTestIsBuilt) {
  const fs::path tests = fs::path(SOURCE_DIRECTORY) / "tests";
  std::ifstream stream(tests / "CMakeLists.txt");
  const std::string built(std::istreambuf_iterator<char>(stream), {});
  for (const char* directory : {"unit", "e2e"}) {
    for (const auto& entry : fs::directory_iterator(tests / directory)) {
      const std::string file = fs::relative(entry.path(), tests);
      if (!file.ends_with("_test.cpp")) continue;
      EXPECT_NE(built.find(file), std::string::npos) << file;
    }
  }
}

TEST(House, OnlyCliKnowsCli11AndOnlyBaseKnowsHowToSpeak) {
  const fs::path source = fs::path(SOURCE_DIRECTORY) / "src";
  for (const auto& entry : fs::recursive_directory_iterator(source)) {
    if (!entry.is_regular_file()) continue;
    const std::string room = *fs::relative(entry.path(), source).begin();
    std::ifstream stream(entry.path());
    for (std::string line; std::getline(stream, line);) {
      EXPECT_TRUE(room == "cli" || line.find("#include <CLI/") == std::string::npos)
          << entry.path();
      EXPECT_TRUE(room == "base" || line.find("#include \"spdlog/") == std::string::npos)
          << entry.path();
    }
  }
}

TEST(House, PublicHeadersIncludeNothingButTheStandardLibraryAndEachOther) {
  const fs::path headers = fs::path(SOURCE_DIRECTORY) / "include/reloadrun";
  for (const auto& entry : fs::directory_iterator(headers)) {
    for (const std::string& include : included_by(entry.path())) {
      EXPECT_TRUE(include.starts_with("reloadrun/")) << entry.path() << " includes " << include;
    }
  }
}

}  // namespace
