// A program that reloads itself: it gives reloadrun its main function, and is started again
// whenever it was built anew, or a file changes that it wants to be watched.
//
//     int main() {
//       return reloadrun::run([](std::stop_token stop) { return serve(stop); });
//     }
//
// How it works. The first process only supervises: run() executes the program again, by its path
// and with the same arguments, and waits. In that second process run() comes to be called too,
// finds the socket that it was given (and RUN_MAIN=true), and calls the main function on a thread
// of its own, while the thread that has called run() looks at the files. When one has changed, the
// main function is asked to end, the process ends with status 3, and the first one executes the
// program again: the new one, if it was built anew.
//
// So what main() does before run() is done in every process (is_reloader() tells which this is;
// with Options::build there is a third, which builds), and what it does after run() in the first
// alone. The first one's options count for all: those of a program that was built anew count when
// it is started by hand. Call run() before threads are started: what it does about signals it does
// for the thread that calls it and those that this one starts.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "reloadrun/error.hpp"
#include "reloadrun/export.hpp"
#include "reloadrun/options.hpp"

namespace reloadrun {

/// What is run again and again. It is asked to end by the token, whose callbacks run on another
/// thread, and has `Options::stop_timeout` for that; then the process ends all the same.
///
/// - What it returns is its exit status. An exception that leaves it is told to the user, and
///   counts as status 1. std::exit() and _exit() count as an end with that status too, also with 3,
///   and do what they do otherwise; so does a crash. (What ends so while it is asked to end is
///   started again with an empty RELOADRUN_CHANGED.) After each of these `Options::on_exit`
///   decides: `wait` for a change, which is the default, or `exit`, which makes the first process's
///   run() return the status, or end by the same signal.
/// - It may fork and execute what it wants, and waits for its own children itself. Whatever was
///   forked since run() was called gets `Options::stop_signal` when it is asked to end, and is
///   killed when it is still there after `Options::stop_timeout`. Until then what was orphaned is
///   adopted.
/// - Its process has RELOADRUN_GENERATION and RELOADRUN_CHANGED in its environment, as a COMMAND of
///   the command line would have, and not RUN_MAIN any more.
using MainFunc = std::function<int(std::stop_token)>;

/// How much a line for the user matters.
enum class Level { debug, info, warning, error };

/// What a program may have a say in. All are called on the thread that has called run(), but for
/// what is said of `log`; one that is empty is not called.
struct Hooks {
  /// In the process that runs the main function: these files have changed, as paths that are
  /// absolute or relative to the working directory. True says that it was handled and nothing is to
  /// be restarted, as when a template is read again. Whatever a hook throws is told to the user,
  /// and counts as false.
  std::function<bool(const std::vector<std::string>& paths)> on_change{};

  /// In the same process: it is about to end with status 3. The main function has ended, or its
  /// time is up.
  std::function<void()> on_restart{};

  /// In the first process: a line for the user, without its end, in place of stderr. What it
  /// throws is lost.
  std::function<void(Level level, std::string_view line)> log{};
};

/// Runs `main_func` again and again, as said above. Returns in the first process alone, with the
/// status to end with: 0 when the user has asked for the end (INT, TERM, HUP or QUIT; a second one
/// kills). When the second process was killed, this one ends by the same signal. Throws Error when
/// it cannot go on, or is asked for what it cannot do.
///
/// Watched are the program's file, every shared object that it has loaded from outside the system's
/// directories, and `options.watch`. Of the options these are for the command line alone, and an
/// Error: `command`, `config_file`, `env_files`, `soft`, `follow`, `clear`, `list`, `list_null`,
/// `explain`, stdin as `files_from`, and `restart` as `on_exit`; `watch_directory` is false
/// whatever it says.
///
/// What it touches. In the first process, until it returns: INT, TERM, HUP, QUIT, USR1, USR2, CHLD,
/// PIPE and IO are blocked in the calling thread, an ignored SIGCHLD is set to its default, and
/// orphans of the second process are adopted (PR_SET_CHILD_SUBREAPER). It waits for its own
/// children alone, and what else the process had started before, or has had for a second, is left
/// alone. In the second process the same signals stay blocked in the calling thread; the main
/// function's has the mask that the program was started with, and INT, TERM, HUP and QUIT get a
/// handler that does nothing where they would end the process, and not what it forks or executes:
/// the first process hears them. Both open close-on-exec descriptors, and /dev/null where stdin,
/// stdout or stderr is closed. With `keep_ports` the system calls of the thread that runs the main
/// function, and of all that it starts, are filtered, and it cannot gain rights any more
/// (PR_SET_NO_NEW_PRIVS). The second process ends by _exit(), after stdio was flushed (for which
/// it waits a fifth of a second at most): its destructors of static objects do not run, as they
/// would race the main function.
RELOADRUN_EXPORT int run(MainFunc main_func, Options options = {}, Hooks hooks = {});

/// Whether run() of another process has executed this one, for what is to be done once: false in
/// the first alone, and in every process that does not reload.
RELOADRUN_EXPORT bool is_reloader();

/// In the process that runs the main function: the sockets of `Options::listen`, in their order, as
/// descriptors that are the caller's own, close-on-exec, with each call other ones. They listen.
/// Who shuts one down ends what waits in it; who closes it does not. Empty in other processes.
/// Throws Error when there are no more descriptors.
RELOADRUN_EXPORT std::vector<int> sockets();

}  // namespace reloadrun
