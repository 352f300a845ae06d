// COMMAND's own executable: a change of it counts when it is whole, and the old target goes on
// until then.

#include <filesystem>
#include <fstream>

#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class Executable : public EndToEnd {
 protected:
  /// A copy of the test target, run by its path.
  void start(const fs::path& at) {
    server = at;
    fs::copy_file(test_target_path(), server);
    auto words = target();
    words.front() = server;
    program.emplace(reloadrun({"-w", "."}, words));
    first = reports.next("start").number("pid");
    reports.next("ready");
  }
  /// Another copy, put in the server's place in one step.
  void replace(fs::perms permissions) const {
    fs::copy_file(test_target_path(), place.beside("rebuilt"));
    fs::permissions(place.beside("rebuilt"), permissions);
    fs::rename(place.beside("rebuilt"), server);
  }
  void expect_second_generation(const std::string& changed) {
    const auto second = reports.next("start");
    EXPECT_EQ(second["generation"], "'2'");
    EXPECT_EQ(second["changed"], "'" + changed + "'");
    reports.next("ready");
    end(*program);
  }

  fs::path server;
  std::optional<Program> program;
  int first = 0;
};

TEST_F(Executable, IsFollowedWhereverItIs) {
  start(place.beside("server"));
  replace(fs::perms::owner_all);
  expect_second_generation(server);
}

TEST_F(Executable, IsWaitedForUntilItMayBeExecuted) {
  start(place.beside("server"));
  replace(fs::perms::owner_read);  // as ld leaves it: the content first, the x bit last
  program->expect("may not be executed yet: waiting up to 30.0 s for it");
  EXPECT_TRUE(is_alive(first));
  fs::permissions(server, fs::perms::owner_all);
  expect_second_generation(server);
}

TEST_F(Executable, IsWaitedForWhileItIsWritten) {
  start(place.beside("server"));
  fs::copy_file(test_target_path(), place.beside("rebuilt"));
  {
    std::ofstream still_open(place.beside("rebuilt"), std::ios::app);
    fs::rename(place.beside("rebuilt"), server);
    program->expect("is still being written: waiting");
    EXPECT_TRUE(is_alive(first));
  }  // closing it changes neither time nor size
  expect_second_generation(server);
}

TEST_F(Executable, IsWaitedForWhileItIsEmpty) {
  start(place.beside("server"));
  std::ofstream(place.beside("empty")).close();
  fs::permissions(place.beside("empty"), fs::perms::owner_all);
  fs::rename(place.beside("empty"), server);
  program->expect("is no program yet: waiting");
  EXPECT_TRUE(is_alive(first));
  replace(fs::perms::owner_all);
  expect_second_generation(server);
}

TEST_F(Executable, IsWaitedForWhileItIsMissing) {
  start(place.beside("server"));
  fs::remove(server);
  program->expect("is not there: waiting");
  EXPECT_TRUE(is_alive(first));
  replace(fs::perms::owner_all);
  expect_second_generation(server);
}

TEST_F(Executable, OfPathGoesAwayAndComesBackWithAnotherChangeInBetween) {
  fs::create_directory(place.beside("bin"));
  const fs::path command = place.beside("bin") / "server-of-path";
  fs::copy_file(test_target_path(), command);
  auto words = target();
  words.front() = "server-of-path";
  auto invocation = reloadrun({}, words);
  invocation.environment = {"PATH=/nowhere:" + place.beside("bin").string() + ":/bin"};
  program.emplace(invocation);
  reports.next("ready");
  fs::rename(command, place.beside("away"));
  program->expect("server-of-path is not there: waiting");
  place.edit("app.py", "changed");
  fs::rename(place.beside("away"), command);  // the very same again: no change of its own
  expect_second_generation("app.py");
}

}  // namespace
}  // namespace reloadrun::test
