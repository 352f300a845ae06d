// The main function of a program that reloads itself as the target: called once by the worker
// thread, in this very process, which ends with it or soon after.
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "app/guest.hpp"
#include "app/loaded_files.hpp"
#include "app/target.hpp"
#include "app/target_calls.hpp"
#include "base/event.hpp"
#include "base/fd.hpp"
#include "proc/signals.hpp"

namespace reloadrun::app {

class MainTarget final : public Target {
 public:
  /// `signals`: as the program was started with, for the main function. `calls` and `loaded`
  /// outlive this, and so does `guest`.
  MainTarget(const Guest& guest, const proc::SignalsGiven& signals, std::vector<Fd> sockets,
             TargetCalls& calls, const LoadedFiles& loaded);

  void replace_socket(std::size_t place, Fd socket) override;
  /// It runs once in a process, and only as long as the process is what lies at its path.
  [[nodiscard]] bool is_spent() const override { return was_started_ || loaded_.any_replaced(); }
  void look_again() override {}
  void ask_to_end() override;
  void give_up() override;
  [[nodiscard]] bool catches(int) const override { return false; }
  [[nodiscard]] proc::Sent forward(int signal) const override;

 private:
  std::function<void()> work_for(const Start& start) override;
  class TellsEnd;
  void work();
  News announce() const;
  void call_main(News& end);

  const Guest& guest_;
  const proc::SignalsGiven signals_;
  TargetCalls& calls_;
  const LoadedFiles& loaded_;
  bool was_started_ = false;
  Event asked_to_end_;
  std::stop_source stop_;
};

}  // namespace reloadrun::app
