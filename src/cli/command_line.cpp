#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/values.hpp"
#include "fmt/format.h"
#include "reloadrun/error.hpp"

namespace reloadrun::cli {
namespace {

constexpr auto see_help = "run 'reloadrun --help' for the options";

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

[[noreturn]] void fail(const std::string& what_is_wrong, std::string what_to_do = see_help) {
  throw Error(what_is_wrong, std::move(what_to_do), status_usage);
}

class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(27); }
  std::string make_usage(const CLI::App*, std::string) const override {
    return "\nUsage: reloadrun [OPTIONS] [--] COMMAND [ARG...]\n\n";
  }
  /// Without the blank line before it: CLI11 puts one after each group already.
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    return CLI::Formatter::make_group(group, is_positional, options).substr(1);
  }
};

/// Reads the options with CLI11, as raw texts: what they mean, and what is wrong with them, is said
/// here, so that every message names the option and what to write instead.
class CommandLine {
 public:
  CommandLine() {
    app_.prefix_command();
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.set_help_flag();
    app_.footer(footer);
    add_watching();
    add_life();
    add_output();
  }

  std::variant<Options, std::string> parse(int argc, const char* const* argv) {
    const std::size_t command_size = parse_options(argc, argv);
    if (help_) return app_.help();
    if (version_) return "reloadrun " RELOADRUN_VERSION "\n";
    if (quiet_ && verbose_) fail("--quiet and --verbose contradict each other", "give one of them");
    if (quiet_) options_.verbosity = Verbosity::quiet;
    if (verbose_) options_.verbosity = Verbosity::verbose;
    // From argv itself, not from the parser: byte for byte.
    options_.command.assign(argv + argc - command_size, argv + argc);
    if (options_.command.empty() && !options_.list) {
      fail("no COMMAND given", "name the program to run, as in 'reloadrun -- ./myserver'");
    }
    if (!options_.command.empty() && options_.command.front().empty()) {
      fail("COMMAND is empty", "name the program to run, as in 'reloadrun -- ./myserver'");
    }
    return std::move(options_);
  }

 private:
  using Values = std::vector<std::string>;

  /// An option with a value. `take` gets every value given, and the option's long name.
  void add(const std::string& names, const char* value_name, const char* help,
           std::function<void(const std::string& name, const Values&)> take) {
    const std::string name = names.substr(names.find("--"));
    app_.add_option(
            names,
            [name, take = std::move(take)](const Values& values) {
              // CLI11 takes whatever comes next for the value.
              if (std::ranges::count(values, "--") != 0) fail(name + " needs a value");
              take(name, values);
              return true;
            },
            help)
        ->option_text(value_name)
        ->group(group_)
        ->take_all();
  }

  void add_once(const std::string& names, const char* value_name, const char* help,
                std::function<void(const std::string& name, const std::string&)> take) {
    add(names, value_name, help,
        [take = std::move(take)](const std::string& name, const Values& values) {
          if (values.size() > 1) fail(name + " is given twice", "give it once");
          take(name, values.front());
        });
  }

  void add_flag(const std::string& names, const char* help, bool& flag) {
    app_.add_flag(names, flag, help)->group(group_)->disable_flag_override();
  }

  void add_duration(const std::string& name, const char* help, std::chrono::nanoseconds& duration,
                    bool may_be_zero) {
    add_once(name, "TIME", help, [&duration, may_be_zero](const auto& option, const auto& text) {
      using Problem = DurationText::Problem;
      const auto [problem, value] = parse_duration(text);
      const std::string given = fmt::format("{} '{}'", option, text);
      const char* as_in = "write it like 500ms, 1s, 1.5s or 2m";
      if (problem == Problem::not_a_duration) fail(given + " is not a duration", as_in);
      if (problem == Problem::negative) fail(given + " is negative", as_in);
      if (problem == Problem::too_long) fail(given + " is too long", "give at most a year");
      if (value.count() == 0 && !may_be_zero) fail(given + " is zero", "give more than zero");
      duration = value;
    });
  }

  template <class Enum>
  void add_choice(const std::string& name, const char* value_name, const char* help, Enum& choice,
                  std::vector<std::pair<std::string, Enum>> choices) {
    add_once(name, value_name, help,
             [&choice, choices = std::move(choices)](const auto& option, const auto& text) {
               Values known;
               for (const auto& [word, meaning] : choices) {
                 if (word == text) {
                   choice = meaning;
                   return;
                 }
                 known.push_back(word);
               }
               fail(fmt::format("{} '{}' is unknown", option, text),
                    fmt::format("give one of {}", fmt::join(known, ", ")));
             });
  }

