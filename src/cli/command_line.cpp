#include "cli/command_line.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/format.hpp"
#include "cli/config_file.hpp"
#include "cli/option_parser.hpp"
#include "cli/usage_error.hpp"
#include "cli/values.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::cli {
namespace {

namespace fs = std::filesystem;

constexpr auto description =
    "Runs COMMAND and starts it again whenever a watched file changes.\n"
    "Options end at COMMAND: what follows belongs to it.";

constexpr auto footer =
    "Signals: INT, TERM, HUP and QUIT stop COMMAND and reloadrun; a second one kills\n"
    "at once. USR1 restarts COMMAND now. USR2 is passed on to COMMAND.\n"
    "\n"
    "Examples:\n"
    "  reloadrun -- ./myserver --port 8080\n"
    "  reloadrun -w src -w settings.toml -e py,toml python3 -m myapp\n"
    "  reloadrun -q --on-exit restart --stop-signal INT node server.js";

constexpr auto name_a_program = "name the program to run, as in 'reloadrun -- ./myserver'";
constexpr auto give_one = "give one of them";
constexpr auto as_in_gitignore = "give a pattern as in .gitignore";

SoftRule soft_rule(const std::string& name, const std::string& text) {
  const std::string given = fmt::format("{} '{}'", name, text);
  const auto equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0) {
    fail(given + " is no GLOB=SIGNAL", "write it like '*.mo=HUP'");
  }
  const auto signal = parse_signal(text.substr(equals + 1));
  if (!signal) {
    fail(given + " names no signal", "give a name or number after '=', as in '*.mo=HUP'");
  }
  if (*signal == SIGKILL || *signal == SIGSTOP) {
    fail(given + " names a signal that no program catches", "give one that COMMAND catches");
  }
  return {text.substr(0, equals), *signal};
}

class CommandLine {
 public:
  CommandLine() {
    add_watched();
    add_changes();
    add_life();
    add_sockets();
    add_output();
    add_config();
  }

  std::variant<Options, std::string> parse(int argc, const char* const* argv,
                                           const ReadFile& read_file) {
    const std::size_t command_size = parser_.parse(argc, argv);
    if (help_) return parser_.help();
    if (version_) return "reloadrun " RELOADRUN_VERSION "\n";
    if (quiet_ && verbose_) fail("--quiet and --verbose contradict each other", give_one);
    read_config(read_file);
    if (quiet_) options_.verbosity = Verbosity::quiet;
    if (verbose_) options_.verbosity = Verbosity::verbose;
    options_.use_ignore_files = !no_gitignore_;
    options_.use_default_ignores = !no_default_ignores_;
    const bool asks = options_.list || !options_.explain.empty();
    if (options_.list && !options_.explain.empty()) {
      fail("--list and --explain contradict each other", give_one);
    }
    if (options_.list_null && !options_.list) {
      fail("--null is for --list alone", "give --list too, or leave it out");
    }
    // From argv itself, not from the parser: byte for byte.
    options_.command.assign(argv + argc - command_size, argv + argc);
    if (options_.command.empty() && !asks) fail("no COMMAND given", name_a_program);
    if (!options_.command.empty() && options_.command.front().empty()) {
      fail("COMMAND is empty", name_a_program);
    }
    return std::move(options_);
  }

