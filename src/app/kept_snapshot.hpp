// The snapshot, in an arena that outlives this generation where the system gives one. Driven by the
// observer on the reloader's main thread.
#pragma once

#include "base/arena.hpp"
#include "base/fd.hpp"
#include "watch/snapshot.hpp"

namespace reloadrun::app {

class KeptSnapshot {
 public:
  /// Takes over the last generation's, which `arena` holds. Without one, or when it is foreign or
  /// torn, begins with an empty snapshot. From then on the arena is where polymorphic containers
  /// live by default: there is one KeptSnapshot in a process.
  explicit KeptSnapshot(Fd arena);

  /// Whether it is the last generation's, with all that was seen.
  [[nodiscard]] bool is_taken_over() const { return taken_over_; }
  watch::Snapshot& get() { return *snapshot_; }

  /// An empty one, until replace_by() has it take the place of the first.
  watch::Snapshot* another();
  void replace_by(watch::Snapshot* other);

  /// To be called after a long look: an end costs the same then, however much was looked at.
  void let_go_of_pages() const {
    if (arena_ != nullptr) Arena::unmap_large_blocks();
  }

  /// The arena's; -1: it cannot be handed over.
  [[nodiscard]] int fd() const { return arena_ != nullptr ? arena_->fd() : -1; }

 private:
  Arena* arena_;
  watch::Snapshot* snapshot_ = nullptr;  // in the arena, or left to the end of the process
  bool taken_over_ = false;
};

}  // namespace reloadrun::app
