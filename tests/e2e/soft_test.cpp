// --soft: a signal in place of a restart, and when it is a restart all the same.

#include <signal.h>

#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

class Soft : public EndToEnd, public testing::WithParamInterface<const char*> {
 protected:
  [[nodiscard]] static Words soft(Words options) {
    options.insert(options.end(), {"--watcher", GetParam()});
    return options;
  }
  /// Waits for the next start, until COMMAND is ready and reloadrun knows that it runs: before
  /// that, any change restarts. Returns its pid.
  int pid_of_next(Program& program) {
    const int pid = reports.next("start").number("pid");
    reports.next("ready");
    program.expect("started");
    return pid;
  }
  /// What comes next is the restart for this edit alone, so nothing before it was one.
  void expect_only_the_fence(const std::string& generation) {
    place.edit("fence", generation);
    const auto start = reports.next("start");
    EXPECT_EQ(start["generation"], "'" + generation + "'");
    EXPECT_EQ(start["changed"], "'fence'");
    reports.next("ready");
  }
};

INSTANTIATE_TEST_SUITE_P(Watcher, Soft, testing::Values("auto", "stat"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(Soft, SignalsInPlaceOfARestart) {
  place.edit("de.mo", "old");
  Program program(reloadrun(soft({"--soft", "*.mo=HUP"}), target({"tell=1"})));
  for (const char* generation : {"2", "3"}) {
    const int pid = pid_of_next(program);
    for (const char* file : {"de.mo", "fr.mo", "de.mo"}) {
      place.edit(file, file + std::string(generation));
      const auto signal = reports.next("signal");
      EXPECT_EQ(signal.number("number"), SIGHUP);
      EXPECT_EQ(signal.number("pid"), pid);
      program.expect(std::string(file));
    }
    std::filesystem::remove(place.work() / "fr.mo");  // a change like any other
    EXPECT_EQ(reports.next("signal").number("pid"), pid);
    place.edit("fence", generation);
  }
  const auto start = reports.next("start");
  EXPECT_EQ(start["generation"], "'3'");
  EXPECT_EQ(start["changed"], "'fence'");
  EXPECT_NE(program.said().find("SIGHUP to "), std::string::npos);
  end(program);
}

TEST_P(Soft, AMixedChangeRestarts) {
  place.edit("de.mo", "old");
  place.edit("app.py", "old");
  Program program(reloadrun(soft({"--soft", "*.mo=HUP", "--settle", "1s"}), target({"tell=1"})));
  for (const auto& [first, second] : {std::pair{"de.mo", "app.py"}, {"app.py", "de.mo"}}) {
    reports.next("ready");
    place.edit(first, std::string("longer") + second);
    place.edit(second, std::string("longer") + second);
    EXPECT_EQ(reports.next("start")["changed"], "'app.py\nde.mo'");
  }
  EXPECT_FALSE(reports.has("signal"));
  end(program);
}

TEST_P(Soft, RestartsWhoDoesNotCatchIt) {
  for (const char* order : {"ignore=1", "tell=12"}) {
    place.edit("de.mo", order);
    Program program(reloadrun(soft({"--soft", "*.mo=HUP"}), target({order})));
    pid_of_next(program);
    place.edit("de.mo", std::string("longer than ") + order);
    const auto start = reports.next("start");
    EXPECT_EQ(start["generation"], "'2'");
    EXPECT_EQ(start["changed"], "'de.mo'");
    program.expect("does not catch SIGHUP");
    reports.next("ready");
    expect_only_the_fence("3");
    end(program);
  }
}

TEST_P(Soft, RestartsWhatDoesNotRun) {
  place.edit("de.mo", "old");
  Program program(reloadrun(soft({"--soft", "*.mo=HUP"}), target({"exit=0"})));
  program.expect("waiting for a change");
  reports.next("start");
  place.edit("de.mo", "longer");
  EXPECT_EQ(reports.next("start")["changed"], "'de.mo'");
  end(program);
}

TEST_P(Soft, SendsEachOfSeveralSignalsOnce) {
  std::filesystem::create_directory(place.work() / "conf");
  Program program(reloadrun(
      soft({"--settle", "1s", "--soft", "*.mo=USR1", "--soft", "conf/=HUP", "--soft", "!no.mo=1"}),
      target({"tell=1", "tell=10"})));
  pid_of_next(program);
  place.edit("a.mo", "new");
  place.edit("conf/a", "new");
  place.edit("b.mo", "new");
  program.expect("SIGUSR1 and SIGHUP to ");
  std::set<int> numbers;
  numbers.insert(reports.next("signal").number("number"));
  numbers.insert(reports.next("signal").number("number"));
  EXPECT_EQ(numbers, (std::set<int>{SIGHUP, SIGUSR1}));
  place.edit("no.mo", "new");  // taken out again, it is answered by a restart
  EXPECT_EQ(reports.next("start")["changed"], "'no.mo'");
  EXPECT_FALSE(reports.has("signal"));
  end(program);
}

TEST_P(Soft, ReachesCommandAlone) {
  place.edit("de.mo", "old");
  Program program(reloadrun(soft({"--soft", "*.mo=HUP"}), target({"tell=1", "child=tell=1"})));
  const int pid = pid_of_next(program);
  place.edit("de.mo", "longer");
  EXPECT_EQ(reports.next("signal").number("pid"), pid);
  expect_only_the_fence("2");
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
