// reloadrun.toml: what it gives, what is wrong with it, and what an edit of it does.

#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <random>
#include <thread>

#include "fmt/format.h"
#include "helpers/fixture.hpp"
#include "helpers/http.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

// What is wrong from the start
// ---------------------------------------------------------------------

struct BadConfig {
  const char* name;
  const char* text;
  const char* line;
};

void PrintTo(const BadConfig& config, std::ostream* stream) { *stream << config.name; }

class BadConfigs : public EndToEnd, public testing::WithParamInterface<BadConfig> {};

TEST_P(BadConfigs, EndWithStatus2AndOneLine) {
  place.edit("reloadrun.toml", GetParam().text);
  Program program({.arguments = {reloadrun_path(), "touch", "started"}, .directory = place.work()});
  EXPECT_EQ(program.wait(), (Ending{false, 2}));
  EXPECT_EQ(program.said(), std::string("reloadrun: reloadrun.toml:") + GetParam().line + "\n");
  EXPECT_EQ(program.printed(), "");
  EXPECT_FALSE(fs::exists(place.work() / "started"));
}

INSTANTIATE_TEST_SUITE_P(
    Config, BadConfigs,
    testing::Values(
        BadConfig{"UnknownKey", "\nwach = \"src\"\n",
                  "2: unknown key 'wach': did you mean 'watch'?"},
        BadConfig{"UnknownTable", "[watch]\npath = 1\n",
                  "1: watch is a table, and no option is one: write the options' long names "
                  "without tables, as in keep-ports = true"},
        BadConfig{"DottedKey", "settle.time = 1\n",
                  "1: settle is a table, and no option is one: write the options' long names "
                  "without tables, as in keep-ports = true"},
        BadConfig{"Nonsense", "nonsense = 1\n",
                  "1: unknown key 'nonsense': run 'reloadrun --help' for the options"},
        BadConfig{"Question", "list = true\n",
                  "1: list is for the command line alone: take it out of the file"},
        BadConfig{"AnotherFile", "config = \"a\"\n",
                  "1: config is for the command line alone: take it out of the file"},
        BadConfig{"FlagWithAText", "clear = \"yes\"\n",
                  "1: clear takes no value but true or false: write clear = true"},
        BadConfig{"TextWithATruth", "build = true\n",
                  "1: build takes a text or a number: write build = \"...\""},
        BadConfig{"ArrayForOne", "settle = [1, 2]\n",
                  "1: settle takes one value, not an array: write settle = \"...\""},
        BadConfig{"BadDuration", "# times\ninterval = \"soon\"\n",
                  "2: interval 'soon' is not a duration: write it like 500ms, 1s, 1.5s or 2m"},
        BadConfig{"BadWord", "on-exit = \"panic\"\n",
                  "1: on-exit 'panic' is unknown: give one of wait, exit, restart"},
        BadConfig{"EmptyValueOfSeveral", "watch = [\n  \"src\",\n  \"\",\n]\n",
                  "3: watch is empty: give a file or a directory ('.' for this one)"},
        BadConfig{"MissingPath", "quiet = true\nwatch = \"nowhere\"\n",
                  "2: watch 'nowhere' cannot be watched (No such file or directory): name an "
                  "existing file or directory"},
        BadConfig{"MissingPathOfSeveral", "watch = [\n  \".\",\n  \"nowhere\",\n]\n",
                  "3: watch 'nowhere' cannot be watched (No such file or directory): name an "
                  "existing file or directory"},
        BadConfig{"QuietAndVerbose", "verbose = true\nclear = true\nquiet = true\n",
                  "3: quiet and verbose contradict each other: give one of them"},
        BadConfig{"BadAddress", "listen = \"here\"\n",
                  "1: listen 'here' is no address: write it like 8080, 127.0.0.1:8080, "
                  "[::1]:8080, [::]:8080 or unix:/path"},
        BadConfig{"BrokenPattern", "ignore = [\"[a\"]\n",
                  "1: ignore '[a' is a broken pattern (class without end): write it as in a "
                  ".gitignore, '\\' before a character that is meant literally"},
        BadConfig{"NulCharacter", "build = \"a\\u0000b\"\n",
                  "1: build has a NUL character: leave it out"},
        BadConfig{"Date", "build = 2026-01-01\n",
                  "1: build has a value that no option takes: give a text, a number, true or "
                  "false, or an array of texts"}),
    [](const auto& test) { return std::string(test.param.name); });

