// Of others' text nothing reaches a terminal that could do something there: in no message, and in
// no answer.

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

// A title, a line that overwrites, a bell, controls of 8 bits in UTF-8 and alone, the other
// direction, a mark, an isolate, the ends of a line and of a paragraph.
const std::string hostile =
    "h\033]0;OWNED\007\r\n\t\x7f\xc2\x9b"
    "2J\x9b\xe2\x80\xae\xe2\x80\x8f\xd8\x9c\xe2\x81\xa6\xe2\x80\xa8\xe2\x80\xa9";

/// What the terminal itself makes of the end of a line stays; and what else?
std::string left_of(const std::string& said) {
  std::string left;
  for (std::size_t at = 0; at < said.size(); ++at) {
    const auto byte = static_cast<unsigned char>(said[at]);
    if (said.compare(at, 2, "\r\n") == 0) {
      ++at;
    } else if (byte < 0x20 || byte >= 0x7f) {  // all that the tests themselves say is ASCII
      left += said[at];
    }
  }
  return left;
}

class Printable : public EndToEnd {
 protected:
  [[nodiscard]] Invocation on_terminal(const Words& options, const Words& command) const {
    Words all{reloadrun_path()};
    all.insert(all.end(), options.begin(), options.end());
    if (!command.empty()) all.emplace_back("--");
    all.insert(all.end(), command.begin(), command.end());
    return {.arguments = all,
            .directory = place.work(),
            .environment = {"NO_COLOR=1"},  // that would be of our own
            .terminal = true,
            .prepare = [] { ::closefrom(3); }};
  }
  /// Of a run that ends by itself. `as`: how what it is about is written out.
  void expect_printable(const Words& options, const Words& command = {"true"},
                        const std::string& as = "\\x1b") {
    Program program(on_terminal(options, command));
    program.wait();
    expect_printable(program, testing::PrintToString(options), as);
  }
  static void expect_printable(Program& program, const std::string& what,
                               const std::string& as = "\\x1b") {
    EXPECT_EQ(testing::PrintToString(left_of(program.said())), "\"\"") << what;
    EXPECT_NE(program.said().find(as), std::string::npos) << what << ": " << program.said();
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(place.work() / name, std::ios::binary) << content;
  }
};

TEST_F(Printable, IsWhatIsWrongWithEveryOption) {
  for (const char* option :
       {"--watch", "--files-from", "--interval", "--settle", "--watcher", "--env-file",
        "--stop-signal", "--stop-timeout", "--on-exit", "--listen", "--color", "--config"}) {
    expect_printable({option, hostile});
  }
  expect_printable({"--ext", hostile + ","});
  expect_printable({"--filter", hostile + "["});
  expect_printable({"--ignore", hostile + "["});
  expect_printable({"--soft", hostile});
  expect_printable({"--soft", hostile + "=" + hostile});
  expect_printable({"--soft", hostile + "[=HUP"});
  expect_printable({"--listen", "unix:" + hostile + "/x"});
  expect_printable({"--" + hostile});
  expect_printable({"--on-exit", "exit"}, {hostile});
  expect_printable({"--on-exit", "exit"}, {"./" + hostile});
}

