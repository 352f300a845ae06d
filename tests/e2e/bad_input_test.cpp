// Whatever is wrong with the command line: status 2, one line that says what to do, nothing
// started.

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <ostream>

#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

struct BadInput {
  const char* name;
  Words arguments;
  const char* line;
};

void PrintTo(const BadInput& input, std::ostream* stream) { *stream << input.name; }

class BadInputs : public EndToEnd, public testing::WithParamInterface<BadInput> {};

TEST_P(BadInputs, EndWithStatus2AndOneLine) {
  ASSERT_EQ(::mkfifo((place.work() / "fifo").c_str(), 0600), 0);
  ASSERT_EQ(::mknod((place.work() / "socket").c_str(), S_IFSOCK | 0600, 0), 0);
  std::ofstream(place.work() / "nul") << "a\n" << '\0';
  Words arguments{reloadrun_path()};
  arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  Program program({.arguments = arguments, .directory = place.work()});
  EXPECT_EQ(program.wait(), (Ending{false, 2}));
  EXPECT_EQ(program.said(), std::string("reloadrun: ") + GetParam().line + "\n");
  EXPECT_EQ(program.printed(), "");
  EXPECT_FALSE(std::filesystem::exists(place.work() / "started"));
}

const Words command{"touch", "started"};
Words before_command(Words options) {
  options.insert(options.end(), command.begin(), command.end());
  return options;
}

