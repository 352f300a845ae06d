// A handover that does not come, or not whole, or from elsewhere: the next generation looks at
// everything before it starts its target, and nothing is lost, ended, or left behind.

#include <signal.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <tuple>

#include "fmt/format.h"
#include "helpers/fixture.hpp"
#include "helpers/forced_exit.hpp"
#include "helpers/saboteur.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class BrokenHandover : public EndToEnd {
 protected:
  void SetUp() override {
    if (const auto why = why_no_sabotage(); !why.empty()) GTEST_SKIP() << why;
  }
  static std::size_t looks_at_everything(Program& program) {
    const std::string text = program.said();
    const std::string line = "looking at all files";
    std::size_t count = 0;
    for (auto at = text.find(line); at != text.npos; at = text.find(line, at + 1)) ++count;
    return count;
  }
  /// Waits for a target that has seen this in the files 0 and 1; throws TimedOut.
  void expect_seen(const std::string& text) {
    while (reports.next("seen")["text"] != text) {
    }
    reports.next("ready");
  }
};

class EveryBrokenHandover : public BrokenHandover,
                            public testing::WithParamInterface<std::tuple<Breakage, const char*>> {
 protected:
  Breakage how() const { return std::get<0>(GetParam()); }
  Invocation reloadrun_with_watcher(const Words& orders) const {
    return reloadrun({"-v", "--watcher", std::get<1>(GetParam())}, target(orders));
  }
  bool has_readable_values() const {
    return how() == Breakage::foreign_snapshot || how() == Breakage::empty_snapshot ||
           how() == Breakage::foreign_values;
  }
};

INSTANTIATE_TEST_SUITE_P(Each, EveryBrokenHandover,
                         testing::Combine(testing::ValuesIn(every_breakage),
                                          testing::Values("auto", "stat")),
                         [](const auto& test) {
                           return name_of(std::get<0>(test.param)) + "_" + std::get<1>(test.param);
                         });

TEST_P(EveryBrokenHandover, IsALookAtEverythingBeforeTheNextStart) {
  place.edit("0", "old");
  place.edit("1", "old");
  Program program(reloadrun_with_watcher({"seen=2", "last-words=15"}));
  expect_seen("old old ");
  ASSERT_TRUE(break_handover(program.pid(), how()));
  place.edit("0", "new");
  reports.next("last-words");
  place.edit("1", "new");  // nobody has told the next generation of either
  const std::uint64_t next = has_readable_values() ? forged_starts + 1 : 2;
  const std::string generation = reports.next("start")["generation"];
  // One more if the second edit was noticed before the target had said a word.
  EXPECT_TRUE(generation == fmt::format("'{}'", next) ||
              generation == fmt::format("'{}'", next + 1))
      << generation;
  expect_seen("new new ");
  place.edit("1", "newer");
  EXPECT_EQ(reports.next("start")["changed"], "'1'");
  expect_seen("new newer ");
  end(program);
  EXPECT_EQ(looks_at_everything(program), 2U) << program.said();  // at first, and after the break
}

TEST_P(EveryBrokenHandover, IsPassedOverForOneThatIsWhole) {
  Program program(reloadrun_with_watcher({}));
  reports.next("ready");
  ASSERT_TRUE(break_handover(program.pid(), how(), Then::its_own));
  place.edit("a.py", "new");
  const Report start = reports.next("start");
  EXPECT_EQ(start["generation"], "'2'");
  EXPECT_EQ(start["changed"], "'a.py'");
  reports.next("ready");
  end(program);
  EXPECT_EQ(looks_at_everything(program), 1U) << program.said();
}

TEST_F(BrokenHandover, WithAnythingForTheWatchesIsALookAtEverything) {
  Program program(reloadrun({"-v"}, target()));
  reports.next("ready");
  hand_over_an_event_for_inotify(program.pid(), [this] { place.edit("a.py", "new"); });
  EXPECT_EQ(reports.next("start")["changed"], "'a.py'");
  reports.next("ready");
  place.edit("a.py", "newer");
  reports.next("ready");
  end(program);
  EXPECT_EQ(looks_at_everything(program), 2U) << program.said();
}

TEST_F(BrokenHandover, OfTheFirstChangeIsStillTheFirstChange) {
  Program program(reloadrun({"--postpone"}, target()));
  program.expect("waiting for the first change");
  ASSERT_TRUE(break_handover(program.pid(), Breakage::missing));
  place.edit("a.py", "new");
  reports.next("ready");
  end(program);
}

TEST_F(BrokenHandover, TimeAfterTimeLeavesNothingOpen) {
  Program program(reloadrun({"-v"}, target()));
  const auto open = [&] {
    const std::string quoted = reports.next("start")["generation"];
    reports.next("ready");
    // Said when the next reloader has been executed: nothing is open for that any more.
    program.expect("generation " + quoted.substr(1, quoted.size() - 2));
    const fs::path own = "/proc/" + std::to_string(program.pid()) + "/fd";
    return std::distance(fs::directory_iterator(own), fs::directory_iterator());
  };
  const auto before = open();
  int number = 0;
  for (const Breakage how : every_breakage) {
    ASSERT_TRUE(break_handover(program.pid(), how));
    place.edit("a.py", std::to_string(++number));
    reports.next("ready");
  }
  place.edit("a.py", "last");  // after a handover that is whole
  EXPECT_EQ(open(), before);
  end(program);
}

TEST_F(BrokenHandover, OfAReloaderThatHasStoppedNothingStartsNothingBesideIt) {
  Program program(reloadrun({"--stop-timeout", "100ms"}, target({"daemon", "ignore=15"})));
  const int daemon = reports.next("daemon").number("pid");
  reports.next("ready");
  ASSERT_TRUE(force_exit_3(reloader_below(program.pid())));
  const Report start = reports.next("start");
  EXPECT_FALSE(is_alive(daemon));
  EXPECT_EQ(start["generation"], "'2'");
  reports.next("ready");
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