class Config : public EndToEnd {
 protected:
  Config() { place.edit("app.py", "one"); }

  Program run(const Words& options, const Words& orders = {}) {
    return Program(reloadrun(options, target(orders)));
  }
  Ending ending_of(const Words& options) {
    Words arguments{reloadrun_path()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    Program program({.arguments = arguments, .directory = place.work()});
    const Ending ending = program.wait();
    said = program.said();
    printed = program.printed();
    return ending;
  }
  void configure(const std::string& text) const { place.edit("reloadrun.toml", text); }
  Report next_start() {
    Report start = reports.next("start");
    reports.next("ready");
    return start;
  }

  /// Of a target that tells of TERM, and then ends when it is let.
  void let_stop(const Program& program) {
    reports.next("signal");
    program.signal(SIGUSR2);
  }
  const Words ends_when_let{"tell=15", "end-by=12"};

  std::string said;
  std::string printed;
};

TEST_F(Config, ThatIsNoTomlIsNamedWithItsLine) {
  configure("watch = \"src\"\nwatch\n");
  EXPECT_EQ(ending_of({"true"}), (Ending{false, 2}));
  EXPECT_EQ(said.find("reloadrun: reloadrun.toml:2: "), 0U) << said;
  EXPECT_EQ(said.find('\n'), said.size() - 1) << said;
}

TEST_F(Config, GivesDefaultsAndTheCommandLineWins) {
  place.edit("b.txt", "");
  configure("ext = \"py\"\n");
  EXPECT_EQ(ending_of({"--list"}), Ending{});
  EXPECT_EQ(printed, "app.py\nreloadrun.toml\n");
  EXPECT_EQ(ending_of({"--list", "--ext", "txt"}), Ending{});
  EXPECT_EQ(printed, "b.txt\nreloadrun.toml\n");
  EXPECT_EQ(ending_of({"--list", "--no-config", "-e", "py,txt"}), Ending{});
  EXPECT_EQ(printed, "app.py\nb.txt\n");
}

TEST_F(Config, MayLieElsewhere) {
  configure("nonsense\n");
  std::ofstream(place.beside("other.toml")) << "ext = \"py\"\n";
  EXPECT_EQ(ending_of({"--config", "../other.toml", "--list"}), Ending{});
  EXPECT_EQ(printed, "../other.toml\napp.py\n");
  EXPECT_EQ(ending_of({"--config", "nowhere", "true"}), (Ending{false, 2}));
  EXPECT_EQ(said,
            "reloadrun: --config 'nowhere' cannot be read (No such file or directory): name a "
            "file that can be read\n");
  EXPECT_EQ(ending_of({"--config", "a", "--no-config", "true"}), (Ending{false, 2}));
  EXPECT_EQ(said, "reloadrun: --config and --no-config contradict each other: give one of them\n");
}

TEST_F(Config, ThatIsNoFileOfItsKindMayBeDoneWithout) {
  fs::create_directory(place.work() / "reloadrun.toml");
  EXPECT_EQ(ending_of({"true"}), (Ending{false, 2}));
  EXPECT_EQ(said,
            "reloadrun: the file 'reloadrun.toml' is no regular file: name a regular file, or none "
            "with --no-config\n");
  EXPECT_EQ(ending_of({"--no-config", "--list"}), Ending{});
  std::ofstream(place.beside("large")) << std::string(16385, '\n');
  EXPECT_EQ(ending_of({"--config", "../large", "true"}), (Ending{false, 2}));
  EXPECT_EQ(said,
            "reloadrun: --config '../large' is larger than 16 KiB: name the right file, or a "
            "shorter one\n");
}

TEST_F(Config, IsExplained) {
  configure("");
  EXPECT_EQ(ending_of({"-w", "app.py", "--explain", "reloadrun.toml"}), Ending{});
  EXPECT_EQ(printed,
            "reloadrun.toml is watched: reloadrun itself reads it (--env-file, --config)\n");
}

// An edit
// ------------------------------------------------------------------------------------------

TEST_F(Config, AnEditCountsFromTheNextStart) {
  configure("stop-signal = \"INT\"\nstop-timeout = \"100ms\"\n");
  auto program = run({}, {"tell=2", "tell=1", "end-by=15"});
  next_start();
  configure("stop-signal = \"HUP\"\nstop-timeout = \"200ms\"\n");
  EXPECT_EQ(reports.next("signal")["number"], "2");  // of the options that it was started with
  program.expect("killing");
  next_start();
  program.signal(SIGTERM);
  EXPECT_EQ(reports.next("signal")["number"], "1");
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Config, MayComeAndGo) {
  auto program = run({"-w", "app.py"});
  next_start();
  std::ofstream(place.beside("env")) << "GIVEN=1\n";
  configure("env-file = \"../env\"\n");
  const auto second = next_start();
  EXPECT_EQ(second["given"], "'1'");
  EXPECT_EQ(second["changed"], "'reloadrun.toml'");
  fs::remove(place.work() / "reloadrun.toml");
  EXPECT_EQ(next_start()["given"], "unset");
  end(program);
}

TEST_F(Config, OneGoneWrongLeavesTheLastGoodSettings) {
  std::ofstream(place.beside("env")) << "GIVEN=1\n";
  configure("env-file = \"../env\"\n");
  auto program = run({"-w", "app.py"});
  EXPECT_EQ(next_start()["given"], "'1'");
  configure("envfile = \"../env\"\n");
  program.expect(
      "reloadrun.toml:1: unknown key 'envfile': did you mean 'env-file'?; the last good settings "
      "stay");
  EXPECT_EQ(next_start()["given"], "'1'");
  place.edit("app.py", "two");  // not told again, and still in force
  EXPECT_EQ(next_start()["given"], "'1'");
  configure("quiet = false\n");
  EXPECT_EQ(next_start()["given"], "unset");
  end(program);
  const auto first = program.said().find("unknown key");
  EXPECT_EQ(program.said().find("unknown key", first + 1), std::string::npos);
}

TEST_F(Config, AnEditDuringAStopCounts) {
  std::ofstream(place.beside("env1")) << "GIVEN=1\n";
  std::ofstream(place.beside("env2")) << "GIVEN=2\n";
  auto program = run({}, ends_when_let);
  next_start();
  configure("env-file = \"../env1\"\n");
  reports.next("signal");
  configure("env-file = \"../env2\"\n");
  program.signal(SIGUSR2);
  while (next_start()["given"] != "'2'") {
    let_stop(program);
  }
  program.signal(SIGTERM);
  let_stop(program);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Config, WhatItNamesMayComeLater) {
  auto program = run({});
  next_start();
  configure("watch = [\".\", \"../later\"]\n");
  program.expect("reloadrun.toml:1: watch '../later' cannot be watched");
  next_start();
  fs::create_directory(place.beside("later"));
  std::ofstream(place.beside("later") / "a") << "1";
  place.edit("app.py", "two");
  next_start();
  std::ofstream(place.beside("later") / "a") << "22";
  EXPECT_EQ(next_start()["changed"], "'../later/a'");
  end(program);
}

TEST_F(Config, CountsWhateverHasBecomeOfWhatItNamed) {
  fs::create_directory(place.work() / "src");
  std::ofstream(place.beside("env")) << "GIVEN=1\n";
  configure("watch = [\"src\", \"app.py\"]\nenv-file = \"../env\"\n");
  auto program = run({});
  next_start();
  fs::remove(place.work() / "src");
  fs::remove(place.beside("env"));
  EXPECT_EQ(next_start()["given"], "'1'");
  configure("watch = [\"src\", \"app.py\"]\nenv-file = \"../env\"\nstop-signal = \"INT\"\n");
  program.expect("was ended by SIGTERM");
  next_start();
  program.signal(SIGUSR1);
  program.expect("was ended by SIGINT");
  EXPECT_EQ(next_start()["given"], "'1'");
  end(program);
  EXPECT_EQ(program.said().find("settings stay"), std::string::npos);
}

TEST_F(Config, OtherRulesAreNotCompared) {
  place.edit("b.txt", "");
  configure("ext = \"py\"\n");
  auto program = run({});
  next_start();
  configure("ext = \"txt\"\n");
  EXPECT_EQ(next_start()["changed"], "'reloadrun.toml'");
  place.edit("app.py", "two");
  place.edit("b.txt", "new");
  EXPECT_EQ(next_start()["changed"], "'b.txt'");
  end(program);
}

TEST_F(Config, OutlivesItsDirectory) {
  std::ofstream(place.beside("env")) << "GIVEN=1\n";
  configure("env-file = \"../env\"\n");
  auto program = run({"-w", "app.py"});
  next_start();
  fs::copy(place.work(), place.beside("another"), fs::copy_options::recursive);
  fs::remove_all(place.work());
  fs::rename(place.beside("another"), place.work());
  EXPECT_EQ(reports.next("start")["changed"], "'" + place.work().string() + "'");
  reports.next("ready");
  place.edit("app.py", "two");
  const Report start = reports.next("start");
  EXPECT_EQ(start["changed"], "'app.py'");
  EXPECT_EQ(start["given"], "'1'");
  reports.next("ready");
  EXPECT_FALSE(reports.has("start"));
  end(program);
}

TEST_F(Config, SaysWhatCountsOnce) {
  configure("");
  auto program = run({});
  next_start();
  configure("listen = \"unix:@none-of-this-test\"\n");
  const std::string line = "reloadrun.toml: another listen counts when reloadrun is started again";
  program.expect(line);
  next_start();
  configure("listen = \"unix:@none-of-this-test\"\nclear = false\n");
  next_start();
  end(program);
  EXPECT_EQ(count(program.said(), line), 1U);
}

TEST_F(Config, ThatCommandWritesIsNothingToLeaveOut) {
  configure("");
  auto program = run({}, {"touch=reloadrun.toml"});
  program.expect(
      "reloadrun.toml changes soon after each start: restarts for it are slowed down; if it is "
      "output, write it elsewhere: reloadrun reads this file (--env-file, --config)");
  end(program);
}

TEST_F(Config, SpeaksAsItSaysNow) {
  auto program = run({});
  next_start();
  configure("quiet = true\n");
  next_start();
  place.edit("app.py", "two");
  next_start();
  configure("verbose = true\n");
  next_start();
  program.expect("reloadrun.toml has other settings");
  end(program);
  EXPECT_EQ(program.said().find("app.py changed"), std::string::npos);
}

TEST_F(Config, IsNeverStale) {
  // The row of restarts that one file causes is broken by another: it would be slowed down.
  constexpr int rounds = 30;
  constexpr int most_edits = 5;
  for (int value = 0; value < most_edits; ++value) {
    std::ofstream(place.beside(fmt::format("env{}", value))) << "GIVEN=" << value << '\n';
  }
  auto program = run({"-w", "app.py"});
  next_start();
  std::minstd_rand random(1);
  for (int round = 0; round < rounds; ++round) {
    const int last = round % most_edits;
    for (int value = 0; value <= last; ++value) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 30));
      configure(fmt::format("env-file = \"../env{}\"\n", value));
    }
    while (reports.next("start")["given"] != fmt::format("'{}'", last)) {
    }
    place.edit("app.py", std::to_string(round));
    while (reports.next("start")["changed"].find("app.py") == std::string::npos) {
    }
  }
  end(program);
}

