#include "app/own_process.hpp"

#include <chrono>
#include <csignal>
#include <system_error>
#include <utility>

#include "base/format.hpp"
#include "proc/child.hpp"
#include "proc/spawn.hpp"
#include "proc/tree.hpp"

namespace reloadrun::app {
namespace {

// It reads at once, once it is woken.
constexpr Duration order_patience = std::chrono::seconds(1);

}  // namespace

OwnProcess::OwnProcess(Role role, const Self& self) {
  auto [ours, theirs] = Channel::make_pair(role);
  proc::Program program;
  program.file = self.file;
  program.arguments = self.arguments;
  program.environment = proc::environment_without({own_variables.begin(), own_variables.end()});
  program.environment.push_back(fmt::format("{}=true", run_main_variable));
  program.environment.push_back(fmt::format("{}={}", channel_variable, theirs.fd()));
  program.pid_variable = pid_variable;
  program.kept_fd = theirs.fd();
  program.parent_death_signal = SIGCONT;  // stopped, it could not stop what it has started
  const auto spawned = proc::spawn(program);
  if (spawned.error != 0) {
    throw std::system_error(spawned.error, std::generic_category(), "execute " + self.file);
  }
  channel_ = std::move(ours);
  pid_ = spawned.pid;
  handle_ = proc::open_process(spawned.pid);
  missed_a_signal_ = spawned.missed_a_signal;
}

void OwnProcess::order(const Order& order) {
  signal(SIGCONT);
  channel_.send(order, order_patience);
}

void OwnProcess::signal(int signal) const { proc::send_signal(handle_, signal); }

std::optional<Ending> OwnProcess::ending() const {
  const bool may_have_ended = channel_.closed() || readiness(handle_.get(), POLLIN) != 0;
  return may_have_ended ? proc::ending_of(pid_, handle_) : std::nullopt;
}

void OwnProcess::dismiss() const {
  signal(SIGKILL);
  while (!proc::ending_of(pid_, handle_)) {
    pollfd ended{handle_.get(), POLLIN, 0};
    wait_for({&ended, 1}, Clock::now() + proc::tree_recheck);
  }
}

}  // namespace reloadrun::app
