// Lets this thread act as another process while something is done on that one's behalf: what the
// other could not do fails here as well. By the kernel's own judgement, and so with access lists,
// sticky directories and whatever it will come to know.
//
// Of this thread alone: what glibc would tell all threads is asked of the kernel directly. Any
// thread; of several one after the other, and none inside of itself.
#pragma once

#include <memory>
#include <optional>

#include "net/identity.hpp"

namespace reloadrun::net {

/// Whether whatever this process may do by itself this one may do, too.
bool is_no_less_than_we(const Identity& who);

class ActingAs {
 public:
  /// What is not known (nullopt) cannot be acted as.
  explicit ActingAs(const std::optional<Identity>& who);
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;
  ~ActingAs();

  /// Whether whatever this thread may do now `who` may do, too: otherwise nothing is to be done for
  /// it. True without a change when we are no more than that.
  explicit operator bool() const { return acts_; }

 private:
  struct Change;

  std::unique_ptr<Change> change_;
  bool acts_ = false;
};

}  // namespace reloadrun::net
