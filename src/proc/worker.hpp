// Workers: processes that their parent has forked to do its work, and that it ends in its own way
// when it is asked to end (celery, gunicorn, nginx). They are told from other processes by what is
// the same in parent and child until the child executes something.
//
// Driven by who stops a tree, on its main thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <map>
#include <optional>
#include <string>

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
