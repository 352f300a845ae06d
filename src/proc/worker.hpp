// Workers: processes that their parent has forked to do its work, and that it ends in its own way
// when it is asked to end (celery, gunicorn, nginx). They are told from other processes by what is
// the same in parent and child until the child executes something.
//
// Driven by who stops a tree, on its main thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "proc/signals.hpp"
#include "proc/stat.hpp"

namespace reloadrun::proc {

/// What no two executions have in common, but every process that was forked since from one: where
/// its memory begins, as far as that is random, and 16 bytes that are (AT_RANDOM).
struct Image {
  std::string auxiliary_vector;
  std::array<unsigned char, 16> random{};

  friend bool operator==(const Image&, const Image&) = default;
};

/// nullopt when there is no such process, or it may not be read.
std::optional<Image> image_of(pid_t pid);

/// How often a process has begun or ceased to run, all its threads together: the same number twice
/// means that it has not run in between. nullopt when there is no such process, or it may not be
/// read.
std::optional<std::uint64_t> switches_of(pid_t pid);

/// Whether its main thread sleeps until a child ends. False when that may not be read.
bool waits_for_a_child(pid_t pid);

/// How long a master has to tell its workers before it is one that only waits for them.
inline constexpr Duration masters_time_to_tell = std::chrono::milliseconds(500);

/// Whether a process's program is a shell: one that has trapped a signal runs its trap when the
/// command that it waits for has ended, and not before (POSIX, 2.11). By its name.
bool is_shell(const Process& process);

/// Tells which processes are workers, as far as one signal goes.
class Workers {
 public:
  /// `given`: with what signal state the tree was started.
  Workers(int signal, const SignalsGiven& given) : signal_(signal), given_(given) {}

  /// The image of a worker, and nullopt of any other process. To be asked of `parent` before it
  /// gets the signal: after that it may answer no more.
  std::optional<Image> image_of_worker(const Process& process, const Process& parent);

 private:
  int signal_;
  const SignalsGiven& given_;
  std::map<pid_t, std::optional<Image>> masters_;  // nullopt: who is none
};

}  // namespace reloadrun::proc
