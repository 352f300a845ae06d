#include "core/restart_loop.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reloadrun::core {
namespace {

using namespace std::chrono_literals;
using Paths = std::vector<std::string>;

struct Row {
  Paths paths;
  Duration after_start;
  Duration delay;
  bool tell = false;
};

/// Bursts one after another, each with the history of those before.
RestartLoop expect_rows(RestartLoop loop, const std::vector<Row>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const LoopStep step = after_burst(loop, rows[i].paths, rows[i].after_start);
    EXPECT_EQ(step.delay.count(), rows[i].delay.count()) << "row " << i;
    EXPECT_EQ(step.tell, rows[i].tell) << "row " << i;
    loop = step.loop;
  }
  return loop;
}

const std::vector<Row> slowed_to_the_last{
    {{"gen.py"}, 20ms, 0s},        {{"gen.py"}, 20ms, 0s}, {{"gen.py"}, 20ms, 0s},
    {{"gen.py"}, 1s, 500ms, true}, {{"gen.py"}, 20ms, 1s}, {{"gen.py"}, 20ms, 2s},
    {{"gen.py"}, 20ms, 4s},        {{"gen.py"}, 20ms, 5s}, {{"gen.py"}, 20ms, 5s}};

TEST(RestartLoop, IsSlowedMoreAndMoreAndToldOnce) {
  const RestartLoop loop = expect_rows({}, slowed_to_the_last);
  EXPECT_EQ(loop, (RestartLoop{"gen.py", 9, {"gen.py"}}));
}

TEST(RestartLoop, StaysSlowedHoweverLongItLasts) {
  const RestartLoop loop = expect_rows({"gen.py", 1000000, {"gen.py"}},
                                       {{{"gen.py"}, 20ms, 5s}, {{"gen.py"}, 20ms, 5s}});
  EXPECT_EQ(loop.path, "gen.py");
}

TEST(RestartLoop, RecoversWithALateChangeAndIsNotToldAgain) {
  const RestartLoop slowed = expect_rows({}, slowed_to_the_last);
  const RestartLoop recovered = expect_rows(slowed, {{{"gen.py"}, 1001ms, 0s}});
  EXPECT_EQ(recovered, (RestartLoop{"", 0, {"gen.py"}}));
  expect_rows(recovered, {{{"gen.py"}, 20ms, 0s},
                          {{"gen.py"}, 20ms, 0s},
                          {{"gen.py"}, 20ms, 0s},
                          {{"gen.py"}, 20ms, 500ms, false}});
}

TEST(RestartLoop, IsForgottenWhenAnotherFileCausesARestart) {
  const RestartLoop slowed = expect_rows({}, slowed_to_the_last);
  const RestartLoop other = expect_rows(slowed, {{{"app.py"}, 20ms, 0s}});
  EXPECT_EQ(other, (RestartLoop{"app.py", 1, {"gen.py"}}));
  expect_rows(other, {{{"app.py"}, 0s, 0s}, {{"app.py"}, 0s, 0s}, {{"app.py"}, 0s, 500ms, true}});
}

TEST(RestartLoop, FilesThatComeWithItChangeNothing) {
  expect_rows({}, {{{"gen.py", "a"}, 20ms, 0s},
                   {{"b", "gen.py"}, 20ms, 0s},
                   {{"gen.py"}, 20ms, 0s},
                   {{"a", "b", "gen.py"}, 20ms, 500ms, true}});
}

TEST(RestartLoop, APersonIsNotSlowed) {
  // Saving by hand in a hurry, with a look at the result now and then.
  expect_rows({}, {{{"app.py"}, 600ms, 0s},
                   {{"app.py"}, 700ms, 0s},
                   {{"app.py"}, 3s, 0s},
                   {{"app.py"}, 600ms, 0s},
                   {{"app.py"}, 700ms, 0s},
                   {{"app.py"}, 400ms, 0s},
                   {{"view.py"}, 600ms, 0s},
                   {{"app.py"}, 600ms, 0s}});
  // An editor that saves a second after the last key, beside a target that starts at once: what is
  // asked for is over when the change comes.
  RestartLoop loop;
  for (int save = 0; save < restarts_of_a_loop; ++save) {
    const LoopStep step = after_burst(loop, {"app.py"}, 980ms);
    EXPECT_LT(step.delay, 980ms);
    loop = step.loop;
  }
}

TEST(RestartLoop, SomebodyElsesChangeEndsTheDelay) {
  const RestartLoop loop{"gen.py", 9, {"gen.py"}};
  EXPECT_TRUE(ends_delay(loop, {"app.py"}, 1001ms));
  EXPECT_TRUE(ends_delay(loop, {"gen.py", "app.py"}, 3s));
  EXPECT_FALSE(ends_delay(loop, {"gen.py"}, 3s));
  EXPECT_FALSE(ends_delay(loop, {"beside.py", "gen.py"}, 1s));
}

}  // namespace
}  // namespace reloadrun::core
