// Reading options as raw texts, with CLI11 from the command line, and from the settings of a
// configuration file: what they mean, and what is wrong with them, is said here, so that every
// message names the option and what to write instead. Driven by command_line.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/format.hpp"
#include "cli/config_file.hpp"
#include "cli/usage_error.hpp"

namespace reloadrun::cli {

/// Each add_ function names an option ("-w,--watch"), its value for the help ("PATH") and its help,
/// in the group that was begun last. What is to take the value must outlive parse().
class OptionParser {
 public:
  using Values = std::vector<std::string>;

  OptionParser(std::string description, std::string footer);

  void begin_group(const char* name) {
    group_ = name;
    command_line_only_ = false;
  }

  /// Those that are added from here on to this group mean nothing in a configuration file.
  void begin_command_line_only() { command_line_only_ = true; }

  /// Set by its name alone; "=true" and "=false" are for what a configuration file says otherwise.
  void add_flag(const std::string& names, const char* help, bool& flag);

  /// A value that may be given once. `take` gets it, after the option's long name.
  void add_once(const std::string& names, const char* value_name, const char* help,
                std::function<void(const std::string& name, const std::string& value)> take);

  /// Parts between commas, in one value; in a configuration file an array of them, too.
  void add_list(const std::string& names, const char* value_name, const char* help,
                std::function<void(const std::string& name, const std::string& value)> take);

  /// A value that may be given any number of times. `take` gets each, after the option's long name.
  void add_each(const std::string& names, const char* value_name, const char* help,
                std::function<void(const std::string& name, const std::string& value)> take);

  /// A text that is not empty; `what_to_give` is said of one that is.
  void add_text(const std::string& names, const char* value_name, const char* help,
                std::string& text, const char* what_to_give);

  /// As add_text, repeatable.
  void add_texts(const std::string& names, const char* value_name, const char* help, Values& texts,
                 const char* what_to_give);

  /// Not less than `least`, in whole milliseconds.
  void add_duration(const std::string& name, const char* help, std::chrono::nanoseconds& duration,
                    std::chrono::milliseconds least = {});

  /// One of several words.
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

  /// Reads the options, up to COMMAND. Returns how many of the arguments, counted from the end, are
  /// COMMAND. Throws Error (status 2).
  std::size_t parse(int argc, const char* const* argv);

  /// Whether the command line has this option (its long name without dashes).
  [[nodiscard]] bool has_given(const std::string& name) const;

  /// Takes `settings` for those options that the command line has not given; `file` is their file's
  /// name. Returns the lines of those that were taken, as Options::config_lines. To be called after
  /// parse(). Throws Error (status 2) with "FILE:LINE: ..." for whatever is wrong with one.
  std::map<std::string, std::size_t> apply(const std::vector<Setting>& settings,
                                           const std::string& file);

  [[nodiscard]] std::string help() const { return app_.help(); }

 private:
  using Take = std::function<void(const std::string& name, const Values&)>;
  enum class Kind { flag, once, list, each };
  struct Known {
    Kind kind = Kind::once;
    bool command_line_only = false;
    Take take;  ///< of a flag "true" or "false"
  };

  void add(const std::string& names, const char* value_name, const char* help, Kind kind,
           Take take);
  void note(const std::string& names, Kind kind, Take take);
  void take_flags() const;
  void require_fitting(const Setting& setting, const Known* known) const;
  [[noreturn]] void fail_unknown(const std::string& what, const std::string& dashes,
                                 const std::string& name) const;

  CLI::App app_;
  const char* group_ = "";
  bool command_line_only_ = false;
  std::map<std::string, Known> known_;  // by long name, without dashes
};

}  // namespace reloadrun::cli
