// Processes by descriptor (pidfd), which cannot come to mean another process, and waiting for one's
// own children.
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>

#include "base/ending.hpp"
#include "base/fd.hpp"

namespace reloadrun::proc {

/// Empty when there is no such process. Throws std::system_error when no descriptor can be had.
Fd open_process(pid_t pid);

enum class Sent { yes, gone, refused };

/// Signal 0 only asks. `refused`: the process is there, but this user may not signal it.
Sent send_signal(const Fd& process, int signal);

/// Waits, without an end, for this child of this process, and reaps it.
Ending wait_for_child(pid_t pid);

struct Reaped {
  pid_t pid = -1;
  Ending ending;
};

/// Reaps one child that has ended, whichever; nullopt when none has now.
std::optional<Reaped> reap_any();

/// Whether this child has ended, all its threads, and is still to be reaped. One system call: where
/// a tree forks on and on, more than a few for each that has ended lose the race against it.
bool has_ended(pid_t child);

/// Reaps this child if it has ended, and no other; nullopt when it has not.
std::optional<Ending> reap(pid_t pid);

/// How a child has ended, which is reaped if it can be; nullopt while it lives. Who traces it (a
/// debugger) may keep its remains, so that it cannot: then by what /proc says, and it is to be
/// reaped when the tracer lets go, of which SIGCHLD tells. `handle`: its own, readable when it has
/// ended, but for threads whose ends its tracer has not taken note of, of which nothing tells.
std::optional<Ending> ending_of(pid_t child, const Fd& handle);

/// Reaps every ended child that the calling thread did not start another thread for: called on the
/// main thread, those that were adopted when their parents died (the kernel gives them to the main
/// thread), and never the COMMAND that the worker thread waits for.
void reap_adopted();
/// The same, but for `spared`.
void reap_adopted(const std::set<pid_t>& spared);

/// Reaps every ended child of any thread, but for `spared`.
void reap_all_but(const std::set<pid_t>& spared);

/// Whether this process has no child at all, of any thread. For a subreaper that means: no
/// descendant.
bool no_child_left();

}  // namespace reloadrun::proc
