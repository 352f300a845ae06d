// Each answer of --explain, on real directories.

#include "watch/explain.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "helpers/environment.hpp"
#include "helpers/place.hpp"

namespace reloadrun::watch {
namespace {

namespace fs = std::filesystem;

class Explain : public testing::Test {
 protected:
  Explain() {
    fs::create_directory(place_.beside("home"));
    fs::current_path(place_.work());
  }
  ~Explain() override { fs::current_path("/"); }

  static void write(const fs::path& file, const std::string& content = "") {
    if (file.has_parent_path()) fs::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }
  static std::string explained(const std::string& path, const Options& options = {},
                               const std::vector<std::string>& executables = {}) {
    Rules rules(options);
    return explain(path, WatchSet(options, executables), rules);
  }

  test::Place place_;
  test::Environment environment_{{{"HOME", place_.beside("home").string()},
                                  {"XDG_CONFIG_HOME", std::nullopt},
                                  {"GIT_CONFIG_NOSYSTEM", "1"},
                                  {"GIT_CONFIG_GLOBAL", std::nullopt}}};
};

TEST_F(Explain, WhatIsWatched) {
  write("src/a.c");
  write("server");
  EXPECT_EQ(explained("src/a.c"),
            "src/a.c is watched: it is below the current directory and no rule excludes it");
  EXPECT_EQ(explained("src/b.c"),
            "src/b.c does not exist; it would be watched: it is below the current directory and no "
            "rule excludes it");
  Options options;
  options.watch = {"src", "./server"};
  EXPECT_EQ(explained("server", options),
            "server is watched: it is named by --watch or --files-from");
  EXPECT_EQ(explained("src/../src/a.c", options),
            "src/../src/a.c is watched: it is below src and no rule excludes it");
  options.ignore = {"server"};
  EXPECT_EQ(explained("server", options, {"./server"}),
            "server is watched: it is COMMAND's executable");
}

TEST_F(Explain, ThePatternThatDecides) {
  write(".gitignore", "\n# logs\n*.txt\n!b.txt\nbuild/\n");
  write("src/.ignore", "c.txt\n");
  write("src/a.txt");
  write("src/b.txt");
  write("src/c.txt");
  write("build/deep/a.c");
  write("a.log");
  EXPECT_EQ(explained("src/a.txt"),
            "src/a.txt is not watched: pattern '*.txt' (line 3 of .gitignore) excludes it");
  EXPECT_EQ(explained("src/b.txt"),
            "src/b.txt is watched: it is below the current directory and pattern '!b.txt' (line 4 "
            "of .gitignore) includes it");
  EXPECT_EQ(explained("src/c.txt"),
            "src/c.txt is not watched: pattern 'c.txt' (line 1 of src/.ignore) excludes it");
  EXPECT_EQ(explained("build/deep/a.c"),
            "build/deep/a.c is not watched: pattern 'build/' (line 5 of .gitignore) excludes the "
            "directory build");
  EXPECT_EQ(explained(".a.c.swp"),
            ".a.c.swp does not exist; it would not be watched: pattern '.*.sw?' (default ignores: "
            "vim: swap file; nano: lock file) excludes it");
  Options options;
  options.ignore = {"*.c", "!a.log"};
  EXPECT_EQ(
      explained("src/a.c", options),
      "src/a.c does not exist; it would not be watched: pattern '*.c' (--ignore) excludes it");
  EXPECT_EQ(explained("a.log", options),
            "a.log is watched: it is below the current directory and pattern '!a.log' (--ignore) "
            "includes it");
}

TEST_F(Explain, WhatIsWatchedElsewhere) {
  write("src/a.c");
  write("other/a.c");
  Options options;
  options.watch = {"src"};
  EXPECT_EQ(explained("other/a.c", options), "other/a.c is not watched: it is not below src");
  EXPECT_EQ(explained("srcs", options),
            "srcs does not exist; it would not be watched: it is not below src");
  EXPECT_EQ(explained("src", options),
            "src is not watched: it is a directory: what is watched are the files below it");
}

TEST_F(Explain, ExtensionsAndFilters) {
  write("a.py");
  Options options;
  options.extensions = {"html"};
  EXPECT_EQ(explained("a.py", options),
            "a.py is not watched: its extension is not among those of --ext");
  options.extensions = {"py"};
  options.filters = {"src/"};
  EXPECT_EQ(explained("a.py", options), "a.py is not watched: no --filter pattern includes it");
}

TEST_F(Explain, WhatIsNoFile) {
  write("env/pyvenv.cfg");
  write("env/lib/a.py");
  fs::create_directory("directory");
  fs::create_directory_symlink("directory", "link");
  fs::create_symlink("nowhere", "dangling");
  ASSERT_EQ(::mkfifo("fifo", 0600), 0);
  EXPECT_EQ(explained("directory"), "directory is not watched: it is a directory, no regular file");
  EXPECT_EQ(explained("link"),
            "link is not watched: it is a symbolic link to a directory, no regular file");
  EXPECT_EQ(explained("dangling"),
            "dangling is not watched: it is a symbolic link that leads nowhere, no regular file");
  EXPECT_EQ(explained("fifo"), "fifo is not watched: it is a FIFO, no regular file");
  EXPECT_EQ(explained("env/lib/a.py"),
            "env/lib/a.py is not watched: the directory env is a Python virtual environment (it "
            "holds pyvenv.cfg)");
}

TEST_F(Explain, ALoopOfLinks) {
  fs::create_symlink("loop", "loop");
  EXPECT_EQ(explained("loop/a").find("loop/a cannot be looked at ("), 0U) << explained("loop/a");
}

TEST_F(Explain, SaysWhatIsWrongOnTheWay) {
  write(".gitignore", "[a\n");
  write("a");
  EXPECT_EQ(explained("a"),
            "a is watched: it is below the current directory and no rule excludes it\n"
            "line 1 of .gitignore: '[a' is a broken pattern (class without end): left out");
}

}  // namespace
}  // namespace reloadrun::watch
