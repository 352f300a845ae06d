// What reloadrun is asked to do, as plain values.
//
// Whoever starts reloadrun fills this in once (the command line does it in src/cli); the supervisor
// hands it down to every reloader unchanged.
#pragma once

#include <chrono>
#include <csignal>
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

enum class Color { automatic, always, never };

/// Every duration is at least zero; strings are bytes as the user gave them, in any encoding.
struct Options {
  /// COMMAND and its arguments, byte for byte. May be empty only together with `list`.
  std::vector<std::string> command;

  /// Files and directories to watch, relative to the working directory or absolute; empty means the
  /// working directory. The command's own executable is watched besides.
  std::vector<std::string> watch;

  /// File name endings without their leading dot; empty means all files. A file named in `watch`
  /// and the command's own executable are watched whatever their ending.
  std::vector<std::string> extensions;

  /// Time from one look at the files to the next; more than zero.
  std::chrono::nanoseconds interval = std::chrono::seconds(1);

  /// Sent to every process of the target's tree to stop it.
  int stop_signal = SIGTERM;

  /// What has not ended this long after `stop_signal` is killed.
  std::chrono::nanoseconds stop_timeout = std::chrono::seconds(5);

  OnExit on_exit = OnExit::wait;

  /// Do not start the target before the first change.
  bool postpone = false;

  /// Clear the terminal before each start.
  bool clear = false;

  /// Print the watched files and end.
  bool list = false;

  Verbosity verbosity = Verbosity::normal;
  Color color = Color::automatic;
};

}  // namespace reloadrun
