// What the supervisor and the processes that it executes say to each other over their private
// sockets. Plain values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/handover.hpp"
#include "base/clock.hpp"
#include "base/ending.hpp"
#include "base/fd.hpp"
#include "proc/signals.hpp"
#include "reloadrun/options.hpp"

// For app/wire; each in the namespace of its struct, where it is looked up.
namespace reloadrun {

template <class Archive>
void members(Archive& a, SoftRule& rule) {
  a(rule.pattern, rule.signal);
}
template <class Archive>
void members(Archive& a, Options& o) {
  // Named by all of them, so that an option that is not handed down does not compile.
  auto& [command, config_file, config_lines, watch, watch_directory, files_from, listed, extensions,
         ignore, filters, use_ignore_files, use_default_ignores, env_files, content, watcher,
         interval, settle, soft, build, listen, stop_signal, stop_timeout, on_exit, postpone,
         keep_ports, follow, clear, list, list_null, explain, verbosity, color] = o;
  a(command, config_file, config_lines, watch, watch_directory, files_from, listed, extensions,
    ignore, filters, use_ignore_files, use_default_ignores, env_files, content, watcher, interval,
    settle, soft, build, listen, stop_signal, stop_timeout, on_exit, postpone, keep_ports, follow,
    clear, list, list_null, explain, verbosity, color);
}
template <class Archive>
void members(Archive& a, Ending& e) {
  a(e.by_signal, e.value, e.core_dumped, e.unknown);
}
template <class Archive>
void members(Archive& a, FileIdentity& file) {
  a(file.device, file.inode, file.born);
}
template <class Archive>
void members(Archive& a, FileKey& key) {
  a(key.file, key.name);
}
template <class Archive>
void members(Archive& a, KnownFile& file) {
  a(file.path, file.keys);
}
namespace watch {
template <class Archive>
void members(Archive& a, RuleFileState& s) {
  a(s.exists, s.device, s.inode, s.size, s.ctime_seconds, s.ctime_nanoseconds);
}
template <class Archive>
void members(Archive& a, Stamp& s) {
  a(s.mtime_seconds, s.mtime_nanoseconds, s.size, s.inode, s.content, s.runnable);
}
template <class Archive>
void members(Archive& a, Pending::Item& item) {
  Change& change = item.change;
  a(change.kind, change.path, change.before, change.after, change.rewritten, item.missing_since);
}
template <class Archive>
void members(Archive& a, RulesMemory::OneScope& one) {
  a(one.is_default, one.source, one.directory, one.text, one.ignores_case, one.state, one.outer);
}
template <class Archive>
void members(Archive& a, RulesMemory::Around& one) {
  a(one.full, one.scope, one.read, one.is_root);
}
template <class Archive>
void members(Archive& a, RulesMemory& memory) {
  a(memory.scopes, memory.outer, memory.kept);
}
}  // namespace watch
namespace net {
template <class Archive>
void members(Archive& a, Address& address) {
  a(address.bytes);
}
template <class Archive>
void members(Archive& a, Identity& identity) {
  auto& [user, group, file_user, file_group, groups, capabilities, user_namespace] = identity;
  a(user, group, file_user, file_group, groups, capabilities, user_namespace);
}
template <class Archive>
void members(Archive& a, KeptValues& values) {
  auto& [asked, rights, backlog, file, name, debtor] = values;
  a(asked, rights.identity, rights.network_namespace, backlog, file.device, file.inode, name,
    debtor);
}
}  // namespace net
namespace core {
template <class Archive>
void members(Archive& a, RestartLoop& loop) {
  a(loop.path, loop.times, loop.told);
}
}  // namespace core
}  // namespace reloadrun

