// The parent: starts the reloader, starts it again when it ends with 3, and otherwise ends as it
// ended; with --build it starts the builder before. It reads the user's signals and speaks to the
// user, and does nothing that could block or break, since everything that must not die with a
// generation lies here.
//
// supervisor.cpp has its life, supervisor_end.cpp how it ends, supervisor_options.cpp what it does
// about an edited reloadrun.toml, supervisor_guest.cpp what is different in the first process of a
// program that reloads itself.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/guest.hpp"
#include "app/loaded_files.hpp"
#include "app/own_process.hpp"
#include "app/settings.hpp"
#include "app/working_directory.hpp"
#include "base/clock.hpp"
#include "base/ending.hpp"
#include "base/fd.hpp"
#include "net/listen.hpp"
#include "proc/signals.hpp"
#include "proc/terminal.hpp"
#include "proc/tree.hpp"
#include "reloadrun/error.hpp"
#include "reloadrun/options.hpp"

namespace reloadrun::app {

class Supervisor {
 public:
  /// `settings`: the options that it begins with. `environment`: what the env files give. `guest`:
  /// the program whose process this is, which outlives this; null when reloadrun's own. Blocks the
  /// signals that it reads from now on, listens, and starts the thread that writes to stderr.
  /// Throws Error when it cannot listen.
  Supervisor(Settings settings, Self self, std::vector<Variable> environment, const Guest* guest);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Runs reloaders until one is not to be started again; returns how reloadrun is to end.
  Ending run();

 private:
  // What a reloader that obeys needs on top of --stop-timeout.
  static constexpr Duration reloader_grace = std::chrono::seconds(3);

  [[nodiscard]] Channel& channel() { return reloader_->channel(); }
  void speak() const;
  void start_builder();
  void renew_options();
  void tell_notices(std::vector<std::string> notices);
  [[nodiscard]] bool start_reloader();
  void ready_successor();
  void dismiss_successor();
  void attend();
  void take_signals();
  void take_stop_signal(const signalfd_siginfo& signal);
  void take_reports();
  void take_builders_reports();
  void take_ended_children();
  void take_kept_ends();
  [[nodiscard]] Deadline kept_recheck() const;
  void reopen_sockets();
  void note_lost_builder();
  void note_strangers();
  void take_progress(Progress progress);
  [[nodiscard]] bool goes_on_after_its_end();
  [[nodiscard]] bool execute_reloader();
  void wait_for_program();
  [[nodiscard]] bool is_another_program() const;
  [[nodiscard]] std::optional<Ending> conclude();
  void do_without_handover();
  void let_go_of_ports();
  void end_builder();
  void sweep();
  [[nodiscard]] std::set<pid_t> spared() const;
  bool wait_until_gone(const proc::TreeStop& tree, TimePoint until,
                       const std::function<void()>& step, const std::function<bool()>& enough);

  Settings settings_;
  const Options& options_;
  std::vector<std::string> told_notices_;  // of settings, ours or the builder's: those that hold
  WorkingDirectory directory_;
  const Self self_;
  const Guest* const guest_;
  const proc::SignalsGiven given_;
  /// Gives a guest's process back as it was, also when it cannot be supervised.
  struct GivesBack {
    const bool is_guest;
    const bool was_subreaper;
    const proc::SignalsGiven& signals;
    ~GivesBack();
  } gives_back_;
  proc::SignalFd signals_;
  net::Listeners sockets_;
  proc::Terminal terminal_;

  // Of the reloader that runs now, or ran last.
  std::optional<OwnProcess> reloader_;
  std::optional<Ending> reloader_ended_;
  std::optional<Farewell> farewell_;
  std::optional<Error> failure_;
  bool handed_over_ = false;

  // The same, of a guest's: what it was executed from, and how far it has come.
  std::optional<LoadedFile> program_;
  bool begun_ = false;
  bool noticed_ = false;
  bool exits_ = false;

  // The next one, executed ahead: it waits.
  std::optional<OwnProcess> successor_;

  // With --build; until the end.
  std::optional<OwnProcess> builder_;
  std::optional<Ending> builder_ended_;
  bool builder_lost_ = false;  // it has ended before its time
  Fd builds_;                  // the reloaders' end of the socket to it

  Handover handover_;
  Descriptors with_;           // what goes with it
  std::set<pid_t> strangers_;  // children that do not descend from a reloader
  std::set<pid_t> newcomers_;  // all children, a second ago
  TimePoint next_strangers_;
  const bool may_have_strangers_;
  std::optional<TimePoint> stop_asked_;
  bool kill_asked_ = false;
  Deadline give_up_;  // when a reloader that was told to end is killed
};

/// Runs this process as the supervisor and ends like what it supervised: returns the exit status,
/// or does not return when it ends by a signal. Throws Error when COMMAND cannot be started at
/// first, or a guest cannot go on.
int supervise(Settings settings, Self self, std::vector<Variable> environment,
              const Guest* guest = nullptr);

}  // namespace reloadrun::app