// With a build
// -------------------------------------------------------------------------------------

TEST_F(Config, AnotherBuildCommandBuildsWhileTheOldTargetGoesOn) {
  configure("build = \"echo first >> ../builds\"\n");
  auto program = run({});
  const int old = next_start().number("pid");
  configure("build = \"echo second >> ../builds; kill -0 " + std::to_string(old) +
            " && echo serves >> ../builds\"\n");
  EXPECT_EQ(next_start()["generation"], "'2'");
  EXPECT_EQ(content_of(place.beside("builds")), "first\nsecond\nserves\n");
  end(program);
}

TEST_F(Config, ABuildMayComeAndGo) {
  auto program = run({});
  next_start();
  configure("build = \"echo built >> ../builds\"\n");
  EXPECT_EQ(next_start()["generation"], "'2'");
  EXPECT_EQ(content_of(place.beside("builds")), "built\n");
  configure("");
  next_start();
  place.edit("app.py", "two");
  next_start();
  EXPECT_EQ(content_of(place.beside("builds")), "built\n");
  end(program);
}

TEST_F(Config, ABuildThatFailsLeavesTheOldTarget) {
  configure("build = \"true\"\n");
  auto program = run({});
  const int old = next_start().number("pid");
  configure("build = \"false\"\n");
  program.expect("the build exited with status 1");
  EXPECT_TRUE(is_alive(old));
  configure("build = \"true # again\"\n");
  EXPECT_EQ(next_start()["generation"], "'2'");
  end(program);
}