 private:
  void add_watched() {
    parser_.begin_group("What is watched");
    parser_.add_texts("-w,--watch", "PATH",
                      "Watch this file or directory instead of the\ncurrent directory (repeatable)",
                      options_.watch, "give a file or a directory ('.' for this one)");
    parser_.add_text("--files-from", "FILE",
                     "Watch the paths that FILE lists, one a line;\n- is stdin",
                     options_.files_from, "give a file, or - for stdin");
    parser_.add_list("-e,--ext", "EXT,...", "Only files with these extensions, as in py,html",
                     [this](const std::string& name, const std::string& text) {
                       const auto extensions = parse_extensions(text);
                       if (!extensions) {
                         fail(fmt::format("{} '{}' has an empty extension", name, text),
                              "separate extensions by single commas, as in py,html");
                       }
                       if (text.find_first_of("*?[") != std::string::npos) {
                         fail(fmt::format("{} '{}' has a pattern", name, text),
                              "give extensions alone, as in py,html, or use --filter");
                       }
                       options_.extensions = *extensions;
                     });
    parser_.add_texts("-f,--filter", "GLOB",
                      "Only files that match this gitignore pattern\n(repeatable)",
                      options_.filters, as_in_gitignore);
    parser_.add_texts("-i,--ignore", "GLOB",
                      "Leave out what matches this gitignore pattern;\nwith ! before it, take it "
                      "in again (repeatable)",
                      options_.ignore, as_in_gitignore);
    parser_.add_flag("--no-gitignore", "Do not read .gitignore, .ignore, and git's excludes",
                     no_gitignore_);
    parser_.add_flag("--no-default-ignores", "Do not leave out .git, editors' files and the like",
                     no_default_ignores_);
    add_questions();
  }

  void add_questions() {
    parser_.begin_command_line_only();
    parser_.add_flag("--list", "Print the watched files and exit", options_.list);
    parser_.add_flag("-0,--null", "With --list: a NUL ends each path, no line feed",
                     options_.list_null);
    parser_.add_text("--explain", "PATH", "Say whether PATH is watched, and why, and exit",
                     options_.explain, "give the path in question");
  }

  void add_changes() {
    parser_.begin_group("What is a change");
    parser_.add_choice(
        "--watcher", "HOW", "inotify wakes, stat looks every interval; auto is\nboth (auto)",
        options_.watcher,
        {{"auto", Watcher::automatic}, {"inotify", Watcher::inotify}, {"stat", Watcher::stat}});
    parser_.add_duration("--interval", "Time between two looks at the files (1s)",
                         options_.interval, std::chrono::milliseconds(1));
    parser_.add_duration("--settle", "Changes closer than this are one (10ms)", options_.settle);
    parser_.add_flag("--content", "A file with the same bytes as before has not changed",
                     options_.content);
  }

  void add_life() {
    parser_.begin_group("Starting and stopping");
    parser_.add_texts("--env-file", "FILE",
                      "Give COMMAND the KEY=VALUE lines of this file\n(repeatable)",
                      options_.env_files, "give a file of KEY=VALUE lines");
    parser_.add_each("--soft", "GLOB=SIGNAL",
                     "Signal COMMAND in place of a restart when all that\nchanged matches, as in "
                     "'*.mo=HUP' (repeatable)",
                     [this](const std::string& name, const std::string& text) {
                       options_.soft.push_back(soft_rule(name, text));
                     });
    parser_.add_text(
        "--build", "CMD",
        "Run `sh -c CMD` before each start, while the old\nCOMMAND goes on; start only "
        "what was built",
        options_.build, "give a command line for sh, as in 'make -j2'");
    parser_.add_choice(
        "--on-exit", "WHAT",
        "When COMMAND ends by itself: wait for a change,\nexit with its status, or restart "
        "it (wait)",
        options_.on_exit,
        {{"wait", OnExit::wait}, {"exit", OnExit::exit}, {"restart", OnExit::restart}});
    parser_.add_once("--stop-signal", "SIGNAL",
                     "Signal that asks COMMAND's processes to end (TERM)",
                     [this](const std::string& name, const std::string& text) {
                       const auto signal = parse_signal(text);
                       if (!signal) {
                         fail(fmt::format("{} '{}' is no signal", name, text),
                              "give a name or number like TERM, SIGINT or 15");
                       }
                       options_.stop_signal = *signal;
                     });
    parser_.add_duration("--stop-timeout", "What has not ended after this is killed (5s)",
                         options_.stop_timeout);
    parser_.add_flag("--postpone", "Do not start COMMAND before a change or USR1",
                     options_.postpone);
    parser_.add_flag("--clear", "Clear the terminal before each start", options_.clear);
  }

