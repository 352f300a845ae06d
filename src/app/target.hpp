// The target: COMMAND, started by a worker thread that then waits for it. Made and asked by the
// reloader's main thread, which hears of what happened through a descriptor.
//
// The worker is the thread that forks, for two reasons: the kernel kills COMMAND when that thread
// ends with its process, and the main thread is left free to look at the files.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/env_file.hpp"
#include "app/target_calls.hpp"
#include "base/clock.hpp"
#include "base/ending.hpp"
#include "base/event.hpp"
#include "base/fd.hpp"
#include "proc/child.hpp"
#include "proc/signals.hpp"
#include "proc/spawn.hpp"
#include "reloadrun/options.hpp"

namespace reloadrun::app {

/// The file that COMMAND names now, or the places where it may appear (see find_executable).
std::vector<std::string> executables_of(const Options& options);

/// Not to be destroyed while busy(): the worker cannot be called back (std::thread would terminate
/// the program). The reloader ends its process instead.
class Target {
 public:
  /// What the worker tells.
  struct News {
    enum class Kind { started, failed, ended } kind = Kind::failed;
    int error = 0;               ///< of a start that failed: errno of finding or executing COMMAND
    bool file_is_there = false;  ///< of a start that failed: whether there is such a file
    pid_t pid = 0;               ///< of COMMAND's process
    Ending ending;               ///< of one that ended
    Duration ran{0};             ///< of one that ended
    Fd handle;                   ///< of one that started: taken by next()
    bool missed_a_signal = false;  ///< of one that started: see Spawned
    /// Of one that started although its calls are not heard: errno of why.
    int unheard = 0;
    bool gains_rights = false;  ///< ... which it would not, if they were
  };

  /// `sockets`: of --listen, given to every COMMAND. `calls` hears of each start, and outlives
  /// this.
  Target(const Options& options, const proc::SignalsGiven& signals, std::vector<Fd> sockets,
         TargetCalls& calls);
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  /// Starts COMMAND as its `generation`th, because of `changed`, with `variables` over this
  /// process's environment; not while busy(). News follows.
  void start(std::uint64_t generation, const std::string& changed,
             const std::vector<Variable>& variables);

  /// The next start gives this socket in that place; see SocketOrder.
  void replace_socket(std::size_t place, Fd socket);

  /// Readable when there is news.
  [[nodiscard]] int fd() const { return wake_.fd(); }
  std::optional<News> next();

  /// Whether a start is under way or COMMAND runs, as far as next() has told.
  [[nodiscard]] bool busy() const { return state_ != State::idle; }
  /// Whether a start is under way, of which there is no news yet.
  [[nodiscard]] bool starting() const { return state_ == State::starting; }

  /// Of COMMAND's process, when it runs or was the last to run.
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// COMMAND's pid when it has missed a terminal's signal to this process group; 0 otherwise.
  [[nodiscard]] pid_t untold() const { return untold_; }

  /// Whether COMMAND's process runs and catches this signal.
  [[nodiscard]] bool catches(int signal) const;
  /// Sends a signal to COMMAND's process alone; `gone` when it does not run.
  proc::Sent forward(int signal) const;

 private:
  enum class State { idle, starting, running };

  [[nodiscard]] proc::Program program(std::uint64_t generation, const std::string& changed,
                                      const std::vector<Variable>& variables) const;
  void give_sockets(proc::Program& program) const;
  void work(proc::Program program);
  News execute(proc::Program& program) const;
  void tell(News news);

  const Options& options_;
  const proc::SignalsGiven signals_;
  TargetCalls& calls_;

  // The main thread's.
  std::vector<Fd> sockets_;   // for the next start
  std::vector<Fd> replaced_;  // since the last, which may be giving them still
  std::thread worker_;
  State state_ = State::idle;
  Fd handle_;  // of COMMAND's process, which is `pid_`; empty when it does not run
  pid_t pid_ = 0;
  pid_t untold_ = 0;

  // Shared with the worker.
  Event wake_;
  std::mutex mutex_;
  std::deque<News> news_;
};

}  // namespace reloadrun::app
