// COMMAND as the target: a process, which the worker thread starts and then waits for.
//
// The worker is the thread that forks since the kernel kills COMMAND when that thread ends with its
// process.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/target.hpp"
#include "app/target_calls.hpp"
#include "base/ending.hpp"
#include "base/event.hpp"
#include "base/fd.hpp"
#include "proc/signals.hpp"
#include "proc/spawn.hpp"
#include "reloadrun/options.hpp"

namespace reloadrun::app {

/// The file that COMMAND names now, or the places where it may appear (see find_executable).
std::vector<std::string> executables_of(const Options& options);

class CommandTarget final : public Target {
 public:
  /// `sockets`: of --listen, given to every COMMAND. `calls` hears of each start, and outlives
  /// this.
  CommandTarget(const Options& options, const proc::SignalsGiven& signals, std::vector<Fd> sockets,
                TargetCalls& calls);

  void replace_socket(std::size_t place, Fd socket) override;
  [[nodiscard]] bool is_spent() const override { return false; }
  void look_again() override { look_again_.set(); }
  void ask_to_end() override {}
  void give_up() override {}
  [[nodiscard]] bool catches(int signal) const override;
  [[nodiscard]] proc::Sent forward(int signal) const override;

 private:
  std::function<void()> work_for(const Start& start) override;
  [[nodiscard]] proc::Program program(const Start& start) const;
  void give_sockets(proc::Program& program) const;
  void work(proc::Program program);
  News execute(proc::Program& program) const;
  [[nodiscard]] Ending wait_for_end(pid_t pid) const;

  const Options& options_;
  const proc::SignalsGiven signals_;
  TargetCalls& calls_;
  Event look_again_;  // of the main thread's to the worker

  // The main thread's.
  std::vector<Fd> sockets_;   // for the next start
  std::vector<Fd> replaced_;  // since the last, which may be giving them still
};

}  // namespace reloadrun::app
