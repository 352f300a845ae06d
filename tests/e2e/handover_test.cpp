// What a generation leaves to the next: the snapshot and the watches, so that a restart costs what
// has changed; and nothing that grows.

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "fmt/format.h"
#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class Handover : public EndToEnd {
 protected:
  static std::size_t looks_at_everything(Program& program) {
    const std::string text = program.said();
    const std::string line = "looking at all files";
    std::size_t count = 0;
    for (auto at = text.find(line); at != text.npos; at = text.find(line, at + 1)) ++count;
    return count;
  }
  void edit_and_expect_a_start(const std::string& file) {
    place.edit(file, std::to_string(++edits_));
    EXPECT_EQ(reports.next("start")["changed"], "'" + file + "'");
    reports.next("ready");
  }
  static std::size_t entries_of(const fs::path& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
  }

 private:
  int edits_ = 0;
};

TEST_F(Handover, OfTheSnapshotAndItsWatches) {
  Program program({.arguments = {reloadrun_path(), "-v", "--interval", "1m", "--",
                                 test_target_path(), reports.path()},
                   .directory = place.work()});
  reports.next("ready");
  fs::create_directories(place.work() / "deep/er");
  edit_and_expect_a_start("deep/er/new.py");
  edit_and_expect_a_start("deep/er/new.py");  // only the watch of another generation tells of it
  std::ofstream(place.work() / ".gitignore") << "*.tmp\n";
  EXPECT_EQ(reports.next("start")["changed"], "'.gitignore'");
  reports.next("ready");
  place.edit("a.tmp", "ignored");  // by what another generation has read
  edit_and_expect_a_start("b.py");
  end(program);
  EXPECT_EQ(looks_at_everything(program), 1U) << program.said();
}

TEST_F(Handover, OfTheSnapshotWithoutWatches) {
  Program program(reloadrun({"-v", "--watcher", "stat"}, target()));
  reports.next("ready");
  for (const char* file : {"a.py", "b.py", "a.py"}) edit_and_expect_a_start(file);
  end(program);
  EXPECT_EQ(looks_at_everything(program), 1U) << program.said();
}

#ifndef WITH_SANITIZER  // which needs more itself
TEST_F(Handover, IsDoneWithoutWhereNoAddressesAreLeft) {
  Invocation limited = reloadrun({"-v"}, target());
  limited.arguments.insert(limited.arguments.begin(),
                           {"sh", "-c", "ulimit -v 2000000 && exec \"$@\"", "sh"});
  Program program(limited);
  reports.next("ready");
  edit_and_expect_a_start("a.py");
  edit_and_expect_a_start("a.py");
  end(program);
  EXPECT_EQ(looks_at_everything(program), 3U) << program.said();
}
#endif

TEST_F(Handover, GrowsNothing) {
#ifdef WITH_SANITIZER
  constexpr int restarts = 100;
#else
  constexpr int restarts = 1000;
#endif
  for (int file = 0; file < 100; ++file) place.edit(std::to_string(file), "");
  Program program(reloadrun({"--settle", "0", "-v"}, target()));
  reports.next("ready");
  struct Size {
    std::size_t descriptors, children;
    long resident, snapshot;
  };
  const auto size = [&](int generation) {
    // Said when the next reloader has been executed: nothing is open for that any more.
    program.expect(fmt::format("generation {}", generation));
    const pid_t reloader = reloader_below(program.pid());
    const std::string own = fmt::format("/proc/{}", program.pid());
    long pages = 0;
    std::ifstream(own + "/statm") >> pages >> pages;
    long blocks = 0;
    for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", reloader))) {
      std::error_code gone;
      if (fs::read_symlink(entry, gone).string().find("snapshot") == std::string::npos) continue;
      struct stat status {};
      if (::stat(entry.path().c_str(), &status) == 0) blocks = status.st_blocks;
    }
    std::string children;
    std::getline(std::ifstream(fmt::format("{}/task/{}/children", own, program.pid())), children);
    return Size{entries_of(own + "/fd"),
                static_cast<std::size_t>(std::ranges::count(children, ' ')), pages, blocks};
  };
  Size early{};
  for (int i = 0; i < restarts; ++i) {
    // Of rules that are edited a directory is listed anew, which takes the most room for a moment.
    const bool lists = i % 50 == 49;
    place.edit(lists ? ".gitignore" : std::to_string(i % 100), std::to_string(i));
    reports.next("ready");
    if (i == restarts / 2) early = size(i + 2);
  }
  const Size late = size(restarts + 1);
  end(program);
  EXPECT_EQ(late.descriptors, early.descriptors);
  EXPECT_EQ(late.children, early.children);
  EXPECT_LE(late.resident, early.resident + early.resident / 10);
  EXPECT_GT(early.snapshot, 0);
  constexpr long page = 8;  // blocks
  EXPECT_LE(late.snapshot, early.snapshot + page);
}

}  // namespace
}  // namespace reloadrun::test