  void add_watching() {
    group_ = "Watching";
    add("-w,--watch", "PATH",
        "Watch this file or directory instead of the\ncurrent directory (repeatable)",
        [this](const std::string& name, const Values& paths) {
          if (std::ranges::count(paths, "") != 0) {
            fail(name + " is empty", "give a file or a directory ('.' for this one)");
          }
          options_.watch = paths;
        });
    add_once("-e,--ext", "EXT,...", "Only files with these extensions, as in py,html",
             [this](const std::string& name, const std::string& text) {
               const auto extensions = parse_extensions(text);
               if (!extensions) {
                 fail(fmt::format("{} '{}' has an empty extension", name, text),
                      "separate extensions by single commas, as in py,html");
               }
               options_.extensions = *extensions;
             });
    add_duration("--interval", "Time between two looks at the files (1s)", options_.interval,
                 false);
    add_flag("--list", "Print the watched files and exit", options_.list);
  }

  void add_life() {
    group_ = "Starting and stopping";
    add_choice("--on-exit", "WHAT",
               "When COMMAND ends by itself: wait for a change,\nexit with its status, or restart "
               "it (wait)",
               options_.on_exit,
               {{"wait", OnExit::wait}, {"exit", OnExit::exit}, {"restart", OnExit::restart}});
    add_once("--stop-signal", "SIGNAL", "Signal that asks COMMAND's processes to end (TERM)",
             [this](const std::string& name, const std::string& text) {
               const auto signal = parse_signal(text);
               if (!signal) {
                 fail(fmt::format("{} '{}' is no signal", name, text),
                      "give a name or number like TERM, SIGINT or 15");
               }
               options_.stop_signal = *signal;
             });
    add_duration("--stop-timeout", "What has not ended after this is killed (5s)",
                 options_.stop_timeout, true);
    add_flag("--postpone", "Do not start COMMAND before the first change", options_.postpone);
    add_flag("--clear", "Clear the terminal before each start", options_.clear);
  }

  void add_output() {
    group_ = "Output";
    add_flag("-q,--quiet", "Say nothing but errors", quiet_);
    add_flag("-v,--verbose", "Also say why and what", verbose_);
    add_choice("--color", "WHEN", "Color reloadrun's lines: auto, always, never (auto)",
               options_.color,
               {{"auto", Color::automatic}, {"always", Color::always}, {"never", Color::never}});
    add_flag("-h,--help", "Print this help and exit", help_);
    add_flag("--version", "Print the version and exit", version_);
  }

  /// Returns how many of the arguments, counted from the end, are COMMAND.
  std::size_t parse_options(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ArgumentMismatch& mismatch) {
      // "--name: 1 required TEXT missing", or "name was given a disallowed flag override".
      const std::string text = mismatch.what();
      const std::string name = text.substr(0, text.find_first_of(": "));
      if (text.ends_with(" missing")) fail(name + " needs a value");
      fail(fmt::format("--{} takes no value", name), "leave the value out");
    } catch (const CLI::ParseError& error) {
      fail(error.what());
    }
    Values rest = app_.remaining();
    // An option that CLI11 does not know is left among the rest, before COMMAND.
    if (!rest.empty() && rest.front().starts_with('-') && rest.front().size() > 1 &&
        rest.front() != "--") {
      fail(fmt::format("unknown option '{}'", rest.front()));
    }
    const bool separated = !rest.empty() && rest.front() == "--";
    const std::size_t command_size = rest.size() - (separated ? 1 : 0);
    for (int i = 1; i < argc - static_cast<int>(command_size); ++i) {
      const std::string_view argument = argv[i];
      // CLI11 would take the next argument for the value of "--name=".
      if (argument.starts_with("--") && argument.ends_with('=')) {
        fail(fmt::format("{} needs a value", argument.substr(0, argument.size() - 1)));
      }
    }
    return command_size;
  }

  CLI::App app_{description, "reloadrun"};
  const char* group_ = "";
  Options options_;
  bool quiet_ = false;
  bool verbose_ = false;
  bool help_ = false;
  bool version_ = false;
};

}  // namespace

std::variant<Options, std::string> parse(int argc, const char* const* argv) {
  return CommandLine().parse(argc, argv);
}

}  // namespace reloadrun::cli
