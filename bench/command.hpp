// The command itself, watching a tree with a target that says when it has started and sleeps.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace reloadrun::bench {

using Seconds = std::chrono::duration<double>;

class Command {
 public:
  /// Starts `program` in `directory` and waits for the target. `watcher`: for --watcher. Throws
  /// std::system_error, and std::runtime_error when no target was started.
  Command(const std::string& program, const std::string& directory, const std::string& watcher);
  /// Stops it, and waits for its end.
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  /// From before it was spawned until the target's first word.
  [[nodiscard]] Seconds first_start() const { return first_start_; }
  /// What supervisor and reloader have used of the processors until now.
  [[nodiscard]] Seconds processor_time() const;
  /// The reloader's memory, without what it shares with others; with all that lies in its memory
  /// file, of which only a part is mapped.
  [[nodiscard]] std::int64_t private_bytes() const;

 private:
  pid_t supervisor_ = -1;
  pid_t reloader_ = -1;
  Seconds first_start_{};
};

}  // namespace reloadrun::bench
