// A seccomp filter taken by a new process between vfork and exec, and its listener on the way to
// the parent: used inside this room, by spawn(), on the thread that it is called on. Or taken by a
// thread of this process.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "base/fd.hpp"

namespace reloadrun::proc {

/// Filters this thread, and what it starts from now on, with a listener that it puts in `listener`;
/// gives up the right to gain rights where there is no filter otherwise. Returns errno of what the
/// kernel has refused, or 0.
int filter_this_thread(const std::vector<sock_filter>& filter, Fd& listener);

class FilterWay {
 public:
  /// `filter` stays the caller's and outlives this. The new process may open what it wants below
  /// `lowest`, until it takes the filter. Throws std::system_error.
  FilterWay(const std::vector<sock_filter>& filter, int lowest);

  /// In the new process: takes the filter, with a listener that this sends to the parent, and gives
  /// up the right to gain rights where there is no filter otherwise. Async-signal-safe.
  void take() const;

  /// In the parent, when the new process has executed or ended: puts the listener in `listener`.
  /// Returns errno of what the kernel has refused, or 0. Throws std::system_error when no
  /// descriptor is left for the listener: the new process is filtered then, and heard by nobody.
  int receive(Fd& listener) const;

 private:
  sock_fprog filter_;
  Fd parents_;
  Fd childs_;
};

}  // namespace reloadrun::proc
