#include "helpers/saves.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace reloadrun::test {

namespace fs = std::filesystem;

namespace {

Environment::Values plain_environment(const Place& place) {
  const fs::path home = place.beside("home");
  fs::create_directory(home);
  // git's housekeeping is left out: it goes on in the background after the command has ended.
  std::ofstream(home / ".gitconfig") << "[user]\n\tname = Tester\n\temail = tester@localhost\n"
                                        "[init]\n\tdefaultBranch = main\n"
                                        "[gc]\n\tauto = 0\n"
                                        "[maintenance]\n\tauto = false\n"
                                        "[protocol \"file\"]\n\tallow = always\n"
                                        "[advice]\n\tdetachedHead = false\n";
  return {{"HOME", home.string()},
          {"XDG_CONFIG_HOME", std::nullopt},
          {"GIT_CONFIG_GLOBAL", (home / ".gitconfig").string()},
          {"GIT_CONFIG_NOSYSTEM", "1"},
          {"GIT_DIR", std::nullopt},
          {"GIT_WORK_TREE", std::nullopt},
          {"GIT_INDEX_FILE", std::nullopt},
          {"TERM", "xterm"},
          {"LC_ALL", "C.UTF-8"}};
}

/// The paths in RELOADRUN_CHANGED as the target reports it, sorted.
Words paths_in(const std::string& variable) {
  Words paths;
  std::istringstream lines(variable.substr(1, variable.size() - 2));  // without its quotes
  for (std::string line; std::getline(lines, line);) paths.push_back(line);
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// A writer who pauses for --settle has saved twice. He is not to pause because others need the
/// processor; where that may not be arranged, only a loaded machine shows the difference.
void go_first() {
  const sched_param lowest{.sched_priority = 1};
  static_cast<void>(::sched_setscheduler(0, SCHED_FIFO, &lowest));
}

}  // namespace

Saves::Saves() : environment_(plain_environment(place)) {}

void Saves::TearDown() {
  if (reloadrun_) end(*reloadrun_);
  EndToEnd::TearDown();
}

void Saves::start(const Words& options, const Words& orders) {
  Words arguments{reloadrun_path(), "-v", "--watcher", GetParam()};
  // More looks at half a save, and less to wait for; by default inotify has to wake every look.
  if (arguments.back() == "stat") arguments.insert(arguments.end(), {"--interval", "100ms"});
  arguments.insert(arguments.end(), options.begin(), options.end());
  const Words command = target(orders);
  arguments.insert(arguments.end(), command.begin(), command.end());
  reloadrun_.emplace(Invocation{.arguments = arguments, .directory = place.work()});
  expect_start({});
}

std::string Saves::run(const Words& command) { return run(command, place.work()); }

std::string Saves::run(const Words& command, const fs::path& directory) {
  Program program({.arguments = command, .directory = directory, .prepare = go_first});
  EXPECT_EQ(program.wait(), Ending{})
      << fmt::format("{}: ", fmt::join(command, " ")) << program.said();
  return program.printed();
}

void Saves::expect_start(Words changed) {
  std::sort(changed.begin(), changed.end());
  const Report start = reports.next("start");
  EXPECT_EQ(start["generation"], fmt::format("'{}'", ++generation_));
  const Words told = paths_in(start["changed"]);
  constexpr std::size_t most = 4096;  // bytes of the variable
  if (fmt::format("{}", fmt::join(changed, "\n")).size() <= most) {
    EXPECT_EQ(told, changed);
  } else {
    EXPECT_FALSE(told.empty());
    EXPECT_TRUE(std::includes(changed.begin(), changed.end(), told.begin(), told.end()));
  }
  reports.next("ready");
}

void Saves::expect_one_restart(const Words& changed) {
  expect_start(changed);
  place.edit("fence", std::to_string(generation_));
  expect_start({"fence"});
  EXPECT_EQ(reloadrun_->said().find("waited for no longer"), std::string::npos);
}

Words Saves::write_tree(const fs::path& root, const std::string& content, int directories) {
  Words names;
  for (int i = 0; i < directories; ++i) {
    fs::create_directories(root / fmt::format("d{}", i));
    for (int j = 0; j < 10; ++j) {
      names.push_back(fmt::format("d{}/{}", i, j));
      std::ofstream(root / names.back()) << content;
    }
  }
  return names;
}

std::string watcher_name(const testing::TestParamInfo<const char*>& info) {
  return std::string_view(info.param) == "auto" ? "Auto" : "Stat";
}

}  // namespace reloadrun::test
