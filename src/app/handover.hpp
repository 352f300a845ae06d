// What outlives a generation: given by a reloader to its supervisor in one message before it exits
// with 3, and by the supervisor to the next reloader.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/env_file.hpp"
#include "base/clock.hpp"
#include "base/fd.hpp"
#include "core/restart_loop.hpp"
#include "net/kept_socket.hpp"
#include "proc/open_files.hpp"
#include "watch/pending.hpp"
#include "watch/rules.hpp"

namespace reloadrun::app {

struct OpenBurst {
  /// When it began. If the last generation had waited for another to be over before it stopped its
  /// target, dated back by that, as both together have the bound of one burst.
  TimePoint first;
  TimePoint last;  ///< when its latest change was noticed
  std::vector<watch::Pending::Item> changes;
};

/// What the target's tree was seen to open (--follow). Absolute paths without links.
struct FollowMemory {
  std::vector<std::string> files;     ///< that are watched, whether they are there or not
  std::vector<std::string> listings;  ///< directories in which new names are watched for
  std::vector<KnownFile> outputs;     ///< in the order in which they were first written
  bool told_unreachable = false;      ///< that some files cannot be followed
};

struct Handover {
  /// How often COMMAND was started so far: RELOADRUN_GENERATION counts on from here.
  std::uint64_t starts = 0;

  /// Whether the next start has been built for (--build): it waits for nothing.
  bool built = false;

  /// Whether the first start still waits (--postpone).
  bool postponed = false;

  /// The next start's RELOADRUN_CHANGED.
  std::string changed;

  /// When the first change of the restart that is going on was noticed, or it was asked for;
  /// nullopt at the first start.
  std::optional<TimePoint> since;

  /// The burst of changes that was not over when the last generation ended: the next start waits
  /// for its end.
  std::optional<OpenBurst> burst;

  /// Whether the last start came at the bound of a burst, not at its end. Until one has ended, the
  /// target goes on serving while it settles: who changes files without a pause has a server.
  bool cut_off = false;

  /// The restarts in a row that one file has caused.
  core::RestartLoop loop;

  /// Notices that are given once in the life of reloadrun.
  std::vector<std::string> told;

  Environment environment;

  /// The list of --files-from as it was when it was last right, once it was read again.
  std::optional<std::vector<std::string>> listed;

  /// Which look the snapshot has as its last: a snapshot of another number is not the one that
  /// these values go with.
  std::uint64_t look = 0;

  /// What the rules have read; the snapshot names it by numbers.
  watch::RulesMemory rules;

  /// What the last target's tree had open for writing when its stop began.
  std::vector<FileIdentity> held;

  /// What was its output, and was found closed a moment ago.
  std::vector<FileIdentity> closed;

  FollowMemory follow;

  /// Of the sockets that go with it, in their order (--keep-ports).
  std::vector<net::KeptValues> ports;
  /// How many descriptors these have.
  [[nodiscard]] std::size_t port_descriptors() const;

  /// Which working directory the snapshot was taken in (WorkingDirectory::number); 0: in none yet.
  std::uint64_t directory = 0;
};

/// What outlives a generation beside the values; -1 when there is none.
struct Descriptors {
  Fd snapshot;  ///< the arena with the snapshot
  Fd inotify;   ///< the instance that the snapshot's watches are numbers of
  /// Of each of Handover::ports its socket, and its directory if it has a path.
  std::vector<Fd> ports{};
};

/// `paths` one a line, those that `so_far` does not name yet added to it; cut at a whole line
/// within 4 KiB.
std::string changed_variable(const std::vector<std::string>& paths, std::string so_far = {});

}  // namespace reloadrun::app
