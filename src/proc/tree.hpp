// The tree of processes below this one: found by descent through /proc, signalled by pidfd, walked
// again until none is left. Works because this process is a child subreaper: a descendant whose
// parent dies becomes a child of ours and cannot get away, whatever session or group it made.
//
// Driven by whoever stops a tree (the reloader; the builder; the supervisor when its reloader
// died), on its main thread.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "proc/signals.hpp"
#include "proc/stat.hpp"
#include "proc/worker.hpp"

namespace reloadrun::proc {

/// Whether this process adopts its orphaned descendants.
bool is_subreaper();
void set_subreaper(bool adopts);
/// Makes it so.
inline void become_subreaper() { set_subreaper(true); }

/// How often to walk a tree that is being stopped: nothing tells of what is born or orphaned in it.
inline constexpr Duration tree_recheck = std::chrono::milliseconds(50);

/// The pids of a process's children of all its threads, ended but not reaped ones too. From
/// /proc/PID/task/TID/children.
std::set<pid_t> children_of(pid_t parent);

/// The same by reading every process's parent: for a kernel without CONFIG_PROC_CHILDREN.
std::set<pid_t> children_by_scan(pid_t parent);

/// Every live process below this one, parents before children; those of `spared` are left out, with
/// all below them. One that /proc hides has a pid and a parent, and no more.
std::vector<Process> descendants(const std::set<pid_t>& spared = {});

/// Whether nobody below this process is alive but `spared` and what is below them. The ended are to
/// be reaped after that, as far as a debugger lets go of their remains.
bool none_alive_but(const std::set<pid_t>& spared);

/// Stopping one tree, from the first request to the last KILL.
class TreeStop {
 public:
  /// `spared`: children of this process that, with all below them, are no part of the tree.
  /// `workers_of`: the signal state that it was started with; then workers are left to who has
  /// forked them and answers the signal (see proc/worker). Without, everybody is asked, as by
  /// Ctrl-C.
  explicit TreeStop(std::set<pid_t> spared = {}, std::optional<SignalsGiven> workers_of = {})
      : spared_(std::move(spared)), workers_of_(workers_of) {}

  /// Sends `signal` to every process of the tree but workers. When `group_was_told`, not to those
  /// in this process's own group: a terminal has told them already, all but `untold` (0: none).
  void ask(int signal, bool group_was_told = false, pid_t untold = 0);

  /// To be called whenever a child has ended, what wait_with() adds is readable, and from time to
  /// time: asks those that have become orphans since, or workers no more, or whose master waits
  /// for them untold, and wakes those that are stopped. What was born during the stop and still has
  /// its parent is left alone: it may be part of an orderly end (the cleanup in a shell's trap).
  void ask_again();

  /// Adds what tells that somebody to whom workers were left has ended.
  void wait_with(std::vector<pollfd>& descriptors) const;

  /// Kills every process of the tree, walk after walk, until one finds nobody new. In a tree that
  /// goes on forking that may not be the last: to be called again while some are left, after the
  /// ended ones were reaped.
  void kill();

  struct Left {
    Process process;
    bool may_not_be_signalled = false;
  };
  /// Forgets that this process was asked, so that ask_again() asks it.
  void forget(pid_t pid);

  /// Those that are alive now.
  [[nodiscard]] std::vector<Left> left() const;

 private:
  using Identity = std::pair<pid_t, std::uint64_t>;
  static Identity identity(const Process& process) { return {process.pid, process.start_time}; }

  /// Left to its parent.
  struct Worker {
    pid_t master = 0;
    Image image;
    TimePoint left_at;
    std::optional<std::uint64_t> switches_then;
  };
  void leave(const Process& process, Image image);
  [[nodiscard]] bool is_left(const Process& process) const;
  [[nodiscard]] bool is_untold(const Process& process) const;
  void forget_ended_masters();

  std::set<pid_t> spared_;
  std::optional<SignalsGiven> workers_of_;
  std::set<Identity> asked_;
  std::map<Identity, Worker> workers_;
  std::map<pid_t, Fd> masters_;  // of those workers
  int signal_ = 0;
};

}  // namespace reloadrun::proc
