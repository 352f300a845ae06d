// Policy as tables: what comes in, what is to be done.

#include "core/policy.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace reloadrun::core {
namespace {

using namespace std::chrono_literals;
using Config = Policy::Config;

std::string milliseconds(std::chrono::nanoseconds duration) {
  return fmt::format("{}ms",
                     std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

/// An action in a word, to be read in a table.
struct Word {
  std::string operator()(const Start&) const { return "start"; }
  std::string operator()(const StopTree& stop) const {
    return stop.group_was_told ? "stop:told" : "stop";
  }
  std::string operator()(const Signal& signal) const {
    return fmt::format("signal:{}", fmt::join(signal.signals, ","));
  }
  std::string operator()(const KillTree&) const { return "kill"; }
  std::string operator()(const Arm& arm) const { return "arm:" + milliseconds(arm.delay); }
  std::string operator()(const Disarm&) const { return "disarm"; }
  std::string operator()(const Reload& reload) const {
    return fmt::format("reload:{}", fmt::join(reload.changed, ","));
  }
  std::string operator()(const EndStopped&) const { return "end"; }
  std::string operator()(const EndLike& end) const {
    return fmt::format("end:{}{}", end.ending.by_signal ? "signal " : "", end.ending.value);
  }
  std::string operator()(const FailToStart&) const { return "fail"; }
  std::string operator()(const Tell& tell) const {
    static const std::vector<std::string> topics{
        "postponed", "waiting", "starting_again", "busy", "slow", "cannot_end", "left_behind"};
    return "tell:" + topics.at(static_cast<std::size_t>(tell.topic));
  }
};

struct Step {
  Event event;
  std::string actions;
};

void expect_steps(Policy policy, const std::vector<Step>& steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::vector<std::string> words;
    for (const auto& action : policy.on(steps[i].event))
      words.push_back(std::visit(Word{}, action));
    EXPECT_EQ(fmt::format("{}", fmt::join(words, " ")), steps[i].actions) << "step " << i;
  }
}

const Ending failed{false, 1, false};
const Changed app_changed{{"app.py"}};

TEST(Policy, AChangeStopsTheTreeThenReloads) {
  expect_steps(Policy({}), {{Begin{}, "start"},
                            {Started{}, ""},
                            {app_changed, "stop arm:1000ms"},
                            {TargetEnded{failed}, ""},
                            {TreeGone{}, "disarm reload:app.py"},
                            {app_changed, ""}});
}

TEST(Policy, ChangesDuringTheStopAreGatheredEachOnce) {
  expect_steps(Policy({}), {{Begin{}, "start"},
                            {Started{}, ""},
                            {app_changed, "stop arm:1000ms"},
                            {Changed{{"b", "app.py", "c"}}, ""},
                            {TreeGone{}, "disarm reload:app.py,b,c"}});
}

TEST(Policy, AChangeDuringAStartStopsWhatIsStarted) {
  expect_steps(Policy({}), {{Begin{}, "start"},
                            {app_changed, "stop arm:1000ms"},
                            {Started{}, ""},
                            {TreeGone{}, "disarm reload:app.py"}});
}

TEST(Policy, PatienceEndsInKill) {
  expect_steps(Policy({.stop_timeout = 5s}), {{Begin{}, "start"},
                                              {Started{}, ""},
                                              {app_changed, "stop arm:1000ms"},
                                              {TimeUp{}, "tell:slow arm:4000ms"},
                                              {TimeUp{}, "kill arm:1000ms"},
                                              {TreeGone{}, "disarm reload:app.py"}});
  expect_steps(Policy({.stop_timeout = 200ms}), {{Begin{}, "start"},
                                                 {Started{}, ""},
                                                 {app_changed, "stop arm:200ms"},
                                                 {TimeUp{}, "kill arm:1000ms"}});
  expect_steps(Policy({.stop_timeout = 0s}), {{Begin{}, "start"},
                                              {Started{}, ""},
                                              {app_changed, "stop arm:0ms"},
                                              {TimeUp{}, "kill arm:1000ms"}});
}

TEST(Policy, NothingIsStartedOverWhatCannotBeEnded) {
  expect_steps(Policy({.stop_timeout = 0s}), {{Begin{}, "start"},
                                              {Started{}, ""},
                                              {app_changed, "stop arm:0ms"},
                                              {TimeUp{}, "kill arm:1000ms"},
                                              {TimeUp{}, "tell:cannot_end"},
                                              {TimeUp{}, ""},
                                              {app_changed, ""},
                                              {TreeGone{}, "disarm reload:app.py"}});
}

TEST(Policy, WhatCannotBeEndedKeepsNobodyAtTheEnd) {
  const std::vector<Step> until_given_up{{Begin{}, "start"},
                                         {Started{}, ""},
                                         {StopAsked{}, "stop arm:0ms"},
                                         {TimeUp{}, "kill arm:1000ms"},
                                         {TimeUp{}, "tell:left_behind end"}};
  expect_steps(Policy({.stop_timeout = 0s}), until_given_up);
  expect_steps(Policy({.stop_timeout = 0s}), {{Begin{}, "start"},
                                              {Started{}, ""},
                                              {app_changed, "stop arm:0ms"},
                                              {TimeUp{}, "kill arm:1000ms"},
                                              {TimeUp{}, "tell:cannot_end"},
                                              {StopAsked{}, "end"}});
}

TEST(Policy, TheUsersStopComesBeforeEverything) {
  expect_steps(Policy({}),
               {{StopAsked{}, "stop arm:1000ms"}, {Begin{}, ""}, {TreeGone{}, "disarm end"}});
  expect_steps(Policy({}), {{Begin{}, "start"},
                            {Started{}, ""},
                            {StopAsked{true}, "stop:told arm:1000ms"},
                            {app_changed, ""},
                            {TreeGone{}, "disarm end"}});
  expect_steps(Policy({}), {{Begin{}, "start"},
                            {Started{}, ""},
                            {app_changed, "stop arm:1000ms"},
                            {StopAsked{}, ""},
                            {TreeGone{}, "disarm end"}});
  expect_steps(Policy({.on_exit = OnExit::exit}), {{Begin{}, "start"},
                                                   {Started{}, ""},
                                                   {TargetEnded{failed}, "stop arm:1000ms"},
                                                   {StopAsked{}, ""},
                                                   {TreeGone{}, "disarm end"}});
}

TEST(Policy, ASecondOneKills) {
  expect_steps(Policy({}), {{Begin{}, "start"},
                            {Started{}, ""},
                            {StopAsked{}, "stop arm:1000ms"},
                            {KillAsked{}, "kill arm:1000ms"},
                            {KillAsked{}, "kill"},  // again and again: the timer stays
                            {TreeGone{}, "disarm end"}});
  expect_steps(Policy({}), {{Begin{}, "start"},
                            {Started{}, ""},
                            {KillAsked{}, "stop arm:1000ms kill arm:1000ms"},
                            {TimeUp{}, "tell:left_behind end"}});
}

TEST(Policy, ASignalInPlaceOfARestart) {
  const Changed softly{{"de.mo"}, {1, 10}};
  expect_steps(Policy({}), {{Begin{}, "start"},
                            {Started{}, ""},
                            {softly, "signal:1,10"},
                            {softly, "signal:1,10"},
                            {app_changed, "stop arm:1000ms"},
                            {softly, ""},
                            {TreeGone{}, "disarm reload:app.py,de.mo"}});
  expect_steps(Policy({}), {{Begin{}, "start"},
                            {Started{}, ""},
                            {softly, "signal:1,10"},
                            {SignalRefused{}, "stop arm:1000ms"},
                            {TreeGone{}, "disarm reload:de.mo"}});
}

TEST(Policy, WhatDoesNotRunIsNotSignalled) {
  const Changed softly{{"de.mo"}, {1}};
  expect_steps(Policy({}), {{Begin{}, "start"}, {softly, "stop arm:1000ms"}});
  expect_steps(Policy({}), {{Begin{}, "start"},
                            {Started{}, ""},
                            {TargetEnded{failed}, "tell:waiting"},
                            {softly, "stop arm:1000ms"},
                            {TreeGone{}, "disarm reload:de.mo"}});
  expect_steps(Policy({.postpone = true}),
               {{Begin{}, "tell:postponed"}, {softly, "stop arm:1000ms"}});
}

TEST(Policy, ATargetThatEndsByItself) {
  expect_steps(Policy({.on_exit = OnExit::wait}), {{Begin{}, "start"},
                                                   {Started{}, ""},
                                                   {TargetEnded{failed}, "tell:waiting"},
                                                   {TreeGone{}, ""},
                                                   {app_changed, "stop arm:1000ms"},
                                                   {TreeGone{}, "disarm reload:app.py"}});
  expect_steps(Policy({.on_exit = OnExit::exit}), {{Begin{}, "start"},
                                                   {Started{}, ""},
                                                   {TargetEnded{failed}, "stop arm:1000ms"},
                                                   {TreeGone{}, "disarm end:1"}});
  expect_steps(Policy({.on_exit = OnExit::exit}),
               {{Begin{}, "start"},
                {Started{}, ""},
                {TargetEnded{Ending{true, 11, true}}, "stop arm:1000ms"},
                {TreeGone{}, "disarm end:signal 11"}});
}

TEST(Policy, RestartingOnExitBacksOff) {
  expect_steps(Policy({.on_exit = OnExit::restart}),
               {{Begin{}, "start"},
                {Started{}, ""},
                {TargetEnded{failed, 10ms}, "stop arm:1000ms"},
                {TreeGone{}, "disarm start"},
                {Started{}, ""},
                {TargetEnded{failed, 10ms}, "stop arm:1000ms"},
                {TreeGone{}, "disarm tell:starting_again arm:100ms"},
                {TimeUp{}, "start"},
                {Started{}, ""},
                {TargetEnded{failed, 6s}, "stop arm:1000ms"},
                {TreeGone{}, "disarm start"}});
}

TEST(Policy, AChangeInterruptsTheBackOff) {
  expect_steps(Policy({.on_exit = OnExit::restart}), {{Begin{}, "start"},
                                                      {Started{}, ""},
                                                      {TargetEnded{failed}, "stop arm:1000ms"},
                                                      {app_changed, ""},
                                                      {TreeGone{}, "disarm reload:app.py"}});
  expect_steps(Policy({.on_exit = OnExit::restart}),
               {{Begin{}, "start"},
                {Started{}, ""},
                {TargetEnded{failed}, "stop arm:1000ms"},
                {TreeGone{}, "disarm start"},
                {Started{}, ""},
                {TargetEnded{failed}, "stop arm:1000ms"},
                {TreeGone{}, "disarm tell:starting_again arm:100ms"},
                {app_changed, "stop arm:1000ms"},
                {TreeGone{}, "disarm reload:app.py"}});
}

TEST(Policy, AFailedStart) {
  expect_steps(Policy({.first_start = true}), {{Begin{}, "start"}, {StartFailed{}, "fail"}});
  expect_steps(Policy({.first_start = false}), {{Begin{}, "start"},
                                                {StartFailed{}, "tell:waiting"},
                                                {RestartAsked{}, "stop arm:1000ms"},
                                                {TreeGone{}, "disarm reload:"}});
  expect_steps(Policy({.on_exit = OnExit::restart, .first_start = true}),
               {{Begin{}, "start"},
                {Started{}, ""},
                {TargetEnded{failed}, "stop arm:1000ms"},
                {TreeGone{}, "disarm start"},
                {StartFailed{}, "tell:waiting"}});  // no longer the first
}

TEST(Policy, ABusyFileIsWaitedForWithABound) {
  std::vector<Step> steps{
      {Begin{}, "start"}, {StartFailed{true}, "arm:100ms tell:busy"}, {TimeUp{}, "start"}};
  for (int tries = 2; tries <= Policy::busy_tries; ++tries) {
    steps.push_back({StartFailed{true}, "arm:100ms"});
    steps.push_back({TimeUp{}, "start"});
  }
  steps.push_back({StartFailed{true}, "fail"});
  expect_steps(Policy({.first_start = true}), steps);
  expect_steps(Policy({}), {{Begin{}, "start"},
                            {StartFailed{true}, "arm:100ms tell:busy"},
                            {app_changed, "stop arm:1000ms"},
                            {TreeGone{}, "disarm reload:app.py"}});
}

TEST(Policy, Postponed) {
  expect_steps(Policy({.postpone = true}), {{Begin{}, "tell:postponed"},
                                            {app_changed, "stop arm:1000ms"},
                                            {TreeGone{}, "disarm reload:app.py"}});
  expect_steps(Policy({.postpone = true}), {{Begin{}, "tell:postponed"},
                                            {RestartAsked{}, "stop arm:1000ms"},
                                            {TreeGone{}, "disarm reload:"}});
  expect_steps(
      Policy({.postpone = true}),
      {{Begin{}, "tell:postponed"}, {StopAsked{}, "stop arm:1000ms"}, {TreeGone{}, "disarm end"}});
}

TEST(Policy, ARestartThatIsAskedForBeforeTheStartIsAnsweredByIt) {
  expect_steps(Policy({}), {{RestartAsked{}, ""}, {Begin{}, "start"}});
  expect_steps(Policy({.postpone = true}), {{RestartAsked{}, ""}, {Begin{}, "start"}});
}

}  // namespace
}  // namespace reloadrun::core
