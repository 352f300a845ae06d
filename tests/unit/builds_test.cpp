// When to build, as tables: what comes in, what is to be done.

#include "core/builds.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace reloadrun::core {
namespace {

struct Word {
  std::string operator()(const StartBuild&) const { return "build"; }
  std::string operator()(const StopBuild&) const { return "stop"; }
  std::string operator()(const ForgetChanges&) const { return "forget"; }
  std::string operator()(const Built& built) const {
    return fmt::format("built:{}", fmt::join(built.paths, ","));
  }
  std::string operator()(const BuildFailed&) const { return "failed"; }
};

struct Step {
  BuildEvent event;
  std::string actions;
  bool takes_changes = true;  ///< afterwards
};

void expect_steps(const std::vector<Step>& steps) {
  Builds builds;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::vector<std::string> words;
    for (const auto& action : builds.on(steps[i].event))
      words.push_back(std::visit(Word{}, action));
    EXPECT_EQ(fmt::format("{}", fmt::join(words, " ")), steps[i].actions) << "step " << i;
    EXPECT_EQ(builds.takes_changes(), steps[i].takes_changes) << "step " << i;
  }
}

const BuildWanted asked;
const BuildWanted a{{"a"}};
const BuildWanted b{{"b", "a"}};
const BuildBegun begun;
const BuildEnded good{.good = true};
const BuildEnded bad{.good = false};

TEST(Builds, OneThatIsGood) {
  expect_steps({{asked, "build", false},
                {begun, ""},
                {good, "built:"},
                {a, "build", false},
                {begun, ""},
                {good, "built:a"},
                {b, "build", false},
                {begun, ""},
                {good, "built:a,b"}});
}

TEST(Builds, OneThatIsBadIsTriedAgainByTheNextChange) {
  expect_steps({{a, "build", false},
                {begun, ""},
                {bad, "failed"},
                {BuildWanted{{"c"}}, "build", false},
                {begun, ""},
                {good, "built:a,c"}});
}

TEST(Builds, OneThatCannotBeginHasFailed) {
  expect_steps({{a, "build", false}, {bad, "failed"}, {b, "build", false}});
}

TEST(Builds, AChangeStopsOneAndBeginsAgain) {
  expect_steps({{a, "build", false},
                {begun, ""},
                {b, "stop"},
                {BuildWanted{{"c"}}, ""},
                {bad, "build", false},  // what the stopped one comes to does not count
                {begun, ""},
                {good, "built:a,b,c"}});
}

TEST(Builds, AfterTwoStopsInARowTheNextOneFinishes) {
  const std::vector<Step> two_stops{{a, "build", false},    {begun, ""},        {a, "stop"},
                                    {bad, "build", false},  {begun, ""},        {a, "stop"},
                                    {good, "build", false}, {begun, "", false}, {begun, "", false}};
  auto steps = two_stops;
  steps.insert(steps.end(), {{good, "built:a"}, {a, "build", false}, {begun, ""}, {a, "stop"}});
  expect_steps(steps);
  steps = two_stops;
  steps.insert(steps.end(), {{bad, "failed"}, {a, "build", false}, {begun, ""}, {a, "stop"}});
  expect_steps(steps);
}

TEST(Builds, OneThatIsAskedForBeforeThisIsKnownToRunStopsIt) {
  expect_steps({{a, "build", false},
                {asked, "", false},
                {begun, "stop"},
                {bad, "build", false},
                {begun, ""},
                {good, "built:a"}});
}

TEST(Builds, OneThatIsAskedForWhenNoneMayBeStoppedFollows) {
  const BuildBegun blind{.writes_known = false};
  expect_steps({{a, "build", false},
                {asked, "", false},
                {blind, "", false},
                {good, "build", false},
                {blind, "", false},
                {good, "built:a"}});
}

TEST(Builds, WhereWritesAreNotKnownOneMoreFollowsAndNoneIsStopped) {
  const BuildBegun blind{.writes_known = false};
  const BuildEnded good_changed{.good = true, .changed_meanwhile = true};
  const BuildEnded bad_changed{.good = false, .changed_meanwhile = true};
  expect_steps({{a, "build", false}, {blind, "", false}, {b, "", false}, {good, "built:a"}});
  expect_steps({{a, "build", false},
                {blind, "", false},
                {good_changed, "build", false},
                {blind, "", false},
                {good_changed, "forget built:a"},
                {a, "build", false},
                {blind, "", false},
                {good_changed, "build", false},
                {blind, "", false},
                {good, "built:a"}});
  expect_steps({{a, "build", false},
                {blind, "", false},
                {bad_changed, "build", false},
                {blind, "", false},
                {bad_changed, "forget failed"}});
}

}  // namespace
}  // namespace reloadrun::core
