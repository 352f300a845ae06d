// The working directory by its name: another one is put in its place, or a link on its way is
// switched.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class Directory : public EndToEnd, public testing::WithParamInterface<const char*> {
 protected:
  /// In the directory that is called `name` from beside the work directory, told so by PWD. With
  /// inotify only a hint can make a test's deadline.
  [[nodiscard]] Invocation reloadrun_in(const std::string& name, const Words& options,
                                        const Words& command) {
    const bool hints = GetParam() == std::string("auto");
    Words arguments{reloadrun_path(), "--interval", hints ? "1m" : "20ms", "--watcher", GetParam()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.emplace_back("--");
    arguments.insert(arguments.end(), command.begin(), command.end());
    name_ = place.beside(name);
    return {.arguments = arguments, .directory = name_, .environment = {"PWD=" + name_}};
  }
  [[nodiscard]] Invocation reloadrun_in(const std::string& name) {
    return reloadrun_in(name, {}, target());
  }
  /// Waits for the next start, in the directory that is called so now.
  void expect_start(const std::string& directory, Words changed) {
    std::sort(changed.begin(), changed.end());
    const auto start = reports.next("start");
    EXPECT_EQ(start["generation"], fmt::format("'{}'", ++generation_));
    EXPECT_EQ(start["changed"], fmt::format("'{}'", fmt::join(changed, "\n")));
    EXPECT_EQ(start["directory"], fmt::format("'{}'", place.beside(directory).string()));
    EXPECT_EQ(start["pwd"], "'" + name_ + "'");
    reports.next("ready");
  }
  void write(const std::string& file, const std::string& content) const {
    const fs::path full = place.beside(file);
    fs::create_directories(full.parent_path());
    std::ofstream(full) << content;
  }
  /// As `ln -sfn` does.
  void link(const std::string& name, const std::string& target) const {
    fs::create_symlink(target, place.beside("new-link"));
    fs::rename(place.beside("new-link"), place.beside(name));
  }
  void rename(const std::string& from, const std::string& to) const {
    fs::rename(place.beside(from), place.beside(to));
  }

  std::string name_;
  int generation_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Watcher, Directory, testing::Values("auto", "stat"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(Directory, IsFollowedWhereALinkIsSwitched) {
  for (const char* release : {"r1", "r2", "r3"}) write(release + std::string("/src/f"), release);
  link("current", "r1");
  Program program(reloadrun_in("current"));
  expect_start("r1", {});
  for (const char* release : {"r2", "r3", "r1", "r2"}) {
    link("current", release);
    program.expect("current is another directory now");
    program.expect("current changed: stopping");
    expect_start(release, {name_});
    write(release + std::string("/src/f"), "edited in " + std::to_string(generation_));
    expect_start(release, {"src/f"});
  }
  write("r1/src/f", "nobody's any more");
  write("r2/fence", "");
  expect_start("r2", {"fence"});
  end(program);
}

TEST_P(Directory, IsFollowedWhereALinkFurtherUpIsSwitched) {
  for (const char* release : {"r1", "r2"}) write(release + std::string("/app/f"), release);
  fs::create_directory(place.beside("srv"));
  link("srv/current", "../live");
  link("live", "r1");
  Program program(reloadrun_in("srv/current/app"));
  expect_start("r1/app", {});
  link("live", "r2");
  expect_start("r2/app", {name_});
  write("r2/app/f", "edited");
  expect_start("r2/app", {"f"});
  link("srv/current", place.beside("r1"));
  expect_start("r1/app", {name_});
  write("r1/app/f", "edited");
  expect_start("r1/app", {"f"});
  end(program);
}

TEST_P(Directory, IsFollowedWhereAnotherIsPutInItsPlace) {
  write("app/f", "old");
  Program program(reloadrun_in("app"));
  expect_start("app", {});
  for (const std::string next : {"1", "2"}) {
    write("app.new/f", "new");
    rename("app", "app.old" + next);
    rename("app.new", "app");
    expect_start("app", {name_});
    write("app/f", "edited " + next);
    expect_start("app", {"f"});
    write("app.old" + next + "/f", "nobody's any more");
    write("app/fence", next);
    expect_start("app", {"fence"});
  }
  end(program);
}

TEST_P(Directory, IsWaitedForWhileItIsGone) {
  write("app/f", "old");
  Program program(reloadrun_in("app"));
  expect_start("app", {});
  rename("app", "aside");
  write("aside/f", "edited there");
  program.expect("app is gone: waiting up to 30.0 s for it");
  EXPECT_FALSE(reports.has("start"));
  rename("aside", "app");
  program.expect("app is back");
  expect_start("app", {"f"});
  fs::remove_all(place.beside("app"));
  program.expect("app is gone: waiting up to 30.0 s for it");
  EXPECT_FALSE(reports.has("start"));
  program.signal(SIGUSR1);  // asked for, COMMAND starts where it still can
  EXPECT_EQ(reports.next("start")["generation"], fmt::format("'{}'", ++generation_));
  reports.next("ready");
  write("anew/f", "made again");
  rename("anew", "app");  // with its file: one that follows would be a change of its own
  program.expect("app is back");
  expect_start("app", {name_});
  write("app/f", "edited");
  expect_start("app", {"f"});
  end(program);
}

TEST_P(Directory, HasTheRulesAndTheFilesOfItsOwn) {
  for (const char* release : {"r1", "r2"}) {
    write(release + std::string("/lib/f"), "");
    write(release + std::string("/env"), "NAME=" + std::string(release));
    write(release + std::string("/list"), "lib\nseen\n");
    write(release + std::string("/reloadrun.toml"), "files-from = \"list\"\nenv-file = \"env\"\n");
    fs::copy_file(test_target_path(), place.beside(release + std::string("/server")));
  }
  write("r2/list", "lib\nother\n");
  write("r2/lib/.gitignore", "left-out\n");
  link("current", "r1");
  Program program(reloadrun_in("current", {}, {"./server", reports.path()}));
  expect_start("r1", {});
  link("current", "r2");
  expect_start("r2", {name_});
  write("r2/lib/left-out", "");
  write("r2/seen", "");
  write("r2/other", "");
  expect_start("r2", {"other"});
  write("r2/env", "NAME=another");
  expect_start("r2", {"env"});
  fs::copy_file(test_target_path(), place.beside("copy"));
  rename("copy", "r2/server");
  expect_start("r2", {"server"});
  end(program);
}

TEST_P(Directory, OfAWatchedPathBesideItIsFollowedToo) {
  for (const char* release : {"r1", "r2"}) write(release + std::string("/lib/f"), release);
  write("r1/app/f", "");
  write("r2/app/f", "");
  link("current", "r1");
  Program program(reloadrun_in("current/app", {"-w", "../lib"}, target()));
  expect_start("r1/app", {});
  link("current", "r2");
  expect_start("r2/app", {name_});
  write("r1/lib/f", "nobody's any more");
  write("r2/app/f", "not watched");
  write("r2/lib/f", "edited");
  expect_start("r2/app", {"../lib/f"});
  end(program);
}

TEST_P(Directory, ThatIsAnotherIsNoneOfWhatASignalAnswers) {
  write("r1/f", "");
  write("r2/f", "");
  link("current", "r1");
  Program program(reloadrun_in("current", {"--soft", "*=HUP"}, target({"tell=1"})));
  expect_start("r1", {});
  program.expect("started");
  link("current", "r2");
  expect_start("r2", {name_});
  program.expect("restarted");
  write("r2/f", "edited");
  reports.next("signal");
  end(program);
}

TEST_P(Directory, ThatIsAnotherIsBuiltInFirst) {
  write("r1/f", "");
  write("r2/f", "");
  link("current", "r1");
  Program program(reloadrun_in("current", {"--build", "cp f built", "-i", "built"}, target()));
  expect_start("r1", {});
  link("current", "r2");
  expect_start("r2", {name_});
  EXPECT_TRUE(fs::exists(place.beside("r2/built")));
  write("r2/f", "edited");
  expect_start("r2", {"f"});
  EXPECT_EQ(content_of(place.beside("r2/built")), "edited");
  end(program);
}

TEST_P(Directory, WithoutANameThatLeadsThereIsItsPath) {
  write("r1/f", "");
  write("r2/f", "");
  for (const std::string pwd : {"/", "current", "", "/nowhere", "r1/../current"}) {
    link("current", "r1");
    auto invocation = reloadrun_in("current");
    name_ = pwd.find("..") == pwd.npos ? pwd : place.beside(pwd).string();
    invocation.environment = {"PWD=" + name_};
    generation_ = 0;
    Program program(invocation);
    expect_start("r1", {});
    link("current", "r2");
    write("r1/f", "edited for " + pwd);
    expect_start("r1", {"f"});
    end(program);
  }
}

}  // namespace
}  // namespace reloadrun::test
