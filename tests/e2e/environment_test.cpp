// --env-file: variables for the target, read again at every start. And --files-from -, after which
// the target's stdin is empty.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

class Environment : public EndToEnd {
 protected:
  Environment() { place.edit("app.py", "one"); }

  /// Beside the watched directory; it is watched by its name.
  void write(const std::string& content) const { std::ofstream(env) << content; }

  Invocation with_env_file(Words options = {}) const {
    options.insert(options.end(), {"-w", "app.py", "--env-file", env});
    return reloadrun(options, target());
  }

  Report next_start() {
    Report start = reports.next("start");
    reports.next("ready");
    return start;
  }

  Report restarted(const Program& program) {
    program.signal(SIGUSR1);
    return next_start();
  }

  const std::string env = place.beside("env").string();
};

TEST_F(Environment, TheFileWinsOverTheEnvironment) {
  write("GIVEN='by the file'\n");
  auto invocation = with_env_file();
  invocation.environment = {"GIVEN=by the environment"};
  Program program(invocation);
  const auto start = next_start();
  EXPECT_EQ(start["given"], "'by the file'");
  const std::string names = " " + start["environment"];
  EXPECT_EQ(names.find(" GIVEN "), names.rfind(" GIVEN ")) << names;
  EXPECT_EQ(restarted(program)["given"], "'by the file'");
  end(program);
}

TEST_F(Environment, ALaterFileWinsOverAnEarlier) {
  write("GIVEN=earlier\nALSO=1\n");
  place.edit("later.env", "GIVEN=later\n");
  auto invocation = reloadrun({"--env-file", env, "--env-file", "later.env"}, target());
  Program program(invocation);
  const auto start = next_start();
  EXPECT_EQ(start["given"], "'later'");
  EXPECT_NE(start["environment"].find("ALSO "), std::string::npos);
  end(program);
}

TEST_F(Environment, AnEditCountsFromTheNextStart) {
  write("GIVEN=1\n");
  Program program(with_env_file());
  EXPECT_EQ(next_start()["given"], "'1'");
  write("GIVEN=2\n");
  EXPECT_EQ(next_start()["given"], "'2'");
  write("OTHER=3\n");
  EXPECT_EQ(next_start()["given"], "unset");
  end(program);
}

TEST_F(Environment, AnEditCountsWhenTheSameReloaderStartsAgain) {
  write("GIVEN=1\n");
  Program program(reloadrun({"-w", "app.py", "--env-file", env}, target({"exit=0"})));
  EXPECT_EQ(reports.next("start")["given"], "'1'");
  program.expect("waiting for a change");
  write("GIVEN=2\n");
  EXPECT_EQ(reports.next("start")["given"], "'2'");
  program.expect("waiting for a change");
  end(program);
}

TEST_F(Environment, TheLastGoodValuesOutliveAMistake) {
  write("GIVEN=good\n");
  Program program(with_env_file());
  EXPECT_EQ(next_start()["given"], "'good'");
  write("GIVEN=bad\nsecret\n");
  const std::string stay = "; the last good values stay";
  const std::string wrong = env + ":2: there is no '=': write NAME=VALUE" + stay;
  EXPECT_EQ(next_start()["given"], "'good'");
  EXPECT_EQ(program.expect(env + ":2"), "[reloadrun] " + wrong);
  EXPECT_EQ(restarted(program)["given"], "'good'");  // in another reloader
  std::filesystem::remove(env);
  EXPECT_EQ(next_start()["given"], "'good'");
  EXPECT_EQ(program.expect("--env-file"), "[reloadrun] --env-file '" + env +
                                              "' cannot be read (No such file or directory): name "
                                              "a file that can be read" +
                                              stay);
  write("GIVEN=mended\n");
  EXPECT_EQ(next_start()["given"], "'mended'");
  end(program);
  EXPECT_EQ(program.said().find(wrong), program.said().rfind(wrong));
}

TEST_F(Environment, ReadAgainWhenTheFirstStartHasWaited) {
  write("GIVEN=1\n");
  Program program(with_env_file({"--postpone"}));
  program.expect("waiting for the first change");
  write("GIVEN=2\n");
  EXPECT_EQ(next_start()["given"], "'2'");
  end(program);
}

TEST_F(Environment, TheLargestSurvivesAReload) {
  write("GIVEN=" + std::string(130000, 'x') + "\n");
  const Words command{"sh", "-c", "[ ${#GIVEN} = 130000 ] && exec \"$@\"", "sh"};
  Words words = command;
  // The target's own report would be too long.
  for (const auto& word : Words{"env", "-u", "GIVEN"}) words.push_back(word);
  for (const auto& word : target()) words.push_back(word);
  Program program(reloadrun({"-w", "app.py", "--env-file", env}, words));
  EXPECT_EQ(next_start()["generation"], "'1'");
  write("wrong\n");
  EXPECT_EQ(next_start()["generation"], "'2'");
  end(program);
}

TEST_F(Environment, ReservedNamesEndReloadrunAtFirst) {
  write("GIVEN=1\nRUN_MAIN=true\n");
  Program program(with_env_file());
  EXPECT_EQ(program.wait(), (Ending{false, 2}));
  EXPECT_EQ(program.said(),
            "reloadrun: " + env + ":2: RUN_MAIN is for reloadrun to set: take the line out\n");
  EXPECT_FALSE(reports.has("start"));
}

TEST_F(Environment, ReservedNamesAreRefusedLater) {
  write("GIVEN=1\n");
  Program program(with_env_file());
  next_start();
  write("GIVEN=2\nRUN_MAIN=true\n");
  const auto start = next_start();
  EXPECT_EQ(start["given"], "'1'");
  EXPECT_EQ(start["run_main"], "unset");
  program.expect(env + ":2: RUN_MAIN is for reloadrun to set");
  end(program);
}

TEST_F(Environment, AListOnStdinLeavesTheTargetAnEmptyOne) {
  const std::string count = place.beside("count").string();
  Words command{"sh", "-c", "wc -c > \"$0\" && exec \"$@\"", count};
  for (const auto& word : target()) command.push_back(word);
  auto invocation = reloadrun({"--files-from", "-"}, command);
  Pipe pipe = make_pipe();
  invocation.prepare = [&] { ::dup2(pipe.reading.get(), STDIN_FILENO); };
  Program program(invocation);
  const std::string list = "app.py\nnowhere";
  ASSERT_EQ(::write(pipe.writing.get(), list.data(), list.size()),
            static_cast<ssize_t>(list.size()));
  EXPECT_FALSE(reports.has("start"));  // the list may go on
  pipe.writing = Fd();
  for (int generation = 1; generation <= 2; ++generation) {
    if (generation == 2) program.signal(SIGUSR1);
    const auto start = next_start();
    EXPECT_EQ(start["generation"], "'" + std::to_string(generation) + "'");
    EXPECT_EQ(start["descriptors"].substr(0, 2), "0,");
    EXPECT_EQ(content_of(count), "0\n");
    std::filesystem::remove(count);
  }
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