TEST_F(Config, TheFirstBuildIsMendedByAnEdit) {
  configure("build = \"false\"\n");
  auto program = run({});
  program.expect("the build exited with status 1");
  configure("build = \"true\"\n");
  EXPECT_EQ(next_start()["generation"], "'1'");
  end(program);
}

TEST_F(Config, OneGoneWrongIsToldWhileTheBuildFails) {
  configure("build = \"test ! -e ../broken\"\n");
  auto program = run({});
  next_start();
  std::ofstream(place.beside("broken")) << "";
  configure("buld = \"true\"\n");
  const std::string line = "reloadrun.toml:1: unknown key 'buld': did you mean 'build'?";
  program.expect(line);
  program.expect("the build exited with status 1");
  fs::remove(place.beside("broken"));
  place.edit("app.py", "two");
  next_start();
  end(program);
  EXPECT_EQ(count(program.said(), line), 1U);
}

TEST_F(Config, ASourceIsBuiltThatChangesWhileOtherSettingsComeIntoForce) {
  configure("build = \"cat app.py >> ../builds\"\n");
  auto program = run({}, ends_when_let);
  const auto old = next_start();
  // With other rules the next reloader has nothing to compare with.
  configure("build = \"cat app.py app.py >> ../builds\"\next = \"py\"\n");
  reports.next("signal");
  program.signal(SIGSTOP);
  ::kill(old.number("pid"), SIGUSR2);
  wait_until_unreaped(old.number("parent"));
  place.edit("app.py", "two");
  program.signal(SIGCONT);
  next_start();
  EXPECT_EQ(content_of(place.beside("builds")), "oneoneonetwotwo");
  program.signal(SIGTERM);
  let_stop(program);
  EXPECT_EQ(program.wait(), Ending{});
}

// With sockets
// -------------------------------------------------------------------------------------

TEST_F(Config, KeptPortsAreLetGoWhenTheyAreNotKeptAnyMore) {
  place.edit("server.py",
             "import socket, sys, time\n"
             "s = socket.create_server(('127.0.0.1', int(sys.argv[1])), reuse_port=False)\n"
             "open('../binds', 'a').write('bound\\n')\n"
             "time.sleep(3600)\n");
  configure("keep-ports = true\n");
  std::ofstream(place.beside("binds")) << "";
  Program program(reloadrun({}, {python, "server.py", std::to_string(free_port())}));
  const auto has_bound = [&](const char* binds) {
    eventually("it has bound", [&] { return content_of(place.beside("binds")) == binds; });
  };
  has_bound("bound\n");
  configure("");
  has_bound("bound\nbound\n");
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
