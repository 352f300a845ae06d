// Hints by inotify: where something may have changed. They only wake a look, and say where to look
// first; stat() decides. Directories are watched, never files. Driven by the reloader's main
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace reloadrun::watch {

struct Hint {
  enum class Kind {
    entry,      ///< `name` in the directory was made, removed, renamed or closed by a writer
    written,    ///< it was written to, and perhaps more
    directory,  ///< as `entry`, and `name` is or was a directory
    itself,     ///< the directory was moved, removed or unmounted; its watch may be gone
    anywhere    ///< events were lost
  } kind = Kind::anywhere;
  int watch = -1;
  std::string name{};
};

class Hints {
 public:
  /// Half of the watches that the user may have: editors need the rest.
  static std::size_t fair_share();
  /// Watches so many directories at most. Throws std::system_error when the user has no inotify
  /// instance left.
  explicit Hints(std::size_t most = fair_share());
  /// Whether this is an inotify instance.
  static bool is_inotify(const Fd& file);
  /// Goes on with an inotify instance that has so many watches, the latest of this number.
  Hints(Fd inotify, std::size_t count, int latest, std::size_t most = fair_share());

  /// Readable when there are hints.
  [[nodiscard]] int fd() const { return inotify_.get(); }

  /// Watches this open directory; the same directory again has the same number. -1 when the user's
  /// watches are used up, or those that we may have, or the file system has no inotify at all.
  int add(int directory);
  /// Lets go of one that add() has given; it may be gone already.
  void remove(int watch);

  /// Everything that has come by now, each hint once.
  std::vector<Hint> read();

  /// How many directories are watched.
  [[nodiscard]] std::size_t count() const { return count_; }
  /// Whether add() has failed for want of watches.
  [[nodiscard]] bool exhausted() const { return exhausted_; }

 private:
  Fd inotify_;
  const std::size_t most_;
  std::size_t count_ = 0;
  int latest_ = 0;  // the kernel counts up: a number up to this is that of an older watch
  bool exhausted_ = false;
};

}  // namespace reloadrun::watch
