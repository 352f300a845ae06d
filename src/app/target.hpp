// The target: what a worker thread runs, and waits for. Made and asked by the reloader's main
// thread, which hears of what happened through a descriptor, and is left free to look at the files.
//
// What that is differs: COMMAND (app/command_target), or the main function of a program that
// reloads itself (app/main_target).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/env_file.hpp"
#include "base/clock.hpp"
#include "base/ending.hpp"
#include "base/event.hpp"
#include "base/fd.hpp"
#include "proc/child.hpp"

namespace reloadrun::app {

/// What a target sees of why it is started.
inline constexpr auto generation_variable = "RELOADRUN_GENERATION";
inline constexpr auto changed_files_variable = "RELOADRUN_CHANGED";

/// Not to be destroyed while busy(): the worker cannot be called back (std::thread would terminate
/// the program). The reloader ends its process instead.
class Target {
 public:
  /// What the worker tells.
  struct News {
    enum class Kind { started, failed, ended } kind = Kind::failed;
    int error = 0;               ///< of a start that failed: errno of finding or executing COMMAND
    bool file_is_there = false;  ///< of a start that failed: whether there is such a file
    pid_t pid = 0;               ///< of the process in which it runs
    Ending ending;               ///< of one that ended
    Duration ran{0};             ///< of one that ended
    std::string fault{};         ///< of a main function that ended by an exception: what it says
    Fd handle;                   ///< of a process of its own that started: taken by next()
    bool missed_a_signal = false;  ///< of one that started: see Spawned
    /// Of one that started although its calls are not heard: errno of why.
    int unheard = 0;
    bool gains_rights = false;  ///< ... which it would not, if they were
  };
  /// What a start is told.
  struct Start {
    std::uint64_t generation = 0;
    std::string changed;              ///< that has led to it
    std::vector<Variable> variables;  ///< over this process's environment
  };

  Target() = default;
  virtual ~Target() = default;
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  /// Not while busy(). News follows.
  void start(const Start& start);

  /// Readable when there is news.
  [[nodiscard]] int fd() const { return wake_.fd(); }
  std::optional<News> next();

  /// Whether a start is under way or the target runs, as far as next() has told.
  [[nodiscard]] bool busy() const { return state_ != State::idle; }
  /// Whether a start is under way, of which there is no news yet.
  [[nodiscard]] bool starting() const { return state_ == State::starting; }

  /// Of the process in which it runs, or was the last to run.
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// COMMAND's pid when it has missed a terminal's signal to this process group; 0 otherwise.
  [[nodiscard]] pid_t untold() const { return untold_; }

  /// The next start gives this socket in that place; see SocketOrder.
  virtual void replace_socket(std::size_t place, Fd socket) = 0;

  /// Whether a start takes a new process: this one cannot run it (again).
  [[nodiscard]] virtual bool is_spent() const = 0;

  /// While it is being stopped, from time to time: it may have ended, and nothing has told of that
  /// (see proc::ending_of).
  virtual void look_again() = 0;

  /// Asks it to end, beside the signals that the processes of its tree get.
  virtual void ask_to_end() = 0;
  /// It was given its time. Whoever cannot be killed counts as ended from now on.
  virtual void give_up() = 0;

  /// Whether that has come to be.
  [[nodiscard]] bool left_behind() const { return left_behind_; }

  /// Whether it runs and catches this signal.
  [[nodiscard]] virtual bool catches(int signal) const = 0;
  /// Sends it a signal, and not to those that it has started; `gone` when it does not run.
  [[nodiscard]] virtual proc::Sent forward(int signal) const = 0;

 protected:
  /// What the worker is to do: it tells of the start, and then of the end if it has started.
  virtual std::function<void()> work_for(const Start& start) = 0;

  /// By the worker.
  void tell(News news);

  /// The worker is not waited for any more.
  void abandon_worker();

  // The main thread's.
  Fd handle_;  // of a process of its own; empty when none runs

 private:
  enum class State { idle, starting, running };

  std::thread worker_;
  State state_ = State::idle;
  pid_t pid_ = 0;
  pid_t untold_ = 0;
  bool left_behind_ = false;

  // Shared with the worker.
  Event wake_;
  std::mutex mutex_;
  std::deque<News> news_;
};

}  // namespace reloadrun::app