namespace reloadrun::app {

/// What a reloader, or the builder, begins with.
struct Begin {
  Options options;
  /// What the configuration file had when they were read: see Reloader::has_other_settings().
  std::optional<std::string> config_text;
  std::string directory;       ///< the working directory's name
  std::string directory_path;  ///< ... and its path, as far as it was known
  proc::SignalsGiven signals;
  Handover handover;
  Descriptors with{};
  /// With --build: an end of the socket between reloaders and builder (app/build_link).
  Fd builds{};
  /// One for each --listen.
  std::vector<Fd> sockets{};
};

// From the supervisor ----------------------------------------------------------------------------

/// The user wants reloadrun to end. `group_was_told`: a terminal has sent the signal to the whole
/// process group, so the target, or the build, has had it.
struct StopOrder {
  bool group_was_told = false;
};
struct KillOrder {};     ///< ... at once
struct RestartOrder {};  ///< the user wants the target restarted
struct ForwardOrder {    ///< the user wants COMMAND's process to have this signal
  int signal = 0;
};
/// The next start of COMMAND is to get this socket in the place of the one that it had.
struct SocketOrder {
  std::size_t place = 0;
  Fd socket;
};
using Order = std::variant<StopOrder, KillOrder, RestartOrder, ForwardOrder, SocketOrder>;

// From the reloader, and from the builder ---------------------------------------------------------

/// A line for the user; see base/log.
struct Line {
  int level = 0;
  std::string text;
};
/// From the builder alone: what there is to tell of the configuration file, as it was when a build
/// began. The supervisor tells it, and not again when it reads the same.
struct Notices {
  std::vector<std::string> lines;
};
/// COMMAND was started, so that all that is left to this reloader is to end some day: the next one
/// may be executed.
struct Running {};
/// Of a program that reloads itself, which may end at any moment, and its reloader with it: what
/// the supervisor is to know then.
struct Progress {
  enum class Step {
    begun,    ///< run() was called
    noticed,  ///< something has changed, which the next start answers
    handled,  ///< ... or not: the program has answered it
    exits     ///< the program has called std::exit(): whatever the status is, it is no reload
  } step = Step::begun;
};
/// The last message before an end that is no reload. With an ending, the target's: reloadrun is to
/// end likewise; without, the user asked for the end.
struct Farewell {
  std::optional<Ending> like;
};
/// The last message of a reloader that could not start COMMAND for the first time: an Error.
struct Failure {
  std::string what_is_wrong;
  std::string what_to_do;
  int exit_status = 0;
};
using Report = std::variant<Line, Notices, Running, Progress, Farewell, Failure>;
/// The last message before exit 3; it goes in a memory file, with descriptors.
struct HandedOver {
  Handover values;
  Descriptors with;
};
using Received = std::variant<Line, Notices, Running, Progress, Farewell, Failure, HandedOver>;

// ------------------------------------------------------------------------------------------------

template <class Archive>
void members(Archive& a, Variable& variable) {
  a(variable.name, variable.value);
}
template <class Archive>
void members(Archive& a, Environment& environment) {
  a(environment.variables, environment.fault);
}
template <class Archive>
void members(Archive& a, OpenBurst& burst) {
  a(burst.first, burst.last, burst.changes);
}
template <class Archive>
void members(Archive& a, FollowMemory& follow) {
  a(follow.files, follow.listings, follow.outputs, follow.told_unreachable);
}
template <class Archive>
void members(Archive& a, Handover& h) {
  a(h.starts, h.built, h.postponed, h.changed, h.since, h.burst, h.cut_off, h.loop, h.told,
    h.environment, h.listed, h.look, h.rules, h.held, h.closed, h.follow, h.ports, h.directory);
}
template <class Archive>
void members(Archive& a, Begin& b) {
  a(b.options, b.config_text, b.directory, b.directory_path, b.signals.mask,
    b.signals.child_ignored, b.handover);
}
template <class Archive>
void members(Archive& a, StopOrder& order) {
  a(order.group_was_told);
}
template <class Archive>
void members(Archive&, KillOrder&) {}
template <class Archive>
void members(Archive&, RestartOrder&) {}
template <class Archive>
void members(Archive& a, ForwardOrder& order) {
  a(order.signal);
}
template <class Archive>
void members(Archive& a, SocketOrder& order) {
  a(order.place);
}
template <class Archive>
void members(Archive& a, Line& line) {
  a(line.level, line.text);
}
template <class Archive>
void members(Archive& a, Notices& notices) {
  a(notices.lines);
}
template <class Archive>
void members(Archive&, Running&) {}
template <class Archive>
void members(Archive& a, Progress& progress) {
  a(progress.step);
}
template <class Archive>
void members(Archive& a, Farewell& farewell) {
  a(farewell.like);
}

template <class Archive>
void members(Archive& a, Failure& failure) {
  a(failure.what_is_wrong, failure.what_to_do, failure.exit_status);
}

}  // namespace reloadrun::app
