// Trees of every shape that shells make. Each process of a tree keeps one lock, as a server keeps
// its port, and the next tree does not wait for it: so the old one was gone when the new one began.

#include <algorithm>
#include <ostream>
#include <set>
#include <string>

#include "helpers/deadline.hpp"
#include "helpers/fixture.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

struct Shape {
  const char* name;
  std::size_t sleepers;
  const char* script;
};

void PrintTo(const Shape& shape, std::ostream* stream) { *stream << shape.name; }

class Descent : public EndToEnd {
 protected:
  /// The pids of the tree's `sleep`, once all are there.
  static std::set<pid_t> all_sleepers(std::size_t count) {
    std::set<pid_t> pids;
    eventually("a whole tree", [&] {
      pids.clear();
      for (const auto& process : proc::descendants()) {
        if (process.name == "sleep") pids.insert(process.pid);
      }
      return pids.size() == count;
    });
    return pids;
  }
  /// A script that says "up" when it has the lock, and otherwise does nothing else.
  [[nodiscard]] static Words locked(const std::string& script) {
    return {
        "bash", "-c",
        "exec 9>../lock; flock --nonblock 9 || { echo held >&2; exit 1; }; echo up >&2\n" + script};
  }
};

class Trees : public Descent, public testing::WithParamInterface<Shape> {};

TEST_P(Trees, AreGoneBeforeTheNextBegins) {
  const auto& shape = GetParam();
  Program program(reloadrun({"--stop-timeout", "200ms"}, locked(shape.script)));
  program.expect("up");
  auto before = all_sleepers(shape.sleepers);
  for (int generation = 2; generation <= 4; ++generation) {
    place.edit("app.py", std::to_string(generation));
    program.expect("restarted in");
    const auto now = all_sleepers(shape.sleepers);
    for (const pid_t pid : before) EXPECT_FALSE(now.contains(pid));
    before = now;
  }
  end(program);
  EXPECT_EQ(program.said().find("held"), std::string::npos) << program.said();
}

INSTANTIATE_TEST_SUITE_P(
    Descent, Trees,
    testing::Values(
        Shape{"Pipeline", 3, "sleep 1000 | sleep 1000 | sleep 1000"},
        Shape{"BackgroundJobs", 3, "sleep 1000 & (sleep 1000; true) & sleep 1000 & wait"},
        Shape{"JobsInGroupsOfTheirOwn", 3, "set -m; sleep 1000 & sleep 1000 | sleep 1000 & wait"},
        Shape{"NestedShells", 2,
              "sh -c 'sh -c \"sleep 1000; true\"; true' & sh -c 'sleep 1000; true'"},
        Shape{"DaemonsForkedTwice", 3,
              "(setsid sh -c 'sleep 1000 & sleep 1000 &' &); exec sleep 1000"},
        Shape{"ADaemonInADaemon", 2,
              "(setsid sh -c '(setsid sleep 1000 &); sleep 1000; true' &); wait"
              "; while :; do read -t 1000 <> ../reports; done"},
        Shape{"DeafToEverythingPolite", 3,
              "trap '' TERM HUP INT; sleep 1000 & nohup setsid sleep 1000 & sleep 1000"},
        Shape{"ReplacedWhenItIsAskedToEnd", 1, "trap '' TERM; while :; do sleep 1000; done"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(Descent, OrphansThatEndAreReapedWhileTheTargetRuns) {
  Program program(reloadrun({}, {"sh", "-c",
                                 "for i in 1 2 3 4 5; do (sleep 0.01 & sleep 0.02 &); done; "
                                 "echo up >&2; exec sleep 1000"}));
  program.expect("up");
  const pid_t reloader = reloader_below(program.pid());
  eventually("that the target is alone", [&] { return proc::children_of(reloader).size() == 1; });
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