INSTANTIATE_TEST_SUITE_P(
    CommandLine, BadInputs,
    testing::Values(
        BadInput{"NoCommand",
                 {},
                 "no COMMAND given: name the program to run, as in 'reloadrun -- ./myserver'"},
        BadInput{"NoCommandAfterTheSeparator",
                 {"-q", "--"},
                 "no COMMAND given: name the program to run, as in 'reloadrun -- ./myserver'"},
        BadInput{"EmptyCommand",
                 {"--", ""},
                 "COMMAND is empty: name the program to run, as in 'reloadrun -- ./myserver'"},
        BadInput{"EmptyBuild", before_command({"--build", ""}),
                 "--build is empty: give a command line for sh, as in 'make -j2'"},
        BadInput{"BuildTwice", before_command({"--build", "make", "--build", "ninja"}),
                 "--build is given twice: give it once"},
        BadInput{"SoftWithoutASignal", before_command({"--soft", "*.mo"}),
                 "--soft '*.mo' is no GLOB=SIGNAL: write it like '*.mo=HUP'"},
        BadInput{"SoftWithoutAPattern", before_command({"--soft", "=HUP"}),
                 "--soft '=HUP' is no GLOB=SIGNAL: write it like '*.mo=HUP'"},
        BadInput{"SoftWithAnUnknownSignal", before_command({"--soft", "*.mo=HUPP"}),
                 "--soft '*.mo=HUPP' names no signal: give a name or number after '=', as in "
                 "'*.mo=HUP'"},
        BadInput{"SoftWithASignalThatNobodyCatches", before_command({"--soft", "*.mo=KILL"}),
                 "--soft '*.mo=KILL' names a signal that no program catches: give one that COMMAND "
                 "catches"},
        BadInput{"SoftWithABrokenPattern", before_command({"--soft", "[a=HUP"}),
                 "--soft '[a' is a broken pattern (class without end): write it as in a "
                 ".gitignore, '\\' before a character that is meant literally"},
        BadInput{"UnknownOption", before_command({"--nonsense"}),
                 "unknown option '--nonsense': run 'reloadrun --help' for the options"},
        BadInput{"UnknownShortOption", before_command({"-Z"}),
                 "unknown option '-Z': run 'reloadrun --help' for the options"},
        BadInput{"UnknownOptionBeforeTheSeparator", before_command({"--nonsense", "--"}),
                 "unknown option '--nonsense': run 'reloadrun --help' for the options"},
        BadInput{"OptionWithoutValue",
                 {"--interval"},
                 "--interval needs a value: run 'reloadrun --help' for the options"},
        BadInput{"OptionWithTheSeparatorForItsValue", before_command({"--interval", "--"}),
                 "--interval needs a value: run 'reloadrun --help' for the options"},
        BadInput{"OptionWithNothingBehindItsEqualsSign", before_command({"--watch="}),
                 "--watch needs a value: run 'reloadrun --help' for the options"},
        BadInput{"FlagWithAValue", before_command({"--clear=yes"}),
                 "--clear takes no value but true or false: leave the value out"},
        BadInput{"FlagOfTheCommandLineWithAValue", before_command({"--list=false"}),
                 "--list takes no value: leave the value out"},
        BadInput{"BadDuration", before_command({"--interval", "soon"}),
                 "--interval 'soon' is not a duration: write it like 500ms, 1s, 1.5s or 2m"},
        BadInput{"BadUnit", before_command({"--interval", "5h"}),
                 "--interval '5h' is not a duration: write it like 500ms, 1s, 1.5s or 2m"},
        BadInput{"NegativeDuration", before_command({"--stop-timeout", "-1s"}),
                 "--stop-timeout '-1s' is negative: write it like 500ms, 1s, 1.5s or 2m"},
        BadInput{"OverflowingDuration", before_command({"--stop-timeout", "99999999999999999999m"}),
                 "--stop-timeout '99999999999999999999m' is too long: give at most a year"},
        BadInput{"ZeroInterval", before_command({"--interval", "0"}),
                 "--interval '0' is too short: give at least 1ms"},
        BadInput{"UnknownSignal", before_command({"--stop-signal", "SIGNONE"}),
                 "--stop-signal 'SIGNONE' is no signal: give a name or number like TERM, SIGINT or "
                 "15"},
        BadInput{"SignalOutOfRange", before_command({"--stop-signal", "65"}),
                 "--stop-signal '65' is no signal: give a name or number like TERM, SIGINT or 15"},
        BadInput{"UnknownWord", before_command({"--on-exit", "panic"}),
                 "--on-exit 'panic' is unknown: give one of wait, exit, restart"},
        BadInput{"UnknownColor", before_command({"--color=blue"}),
                 "--color 'blue' is unknown: give one of auto, always, never"},
        BadInput{
            "MissingPath", before_command({"-w", "nowhere"}),
            "--watch 'nowhere' cannot be watched (No such file or directory): name an existing "
            "file or directory"},
        BadInput{"NeitherFileNorDirectory", before_command({"-w", "fifo"}),
                 "--watch 'fifo' is neither a file nor a directory: name a regular file or a "
                 "directory"},
        BadInput{
            "AHostileName", before_command({"-w", "a\nb\033[31m"}),
            "--watch 'a\\x0ab\\x1b[31m' cannot be watched (No such file or directory): name an "
            "existing file or directory"},
        BadInput{"AHostileOption", before_command({"--a\nb"}),
                 "unknown option '--a\\x0ab': run 'reloadrun --help' for the options"},
        BadInput{"EmptyPath", before_command({"-w", ""}),
                 "--watch is empty: give a file or a directory ('.' for this one)"},
        BadInput{"EmptyExtension", before_command({"-e", ""}),
                 "--ext '' has an empty extension: separate extensions by single commas, as in "
                 "py,html"},
        BadInput{
            "EmptyExtensionAmongOthers", before_command({"-e", "py,,html"}),
            "--ext 'py,,html' has an empty extension: separate extensions by single commas, as "
            "in py,html"},
        BadInput{"PatternAsExtension", before_command({"-e", "py,*.html"}),
                 "--ext 'py,*.html' has a pattern: give extensions alone, as in py,html, or use "
                 "--filter"},
        BadInput{"EmptyFilter", before_command({"-f", "*.py", "-f", ""}),
                 "--filter is empty: give a pattern as in .gitignore"},
        BadInput{"EmptyIgnore", before_command({"-i", ""}),
                 "--ignore is empty: give a pattern as in .gitignore"},
        BadInput{
            "EmptyQuestion", {"--explain", ""}, "--explain is empty: give the path in question"},
        BadInput{"TwoQuestions",
                 {"--list", "--explain", "a"},
                 "--list and --explain contradict each other: give one of them"},
        BadInput{"UnknownWatcher", before_command({"--watcher", "poll"}),
                 "--watcher 'poll' is unknown: give one of auto, inotify, stat"},
        BadInput{"NegativeSettle", before_command({"--settle", "-1ms"}),
                 "--settle '-1ms' is negative: write it like 500ms, 1s, 1.5s or 2m"},
        BadInput{"EmptyFileList", before_command({"--files-from", ""}),
                 "--files-from is empty: give a file, or - for stdin"},
        BadInput{"MissingFileList", before_command({"--files-from", "nowhere"}),
                 "--files-from 'nowhere' cannot be read (No such file or directory): name a file "
                 "that can be read"},
        BadInput{"FileListThatIsADirectory", before_command({"--files-from", "."}),
                 "--files-from '.' is no regular file: name a regular file"},
        BadInput{"FileListThatIsAFifo", before_command({"--files-from", "fifo"}),
                 "--files-from 'fifo' is no regular file: name a regular file"},
        BadInput{"NullWithoutAList", before_command({"-0"}),
                 "--null is for --list alone: give --list too, or leave it out"},
        BadInput{"EmptyEnvFile", before_command({"--env-file", ""}),
                 "--env-file is empty: give a file of KEY=VALUE lines"},
        BadInput{"MissingEnvFile", before_command({"--env-file", "nowhere"}),
                 "--env-file 'nowhere' cannot be read (No such file or directory): name a file "
                 "that can be read"},
        BadInput{"EnvFileThatIsADirectory", before_command({"--env-file", "."}),
                 "--env-file '.' is no regular file: name a regular file"},
        BadInput{"EnvFileThatIsAFifo", before_command({"--env-file", "fifo"}),
                 "--env-file 'fifo' is no regular file: name a regular file"},
        BadInput{"EnvFileThatIsASocket", before_command({"--env-file", "socket"}),
                 "--env-file 'socket' is no regular file: name a regular file"},
        BadInput{"BadLineInAnEnvFile", before_command({"--env-file", "nul"}),
                 "nul:1: there is no '=': write NAME=VALUE"},
        BadInput{"GivenTwice", before_command({"--interval", "1s", "--interval", "2s"}),
                 "--interval is given twice: give it once"},
        BadInput{"ExtensionsGivenTwice", before_command({"-e", "py", "--ext", "html"}),
                 "--ext is given twice: give it once, with a comma between its parts"},
        BadInput{"Contradiction", before_command({"-q", "-v"}),
                 "--quiet and --verbose contradict each other: give one of them"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace reloadrun::test
