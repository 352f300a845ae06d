#include "helpers/fixture.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "app/channel.hpp"
#include "base/fd.hpp"
#include "helpers/processes.hpp"
#include "proc/child.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

pid_t awaited_child(const std::string& which, pid_t parent, const std::function<bool(pid_t)>& is) {
  pid_t found = -1;
  eventually(which, [&] {
    const auto children = proc::children_of(parent);
    const auto child = std::ranges::find_if(children, is);
    if (child != children.end()) found = *child;
    return found > 0;
  });
  return found;
}

std::string names_of_the_left() {
  std::string names;
  for (const auto& [process, refused] : proc::TreeStop().left()) {
    names += process.name + " (" + std::to_string(process.pid) + ") ";
  }
  return names;
}

}  // namespace

EndToEnd::EndToEnd() {
  ::signal(SIGPIPE, SIG_IGN);
  proc::become_subreaper();
}

void EndToEnd::TearDown() {
  EXPECT_TRUE(proc::no_child_left()) << "left behind: " << names_of_the_left();
  proc::TreeStop().kill();
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}

void EndToEnd::wait_until_nothing_is_left() {
  eventually("nothing is left", [] {
    while (proc::reap_any()) {
    }
    return proc::no_child_left();
  });
}

Invocation EndToEnd::reloadrun(const Words& options, const Words& command) const {
  Words arguments{reloadrun_path(), "--interval", "20ms"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), command.begin(), command.end());
  return {.arguments = arguments, .directory = place.work()};
}

Words EndToEnd::target(const Words& orders) const {
  Words command{test_target_path(), reports.path()};
  command.insert(command.end(), orders.begin(), orders.end());
  return command;
}

void EndToEnd::end(Program& program) {
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

std::size_t EndToEnd::count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

bool EndToEnd::is_alive(int pid) { return ::kill(pid, 0) == 0; }

void EndToEnd::wait_until_unreaped(pid_t pid) {
  eventually("its end", [pid] {
    const auto thread = proc::thread_of(pid);
    return thread && thread->state == 'Z';
  });
}

pid_t EndToEnd::only_child_of(pid_t parent) {
  eventually("a child", [&] { return proc::children_of(parent).size() == 1; });
  return *proc::children_of(parent).begin();
}

pid_t EndToEnd::reloader_below(pid_t supervisor) {
  return awaited_child("a reloader", supervisor, [](pid_t pid) { return !blocks_stops(pid); });
}

pid_t EndToEnd::successor_below(pid_t supervisor) {
  const auto waits = [](pid_t pid) {
    const std::string environment = read_kernel_file("/proc/" + std::to_string(pid) + "/environ");
    const bool was_executed = environment.find(app::channel_variable) != std::string::npos;
    return was_executed && blocks_stops(pid);
  };
  return awaited_child("the next reloader", supervisor, waits);
}

}  // namespace reloadrun::test
