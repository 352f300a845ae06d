#include "app/command_target.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "app/channel.hpp"
#include "base/format.hpp"
#include "base/log.hpp"
#include "net/listen_address.hpp"
#include "proc/child.hpp"
#include "proc/executable.hpp"

namespace reloadrun::app {
namespace {

// LISTEN_PIDFDID is what systemd 258 gives besides.
constexpr std::array listen_variables{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
                                      "LISTEN_PIDFDID"};

// Home, then erase the screen; what scrolled off it stays.
constexpr auto clear_screen = "\033[H\033[2J";

/// Where a screen can be cleared: stderr, or else stdout, if one is a terminal.
int screen() {
  for (const int fd : {STDERR_FILENO, STDOUT_FILENO}) {
    if (log::understands_escapes(fd)) return fd;
  }
  return -1;
}

}  // namespace

std::vector<std::string> executables_of(const Options& options) {
  if (options.command.empty()) return {};
  return proc::find_executable(options.command.front()).candidates;
}

CommandTarget::CommandTarget(const Options& options, const proc::SignalsGiven& signals,
                             std::vector<Fd> sockets, TargetCalls& calls)
    : options_(options), signals_(signals), calls_(calls), sockets_(std::move(sockets)) {}

std::function<void()> CommandTarget::work_for(const Start& start) {
  replaced_.clear();
  return [this, program = program(start)]() mutable { work(std::move(program)); };
}

void CommandTarget::replace_socket(std::size_t place, Fd socket) {
  std::swap(sockets_.at(place), socket);
  replaced_.push_back(std::move(socket));
}

bool CommandTarget::catches(int signal) const {
  return handle_ && proc::answers_signal(pid(), signal, signals_);
}

proc::Sent CommandTarget::forward(int signal) const {
  return handle_ ? proc::send_signal(handle_, signal) : proc::Sent::gone;
}

proc::Program CommandTarget::program(const Start& start) const {
  proc::Program program;
  program.arguments = options_.command;
  std::vector<std::string> not_inherited{generation_variable, changed_files_variable};
  not_inherited.insert(not_inherited.end(), own_variables.begin(), own_variables.end());
  // Of those that reloadrun was given, when others come in their place.
  if (!sockets_.empty()) {
    not_inherited.insert(not_inherited.end(), listen_variables.begin(), listen_variables.end());
  }
  for (const auto& [name, value] : start.variables) not_inherited.push_back(name);
  program.environment = proc::environment_without(not_inherited);
  for (const auto& [name, value] : start.variables) {
    program.environment.push_back(fmt::format("{}={}", name, value));
  }
  program.environment.push_back(fmt::format("{}={}", generation_variable, start.generation));
  program.environment.push_back(fmt::format("{}={}", changed_files_variable, start.changed));
  give_sockets(program);
  program.signals = signals_;
  program.parent_death_signal = SIGKILL;
  if (options_.clear) {
    program.announce_fd = screen();
    program.announcement = clear_screen;
  }
  return program;
}

/// By the protocol of sd_listen_fds(3).
void CommandTarget::give_sockets(proc::Program& program) const {
  if (sockets_.empty()) return;
  for (const Fd& socket : sockets_) program.sockets.push_back(socket.get());
  program.pid_variable = "LISTEN_PID";
  program.environment.push_back(fmt::format("LISTEN_FDS={}", sockets_.size()));
  program.environment.push_back("LISTEN_FDNAMES=" +
                                net::names_of(net::parse_listen(options_.listen)));
}

// On the worker thread, from here on.

void CommandTarget::work(proc::Program program) {
  const TimePoint begun = Clock::now();
  News news = execute(program);
  const pid_t pid = news.pid;
  const bool started = news.kind == News::Kind::started;
  tell(std::move(news));
  if (!started) return;
  News last;
  last.kind = News::Kind::ended;
  last.ending = wait_for_end(pid);
  last.ran = Clock::now() - begun;
  tell(std::move(last));
}

Ending CommandTarget::wait_for_end(pid_t pid) const {
  Fd handle;
  try {
    handle = proc::open_process(pid);
  } catch (const std::system_error&) {  // no descriptor
    return proc::wait_for_child(pid);
  }
  std::array descriptors{pollfd{handle.get(), POLLIN, 0}, pollfd{look_again_.fd(), POLLIN, 0}};
  for (;;) {
    if (const auto ending = proc::ending_of(pid, handle)) return *ending;
    wait_for(descriptors, std::nullopt);
    look_again_.reset();
  }
}

Target::News CommandTarget::execute(proc::Program& program) const {
  News news;
  auto found = proc::find_executable(options_.command.front());
  program.file = std::move(found.file);
  news.error = found.error;
  if (news.error == 0) {
    program.filter = calls_.filter();
    // Who may not gain rights any more (PR_SET_NO_NEW_PRIVS) would not be the program it is.
    news.gains_rights = !program.filter.empty() && proc::gains_rights(program.file);
    if (news.gains_rights) program.filter.clear();
    try {
      auto spawned = proc::spawn(program);
      news.error = spawned.error;
      news.pid = spawned.pid;
      news.missed_a_signal = spawned.missed_a_signal;
      news.unheard = spawned.filter_error;
      if (spawned.listener) calls_.serve(std::move(spawned.listener));
    } catch (const std::system_error& error) {  // no process, no descriptor
      news.error = error.code().value();
    }
  }
  if (news.error == 0) {
    news.kind = News::Kind::started;
    try {
      news.handle = proc::open_process(news.pid);
    } catch (const std::system_error&) {  // no descriptor: only forward() misses it
    }
    return news;
  }
  struct stat status {};
  news.file_is_there = ::stat(program.file.c_str(), &status) == 0;
  if (news.file_is_there && S_ISDIR(status.st_mode)) news.error = EISDIR;
  return news;
}

}  // namespace reloadrun::app
