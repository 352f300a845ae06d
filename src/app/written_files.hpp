// What builds have written, and how much of it is accounted for: seen by a look, and known to be a
// build's doing. Plain values; kept by the builder, for all reloaders.
//
// A write is noted before it is done. Until its thread is seen to be past it, it cannot be
// accounted for: what it leads to is still to come.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/file_key.hpp"

namespace reloadrun::app {

class WrittenFiles {
 public:
  /// Writes are numbered from 1 in their order.
  using Number = std::uint64_t;

  struct Thread {
    bool runs = false;                          ///< it may be in a call that writes
    std::chrono::milliseconds in_user_mode{0};  ///< for how long it has run, outside of calls
  };
  /// A thread that runs has left the call that it was in when it has run so long in user mode. (A
  /// tick or two may be the kernel's own, counted wrongly.)
  static constexpr std::chrono::milliseconds surely_past{50};

  struct World {
    std::function<Thread(pid_t thread)> look_at;
    /// Whether a file is open to be written still; by this process's path.
    std::function<bool(const std::string& path)> is_open;
  };
  explicit WrittenFiles(World world) : world_(std::move(world)) {}

  /// `thread` is about to write a file. A directory that is replaced stands for all below it.
  void note(const KnownFile& file, pid_t thread);
  struct Writes {
    Number last = 0;    ///< 0: none that is not accounted for
    bool done = false;  ///< all of them
  };
  /// Those of a file, or of a directory around it, whose keys it has as well.
  Writes of(const KnownFile& file);

  /// What was written to the file up to this write is accounted for.
  void account(const std::string& path, Number until) { accounted_[path] = until; }
  /// Askings for what is written to its end are numbered from 1 as well.
  using Settling = std::uint64_t;
  /// Before a look at everything: notes which files are written to their end, and so will have been
  /// seen. Returns the number of this asking; 0 when nothing is left to be accounted for.
  Settling settle();
  /// After it: what was noted so by then is accounted for. What a daemon, say, has open still is
  /// not; nor is what a later asking has found, perhaps for another who looks.
  void account_all(Settling until);

 private:
  struct Entry {
    Number last = 0;
    std::string path;  ///< empty: none of this process's
    /// That were not seen to be past it, and for how long they had run when it was noted.
    std::map<pid_t, std::chrono::milliseconds> writers;
    Settling settled = 0;  ///< by which asking it was first found to be so
  };
  bool is_done(Entry& entry);

  World world_;
  Number last_ = 0;
  Settling settlings_ = 0;
  std::map<FileKey, Entry> written_;
  std::map<std::string, Number> accounted_;  // by the path that is asked for
};

}  // namespace reloadrun::app
