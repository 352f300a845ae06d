// Other processes: one that asks in our place, one that has a file open, and what one blocks.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace reloadrun::test {

/// Whether `asks` returns true in a new child, in a process group of its own. A child that ends
/// otherwise fails the test.
bool in_child(const std::function<bool()>& asks);

/// The same as an ordinary user, and as nobody's owner; to be called by root.
bool in_child_without_rights(const std::function<bool()>& asks);

/// Whether a process lets no Ctrl-Z through. Of reloadrun's, only the next reloader does, until it
/// begins.
bool blocks_stops(pid_t pid);

/// Whether a process's main thread is in this system call (SYS_ppoll).
bool is_in_call(pid_t pid, long number);

/// A child that has a file open, in a process group of its own, until this is destroyed.
class Holder {
 public:
  /// Returns when the file is open, with `flags` of open(2). `prepare` is called in the child
  /// before; when it forks and ends its own process, the new one goes on.
  Holder(
      const std::string& path, int flags, const std::function<void()>& prepare = [] {});
  ~Holder();
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t child_ = -1;
  pid_t pid_ = -1;
};

}  // namespace reloadrun::test
