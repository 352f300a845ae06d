// How things are put to the user. Pure functions from values to text, in which names are as they
// are: who tells it makes them printable (base/log).
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ending.hpp"
#include "base/kernel.hpp"
#include "proc/executable.hpp"
#include "proc/tree.hpp"
#include "reloadrun/error.hpp"
#include "watch/snapshot.hpp"

namespace reloadrun::app {

/// "0.8 ms", "14 ms", "2.3 s", "3 min 5 s".
std::string duration_text(Duration duration);

/// "exited with status 1", "was ended by SIGSEGV (core dumped)".
std::string ending_text(const Ending& ending);

/// "main.py changed", "main.py appeared, old.py is gone", "a, b, c and 12 more changed".
std::string changes_text(const std::vector<watch::Change>& changes);

/// "SIGHUP", "SIGHUP and SIGUSR1".
std::string signals_text(const std::vector<int>& signals);

/// What -v says of one change: "main.py: mtime 2.1 s later, 120 -> 131 bytes, another inode".
std::string change_detail(const watch::Change& change);

/// What is wrong, and what to do, when COMMAND could not be started for this errno: status 127 when
/// its file is not there, 126 when it is and cannot be executed.
Error start_error(const std::string& command, int error, bool file_is_there);

/// "./server is still being written", "./server is not there".
std::string unfinished_text(const std::string& command, proc::Wholeness wholeness);

/// What follows from the kernel's refusal, by this errno, to tell what a build writes.
std::string blind_build_text(int error);

/// What COMMAND's calls are needed for.
struct CallsNeeded {
  bool keep_ports = false;
  bool follow = false;
};
/// The options in question: "--keep-ports and --follow"; empty for none.
std::string call_options_text(CallsNeeded needed);
/// What they come to without: "the ports of python3 are not kept, and what python3 opens is not
/// followed".
std::string without_calls_text(CallsNeeded needed, const std::string& command);
/// What follows from the kernel's refusal, by this errno, to let us answer COMMAND's calls.
std::string deaf_to_calls_text(CallsNeeded needed, const std::string& command, int error);

/// What the lack of what newer kernels have comes to, with the first that has it; empty for none.
std::string lacking_text(KernelVersion kernel);

/// "python3 (pid 12), sh (pid 14, which may not be signalled)".
std::string names_of(const std::vector<proc::TreeStop::Left>& left);

/// "1 file", "12 files".
std::string count_text(std::size_t count, const char* singular);

}  // namespace reloadrun::app