TEST_F(Printable, IsWhatIsWrongWithAFile) {
  write("env", hostile + "\n");  // its text may be a secret
  expect_printable({"--env-file", "env"}, {"true"}, "there is no '='");
  write(hostile + "env", "A");
  expect_printable({"--env-file", hostile + "env"});
  write("config.toml", "\033]0;X = 1\n");
  expect_printable({"--config", "config.toml"}, {"true"}, "config.toml:1");
  write(hostile + ".toml", "what = 1\n");
  expect_printable({"--config", hostile + ".toml"});
  for (const std::string line :
       {R"(watcher = "\u001B[\u202E\u0085")", R"(interval = "\u001B")", R"(ignore = "\u001B[")",
        R"(watch = ["\u001B"])", R"("\u001B" = 1)"}) {
    write("config.toml", line + "\n");
    expect_printable({"--config", "config.toml"});
  }
}

TEST_F(Printable, IsWhatIsListedAndExplained) {
  write(hostile, "");
  write(".gitignore", "left*\033]0;OWNED\007\nbroken\033[\n*.log\033[\n");
  write("left\033]0;OWNED\007", "");
  for (const Words& options :
       {Words{"--list"}, {"--explain", hostile}, {"--explain", "left\033]0;OWNED\007"}}) {
    Program program(on_terminal(options, {}));
    EXPECT_EQ(program.wait(), Ending{});
    EXPECT_EQ(testing::PrintToString(left_of(program.said())), "\"\"") << program.said();
    EXPECT_NE(program.said().find("OWNED"), std::string::npos) << program.said();
  }
}

TEST_F(Printable, IsWhatIsToldOfFilesAndProcesses) {
  fs::create_directory(place.work() / hostile);
  const std::string command = hostile + "/" + hostile;
  // A process of that name which does not hear TERM.
  const std::string script =
      "#!/bin/sh\ntrap '' TERM\nprintf 'h\\033]0;E\\r' > /proc/$$/comm\n"
      "echo ready\nwhile :; do sleep 100; done\n";
  write(command, script);
  fs::permissions(place.work() / command, fs::perms::owner_all);
  write(hostile + "/.gitignore", "x\033[\n");
  write("list", hostile + '\0' + "missing\033]0;X\007" + '\0');
  write("env", "A=1");
  Program again(on_terminal({"-v", "--files-from", "list", "--stop-timeout", "1500ms", "--interval",
                             "20ms", "--soft", "*.soft=HUP", "--env-file", "env"},
                            {"./" + command}));
  again.expect("ready");
  write(hostile + "/new\033]0;NEW\007", "");
  again.expect("appeared: stopping");
  again.expect("waiting up to");
  again.expect("killing");
  again.expect("restarted");
  write("env", hostile);
  again.expect("stay");
  again.expect("restarted");
  again.signal(SIGUSR2);
  again.expect("passed on");
  again.signal(SIGTERM);
  again.wait();
  expect_printable(again, "a run");
}

TEST_F(Printable, IsWhatIsToldOfABuildAndADirectory) {
  const fs::path directory = place.work() / hostile;
  fs::create_directory(directory);
  std::ofstream(directory / "f") << "one";
  auto invocation = on_terminal(
      {"-v", "--interval", "20ms", "--build", ": '\033]0;BUILD\007'; test ! -e bad"}, target());
  invocation.directory = directory;
  invocation.environment.push_back("PWD=" + directory.string());
  Program program(invocation);
  reports.next("ready");
  std::ofstream(directory / "bad") << "one";
  program.expect("exited with status 1");
  fs::rename(directory, place.work() / "aside");
  program.expect("is gone: waiting");
  fs::rename(place.work() / "aside", directory);
  program.expect("is back");
  end(program);
  expect_printable(program, "a run");
}

TEST_F(Printable, IsWhatCommandGetsOfChangedFiles) {
  Program program(reloadrun({}, target()));
  reports.next("ready");
  place.edit("evil\033[2J\nname", "");
  EXPECT_EQ(reports.next("start")["changed"], "'\"evil\\033[2J\\nname\"'");
  reports.next("ready");
  place.edit(
      "gr\xc3\xbc\xc3\x9f"
      "e \"and\\more",
      "");
  EXPECT_EQ(reports.next("start")["changed"],
            "'gr\xc3\xbc\xc3\x9f"
            "e \"and\\more'");
  reports.next("ready");
  end(program);
}

class Listing : public EndToEnd {
 protected:
  std::string printed_by(Words options) {
    options.insert(options.begin(), reloadrun_path());
    Program program({.arguments = options, .directory = place.work()});
    EXPECT_EQ(program.wait(), Ending{}) << program.said();
    return program.printed();
  }
};

TEST_F(Listing, IsData) {
  for (const char* name : {"esc\033[2J", "a\nb\x01\"\\c", "\"x", "\xc2\x9b\xff", "b\\n"}) {
    place.edit(name, "");
  }
  EXPECT_EQ(printed_by({"--list"}),
            "\"\\\"x\"\n\"a\\nb\\001\\\"\\\\c\"\nb\\n\nesc\033[2J\n\xc2\x9b\xff\n");
  using namespace std::string_literals;
  const std::string by_nul = "\"x\0a\nb\x01\"\\c\0b\\n\0esc\033[2J\0\xc2\x9b\xff\0"s;
  EXPECT_EQ(printed_by({"--list", "-0"}), by_nul);
  EXPECT_EQ(printed_by({"--list", "--null"}), by_nul);
  std::ofstream(place.beside("list"), std::ios::binary) << by_nul;
  EXPECT_EQ(printed_by({"--files-from", place.beside("list"), "--list", "-0"}), by_nul);
}

}  // namespace
}  // namespace reloadrun::test
