// What a good command line means. What is said of a bad one: tests/e2e/bad_input_test.cpp.

#include "cli/command_line.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace reloadrun::cli {
namespace {

using namespace std::chrono_literals;
using List = std::vector<std::string>;

/// With `config` in every file that --config names.
Options parsed(const std::vector<const char*>& arguments, const std::string& config = {}) {
  std::vector<const char*> argv{"reloadrun"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const auto read = [&config](const std::string&, const std::string&) { return config; };
  return std::get<Options>(parse(static_cast<int>(argv.size()), argv.data(), read));
}

TEST(CommandLine, Defaults) {
  const Options options = parsed({"server"});
  EXPECT_EQ(options.command, List{"server"});
  EXPECT_EQ(options.watch, List{});
  EXPECT_EQ(options.files_from, "");
  EXPECT_EQ(options.extensions, List{});
  EXPECT_EQ(options.filters, List{});
  EXPECT_EQ(options.ignore, List{});
  EXPECT_TRUE(options.use_ignore_files);
  EXPECT_TRUE(options.use_default_ignores);
  EXPECT_EQ(options.watcher, Watcher::automatic);
  EXPECT_EQ(options.settle, 10ms);
  EXPECT_FALSE(options.content);
  EXPECT_EQ(options.env_files, List{});
  EXPECT_EQ(options.explain, "");
  EXPECT_EQ(options.interval, 1s);
  EXPECT_EQ(options.stop_signal, SIGTERM);
  EXPECT_EQ(options.stop_timeout, 5s);
  EXPECT_EQ(options.on_exit, OnExit::wait);
  EXPECT_FALSE(options.postpone);
  EXPECT_FALSE(options.clear);
  EXPECT_FALSE(options.list);
  EXPECT_EQ(options.verbosity, Verbosity::normal);
  EXPECT_EQ(options.color, Color::automatic);
}

TEST(CommandLine, EveryOption) {
  const Options options = parsed({"-w",
                                  "src",
                                  "--watch=a file",
                                  "-wlib",
                                  "-e",
                                  "py,.html",
                                  "--interval",
                                  "250ms",
                                  "--stop-signal",
                                  "hup",
                                  "--stop-timeout=0",
                                  "--on-exit",
                                  "exit",
                                  "--postpone",
                                  "--clear",
                                  "--list",
                                  "-v",
                                  "--color",
                                  "never",
                                  "--",
                                  "server"});
  EXPECT_EQ(options.watch, (List{"src", "a file", "lib"}));
  EXPECT_EQ(options.extensions, (List{"py", "html"}));
  EXPECT_EQ(options.interval, 250ms);
  EXPECT_EQ(options.stop_signal, SIGHUP);
  EXPECT_EQ(options.stop_timeout, 0s);
  EXPECT_EQ(options.on_exit, OnExit::exit);
  EXPECT_TRUE(options.postpone);
  EXPECT_TRUE(options.clear);
  EXPECT_TRUE(options.list);
  EXPECT_EQ(options.verbosity, Verbosity::verbose);
  EXPECT_EQ(options.color, Color::never);
  EXPECT_EQ(parsed({"-q", "server"}).verbosity, Verbosity::quiet);
}

TEST(CommandLine, SoftRules) {
  const auto soft = parsed({"--soft", "*.mo=HUP", "--soft=a=b=10", "server"}).soft;
  ASSERT_EQ(soft.size(), 2U);
  EXPECT_EQ(soft[0].pattern, "*.mo");
  EXPECT_EQ(soft[0].signal, SIGHUP);
  EXPECT_EQ(soft[1].pattern, "a=b");
  EXPECT_EQ(soft[1].signal, 10);
}

TEST(CommandLine, AddressesAsTheyAreGiven) {
  EXPECT_EQ(parsed({"--listen", "8080", "--listen=web=[::1]:80", "server"}).listen,
            (List{"8080", "web=[::1]:80"}));
  EXPECT_EQ(parsed({"server"}).listen, List{});
}

TEST(CommandLine, ABuildIsOneWord) {
  EXPECT_EQ(parsed({"--build", "make -j2 && true", "server"}).build, "make -j2 && true");
  EXPECT_EQ(parsed({"server", "--build", "make"}).build, "");
}

TEST(CommandLine, EveryOptionOfWhatIsWatched) {
  const Options options = parsed({"-f",
                                  "*.py",
                                  "--filter=src/",
                                  "-i",
                                  "!x",
                                  "-i",
                                  "[ab]",
                                  "--ignore",
                                  "\\#",
                                  "--no-gitignore",
                                  "-i-",
                                  "--no-default-ignores",
                                  "--content",
                                  "--settle",
                                  "0",
                                  "--files-from",
                                  "-",
                                  "--watcher",
                                  "stat",
                                  "--env-file",
                                  ".env",
                                  "--env-file=b",
                                  "server"});
  EXPECT_EQ(options.filters, (List{"*.py", "src/"}));
  EXPECT_EQ(options.ignore, (List{"!x", "[ab]", "\\#", "-"}));
  EXPECT_FALSE(options.use_ignore_files);
  EXPECT_FALSE(options.use_default_ignores);
  EXPECT_TRUE(options.content);
  EXPECT_EQ(options.settle, 0s);
  EXPECT_EQ(options.files_from, "-");
  EXPECT_EQ(options.watcher, Watcher::stat);
  EXPECT_EQ(options.env_files, (List{".env", "b"}));
  EXPECT_EQ(options.command, List{"server"});
  EXPECT_TRUE(parsed({"--no-gitignore", "a"}).use_default_ignores);
  EXPECT_TRUE(parsed({"--no-default-ignores", "a"}).use_ignore_files);
  EXPECT_EQ(parsed({"--watcher", "inotify", "a"}).watcher, Watcher::inotify);
  EXPECT_EQ(parsed({"--watcher", "auto", "a"}).watcher, Watcher::automatic);
}

TEST(CommandLine, TheCommandByteForByte) {
  EXPECT_EQ(parsed({"--", "a"}).command, List{"a"});
  EXPECT_EQ(parsed({"a", "--"}).command, (List{"a", "--"}));
  EXPECT_EQ(parsed({"--", "--", "a"}).command, (List{"--", "a"}));
  EXPECT_EQ(parsed({"a", "--interval", "x", "-q", ""}).command,
            (List{"a", "--interval", "x", "-q", ""}));
  EXPECT_EQ(parsed({"-q", "a", "[b,c]", "{}", "x=y", "--watch="}).command,
            (List{"a", "[b,c]", "{}", "x=y", "--watch="}));
  EXPECT_EQ(parsed({"--", "-server"}).command, List{"-server"});
  EXPECT_EQ(parsed({"-"}).command, List{"-"});
}

TEST(CommandLine, PathsAsTheyAreGiven) {
  EXPECT_EQ(parsed({"-w", "[a,b]", "-w", "{}", "-w", "x=y", "a"}).watch,
            (List{"[a,b]", "{}", "x=y"}));
}

TEST(CommandLine, AQuestionNeedsNoCommand) {
  EXPECT_TRUE(parsed({"--list"}).command.empty());
  const Options options = parsed({"--explain", "a b"});
  EXPECT_TRUE(options.command.empty());
  EXPECT_EQ(options.explain, "a b");
  EXPECT_EQ(parsed({"--explain", "a", "server"}).command, List{"server"});
}

TEST(CommandLine, AFileGivesDefaults) {
  const Options options = parsed({"--config", "a.toml", "server"}, R"(
watch = ["src", "lib"]
ext = ["py", "html"]
ignore = "!x"
interval = 2
settle = "50ms"
stop-timeout = 1.5
stop-signal = 2
on-exit = "restart"
soft = ["*.mo=HUP"]
no-gitignore = true
clear = false
listen = [8080, "unix:x"]
quiet = true
)");
  EXPECT_EQ(options.config_file, "a.toml");
  EXPECT_EQ(options.watch, (List{"src", "lib"}));
  EXPECT_EQ(options.extensions, (List{"py", "html"}));
  EXPECT_EQ(options.ignore, List{"!x"});
  EXPECT_EQ(options.interval, 2s);
  EXPECT_EQ(options.settle, 50ms);
  EXPECT_EQ(options.stop_timeout, 1500ms);
  EXPECT_EQ(options.stop_signal, SIGINT);
  EXPECT_EQ(options.on_exit, OnExit::restart);
  EXPECT_EQ(options.soft, (std::vector<SoftRule>{{"*.mo", SIGHUP}}));
  EXPECT_FALSE(options.use_ignore_files);
  EXPECT_FALSE(options.clear);
  EXPECT_EQ(options.listen, (List{"8080", "unix:x"}));
  EXPECT_EQ(options.verbosity, Verbosity::quiet);
  EXPECT_EQ(options.config_lines.at("--watch"), 2U);
  EXPECT_EQ(options.config_lines.at("--quiet"), 14U);
}

TEST(CommandLine, WinsOverTheFile) {
  const char* config = "watch = [\"src\"]\nsettle = 1\nquiet = true\ncolor = \"never\"\n";
  const Options options =
      parsed({"--config", "a", "-w", "lib", "--settle=2", "-v", "server"}, config);
  EXPECT_EQ(options.watch, List{"lib"});
  EXPECT_EQ(options.settle, 2s);
  EXPECT_EQ(options.verbosity, Verbosity::verbose);
  EXPECT_EQ(options.color, Color::never);
  EXPECT_FALSE(options.config_lines.contains("--watch"));
  EXPECT_EQ(parsed({"--config", "a", "server"}, "ext = []\nwatch = []").extensions, List{});
  EXPECT_EQ(parsed({"--config", "a", "server"}, "settle = 0.00001").settle, 10us);
}

TEST(CommandLine, UnsetsAFlagOfTheFile) {
  const char* config = "keep-ports = true\nclear = true\nquiet = true\n";
  const Options options =
      parsed({"--config", "a", "--keep-ports=false", "--quiet=false", "server"}, config);
  EXPECT_FALSE(options.keep_ports);
  EXPECT_TRUE(options.clear);
  EXPECT_EQ(options.verbosity, Verbosity::normal);
  EXPECT_TRUE(parsed({"--config", "a", "--clear=true", "server"}, "clear = false").clear);
}

TEST(CommandLine, NoFileMeansNone) {
  EXPECT_EQ(parsed({"server"}).config_file, default_config_file);
  EXPECT_EQ(parsed({"--no-config", "server"}).config_file, "");
}

}  // namespace
}  // namespace reloadrun::cli