  void add_sockets() {
    parser_.begin_group("Sockets");
    parser_.add_texts("--listen", "[NAME=]ADDR",
                      "Listen here, and give COMMAND the socket at each\nstart, as systemd does: "
                      "8080, [::1]:8080, unix:/path\n(repeatable)",
                      options_.listen, "give an address, as in 8080 or unix:/path");
    parser_.add_flag("--keep-ports",
                     "Keep what COMMAND listens on open while it is started\nagain: clients wait, "
                     "and none is refused",
                     options_.keep_ports);
    parser_.add_flag("--follow",
                     "Also watch the files elsewhere that COMMAND opens to\nread; what it opens to "
                     "write is output",
                     options_.follow);
  }

  void add_output() {
    parser_.begin_group("Output");
    parser_.add_flag("-q,--quiet", "Say nothing but errors", quiet_);
    parser_.add_flag("-v,--verbose", "Also say why and what", verbose_);
    parser_.add_choice(
        "--color", "WHEN", "Color reloadrun's lines: auto, always, never (auto)", options_.color,
        {{"auto", Color::automatic}, {"always", Color::always}, {"never", Color::never}});
    parser_.begin_command_line_only();
    parser_.add_flag("-h,--help", "Print this help and exit", help_);
    parser_.add_flag("--version", "Print the version and exit", version_);
  }

  void add_config() {
    parser_.begin_group("Configuration");
    parser_.begin_command_line_only();
    parser_.add_text("--config", "FILE",
                     "Read defaults for these options from this TOML file\n(reloadrun.toml, where "
                     "it is there)",
                     config_, "give a file");
    parser_.add_flag("--no-config", "Read none", no_config_);
  }

  /// What the command line has not said, the file may say.
  void read_config(const ReadFile& read_file) {
    if (no_config_ && !config_.empty()) {
      fail("--config and --no-config contradict each other", give_one);
    }
    if (no_config_) return;
    options_.config_file = config_.empty() ? default_config_file : config_;
    const std::string& file = options_.config_file;
    std::error_code unknown;
    const bool is_there = fs::exists(fs::symlink_status(file, unknown));
    if (config_.empty() && !is_there) return;
    auto settings = parse_config(config_text(read_file), file);
    // The command line's word on how much is said is one, whichever of the two it uses.
    if (quiet_ || verbose_) {
      std::erase_if(settings, [](const Setting& setting) {
        return setting.name == "quiet" || setting.name == "verbose";
      });
    }
    options_.config_lines = parser_.apply(settings, file);
    if (quiet_ && verbose_) {
      const auto& lines = options_.config_lines;
      const std::size_t line = std::max(lines.at("--quiet"), lines.at("--verbose"));
      fail_at(file, line, "quiet and verbose contradict each other", give_one);
    }
  }

  [[nodiscard]] std::string config_text(const ReadFile& read_file) const {
    if (!config_.empty()) return read_file("--config", config_);
    try {
      return read_file("the file", default_config_file);
    } catch (const Error& error) {  // it has that name for something else, perhaps
      fail(error.what(), error.what_to_do() + ", or none with --no-config");
    }
  }

  OptionParser parser_{description, footer};
  Options options_;
  bool no_gitignore_ = false;
  bool no_default_ignores_ = false;
  bool quiet_ = false;
  bool verbose_ = false;
  bool help_ = false;
  bool version_ = false;
  std::string config_;
  bool no_config_ = false;
};

}  // namespace

std::variant<Options, std::string> parse(int argc, const char* const* argv,
                                         const ReadFile& read_file) {
  return CommandLine().parse(argc, argv, read_file);
}

}  // namespace reloadrun::cli
