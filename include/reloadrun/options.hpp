// What reloadrun is asked to do, as plain values.
//
// Whoever starts reloadrun fills this in once (the command line does it in src/cli, a program that
// embeds it for reloadrun::run()); the supervisor hands it down to every reloader.
#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace reloadrun {

/// What to do when the target ends by itself.
enum class OnExit {
  wait,    ///< wait for the next change, then start it again
  exit,    ///< end too, with its status or by its signal
  restart  ///< start it again, more slowly when it keeps ending
};

/// How much is said on stderr.
enum class Verbosity {
  quiet,   ///< errors only
  normal,  ///< what happens
  verbose  ///< also why, and with which values
};

/// Whether lines on stderr are coloured.
enum class Color {
  automatic,  ///< on a terminal, unless NO_COLOR is set
  always,
  never
};

/// How the files are watched.
enum class Watcher {
  automatic,  ///< inotify wakes the look early; every file is looked at from time to time besides
  inotify,    ///< what inotify covers is looked at only when it says so
  stat        ///< no inotify: every file is looked at every interval
};

/// Changes that are answered by a signal to COMMAND's process in place of a restart, when all that
/// has changed is so, and it catches the signal.
struct SoftRule {
  std::string pattern;  ///< a gitignore pattern, relative to the working directory
  int signal = 0;       ///< what is sent
  /// Whether both are the same.
  bool operator==(const SoftRule&) const = default;
};

/// Every duration is at least zero; strings are bytes as the user gave them, in any encoding.
struct Options {
  /// COMMAND and its arguments, byte for byte. May be empty only together with `list` or `explain`.
  std::vector<std::string> command;

  /// The file that gave some of what follows, or would if it were there: it is watched, and read
  /// again when it has changed. Empty for none.
  std::string config_file;

  /// Which options it gave, and the lines: each option, as "--watch", and each of its values, as
  /// "--watch 'src'", as errors begin that are about it.
  std::map<std::string, std::size_t> config_lines;

  /// Files and directories to watch, relative to the working directory or absolute; empty means the
  /// working directory, unless `files_from` is given, or not even that (see below). The command's
  /// own executable is watched besides.
  std::vector<std::string> watch;

  /// Whether an empty `watch` means the working directory. reloadrun::run() sets it to false: what
  /// a program is made of is known.
  bool watch_directory = true;

  /// A file that lists paths to watch, one a line, or with a NUL after each; "-" is stdin, which is
  /// read once and is then /dev/null. Empty for none.
  std::string files_from;

  /// What stdin listed, when `files_from` is "-".
  std::vector<std::string> listed;

  /// File name endings without their leading dot; empty means all files. A file named in `watch`
  /// and the command's own executable are watched whatever their ending.
  std::vector<std::string> extensions;

  /// gitignore patterns, relative to the working directory, in the order given: what they match is
  /// not watched, whatever other rules say; with `!`, it is.
  std::vector<std::string> ignore;

  /// gitignore patterns, relative to the working directory: when there are any, only files that
  /// they match, or that lie below a directory that they match, are watched.
  std::vector<std::string> filters;

  /// Honour .gitignore and .ignore files, .git/info/exclude and the user's global excludes.
  bool use_ignore_files = true;

  /// Leave out what watch/default_ignores lists.
  bool use_default_ignores = true;

  /// Files of KEY=VALUE lines for the target's environment, read at every start, and watched.
  std::vector<std::string> env_files;

  /// A file whose bytes are as before has not changed.
  bool content = false;

  /// How the files are watched.
  Watcher watcher = Watcher::automatic;

  /// Time from one look at the files to the next; more than zero.
  std::chrono::nanoseconds interval = std::chrono::seconds(1);

  /// A burst of changes is over when nothing has changed for this long.
  std::chrono::nanoseconds settle = std::chrono::milliseconds(10);

  /// What is answered by a signal. Of several whose patterns match, the last decides.
  std::vector<SoftRule> soft;

  /// A command line for `sh -c`, run before every start but those of `on_exit`; empty for none.
  std::string build;

  /// `[NAME=]ADDR` each: where the supervisor listens; every target gets the sockets, in this
  /// order.
  std::vector<std::string> listen;

  /// Sent to every process of the target's tree to stop it.
  int stop_signal = SIGTERM;

  /// What has not ended this long after `stop_signal` is killed.
  std::chrono::nanoseconds stop_timeout = std::chrono::seconds(5);

  /// What to do when the target ends by itself.
  OnExit on_exit = OnExit::wait;

  /// Do not start the target before the first change.
  bool postpone = false;

  /// Keep open what the target listens on while it is started again, and give it to the next one.
  bool keep_ports = false;

  /// Watch what the target opens for reading outside of the watched directories too, and take what
  /// it opens for writing for output.
  bool follow = false;

  /// Clear the terminal before each start.
  bool clear = false;

  /// Print the watched files and end.
  bool list = false;

  /// With `list`: a NUL ends each path, not a line feed.
  bool list_null = false;

  /// Say whether this path is watched, and why, and end; empty for no such question.
  std::string explain;

  /// How much is said.
  Verbosity verbosity = Verbosity::normal;

  /// Whether in colour.
  Color color = Color::automatic;

  /// Whether all of it is the same.
  bool operator==(const Options&) const = default;
};

}  // namespace reloadrun
