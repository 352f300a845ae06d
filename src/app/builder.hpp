// The process that builds (--build): it runs `sh -c CMD` when the reloader asks, and keeps what the
// reloader cannot, since a build's daemons and what is known of its files outlive a generation.
// Executed once by the supervisor, and told by it to end when the user asks, or else after the last
// reloader; everything on its main thread.
//
// As a subreaper it is an ancestor of whatever a build starts, and of nothing else: so a build's
// tree is told from the target's by descent alone.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/build_link.hpp"
#include "app/channel.hpp"
#include "app/settings.hpp"
#include "app/working_directory.hpp"
#include "app/written_files.hpp"
#include "base/clock.hpp"
#include "net/notifier.hpp"
#include "proc/child.hpp"
#include "proc/signals.hpp"
#include "proc/tree.hpp"

namespace reloadrun::app {

class Builder {
 public:
  /// `begin` as received from `channel`. `read_options`: for what the configuration file says when
  /// a build begins.
  Builder(Channel channel, Begin begin, ReadOptions read_options);

  /// Serves until the supervisor wants its end, or has gone, and nothing is left of all builds.
  /// Returns the status to end the process with.
  int run();

 private:
  void attend();
  void take_orders();
  void take_requests();
  void take_writes();
  void take_writes_from(net::Notifier& notifier);
  void take_ended_children();
  void take_time();

  void order_build(std::uint64_t number);
  void start_build(std::uint64_t number);
  void stop_build();
  void tell_build_over(int error);
  void end(bool group_was_told);
  void stop(proc::TreeStop tree);
  void kill();
  void stopped();

  /// One that was started and has not ended, or is being stopped.
  struct Build {
    std::uint64_t number = 0;  ///< of the order
    pid_t pid = -1;            ///< of its shell
    TimePoint begun;
    bool missed_a_signal = false;
    Fd handle{};  ///< of its shell; empty where no descriptor could be had
    std::optional<Ending> ended{};
  };
  /// Of a tree that is being stopped: the build's, or at the end all that is left.
  struct Stop {
    proc::TreeStop tree;
    TimePoint kill_at;
    bool killing = false;
    Deadline give_up_at{};
    TimePoint next_walk{};  ///< through the tree
  };

  Channel channel_;
  Settings settings_;
  const Options& options_;
  WorkingDirectory directory_;
  const proc::SignalsGiven signals_;
  BuildService service_;
  proc::SignalFd ended_children_;
  WrittenFiles written_;
  std::vector<net::Notifier> notifiers_;  // one of each build of which something is left
  std::optional<Build> build_;
  std::set<pid_t> daemons_;  // what earlier builds had left when it began
  std::optional<Stop> stop_;
  std::optional<std::uint64_t> next_build_;  // ordered while one was running
  bool ending_ = false;
  bool ended_ = false;
};

/// Runs this process as the builder that `channel` was given to. Returns its exit status.
int build(Channel channel, const ReadOptions& read_options);

}  // namespace reloadrun::app
