// What a program calls that reloads itself: include/reloadrun/reloadrun.hpp over what runs the
// command.

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <utility>

#include "app/builder.hpp"
#include "app/channel.hpp"
#include "app/fault.hpp"
#include "app/guest.hpp"
#include "app/reloader.hpp"
#include "app/settings.hpp"
#include "app/supervisor.hpp"
#include "base/fd.hpp"
#include "base/format.hpp"
#include "proc/tree.hpp"
#include "reloadrun/reloadrun.hpp"

namespace reloadrun {
namespace {

std::atomic<bool> was_called = false;
std::atomic<bool> was_executed = false;  // by run(): RUN_MAIN is not there any more then

/// Those that make no sense in a program that is the target itself.
void require_suitable(const Options& options) {
  const char* wrong = nullptr;
  if (!options.command.empty()) wrong = "command";
  if (!options.config_file.empty()) wrong = "config_file";
  if (!options.env_files.empty()) wrong = "env_files";
  if (!options.soft.empty()) wrong = "soft";
  if (options.follow) wrong = "follow";
  if (options.clear) wrong = "clear";
  if (options.list) wrong = "list";
  if (options.list_null) wrong = "list_null";
  if (!options.explain.empty()) wrong = "explain";
  if (options.files_from == "-") wrong = "files_from = \"-\"";
  if (options.on_exit == OnExit::restart) wrong = "on_exit = OnExit::restart";
  if (wrong == nullptr) return;
  throw Error(fmt::format("reloadrun::run(): {} is for the command line alone", wrong),
              "leave it out of the options", status_usage);
}

/// What the command line's values cannot be, either.
void require_possible(const Options& options) {
  constexpr auto longest = std::chrono::hours(24 * 366);
  const auto require = [](bool is_possible, const char* name, const char* what_to_do) {
    if (is_possible) return;
    throw Error(fmt::format("reloadrun::run(): {} is impossible", name), what_to_do, status_usage);
  };
  const auto may_be = [longest](std::chrono::nanoseconds time) {
    return time.count() >= 0 && time <= longest;
  };
  const char* const time = "give a time from zero to a year";
  require(options.interval.count() > 0 && may_be(options.interval), "interval",
          "give a time of more than zero, and at most a year");
  require(may_be(options.settle), "settle", time);
  require(may_be(options.stop_timeout), "stop_timeout", time);
  require(options.stop_signal > 0 && options.stop_signal <= SIGRTMAX, "stop_signal",
          "give a signal, as SIGTERM");
}

/// Ends a process that a reloadrun of another version has executed: what it says is not understood.
std::optional<app::Channel::Inherited> inherited() {
  try {
    return app::Channel::inherited();
  } catch (const Error& error) {
    app::tell_fault(error.what(), error.what_to_do());
    ::_exit(error.exit_status());
  }
}

/// Leads this process to its end, as one that the first has executed.
[[noreturn]] void serve(app::Channel::Inherited inherited, const app::Guest& guest) {
  was_executed = true;
  const bool runs_main = inherited.role == app::Role::reloader;
  // What main_func executes is no reloader of ours.
  for (const char* const variable : app::own_variables) ::unsetenv(variable);
  int status = status_failure;
  try {
    if (runs_main) app::reload(std::move(inherited.channel), guest);
    status = app::build(std::move(inherited.channel), {});
  } catch (const std::exception& error) {
    app::tell_fault(error);
  }
  ::_exit(status);
}

int supervise(Options options, const app::Guest& guest) {
  require_suitable(options);
  require_possible(options);
  app::Self self{.file = app::program_path(), .arguments = app::program_arguments()};
  options.command = self.arguments;
  options.command.front() = self.file;
  options.watch_directory = false;
  static_cast<void>(app::check(options, {self.file}));
  return app::supervise({std::move(options), {}}, std::move(self), {}, &guest);
}

}  // namespace

int run(MainFunc main_func, Options options, Hooks hooks) {
  if (!main_func) {
    throw Error("reloadrun::run(): there is no main function", "give it one", status_usage);
  }
  if (was_called.exchange(true)) {
    throw Error("reloadrun::run() was called before", "call it once in a process", status_usage);
  }
  try {
    hold_standard_descriptors();
    const app::Guest guest{std::move(main_func), std::move(hooks), proc::children_of(::getpid())};
    if (auto given = inherited()) serve(std::move(*given), guest);
    return supervise(std::move(options), guest);
  } catch (const std::system_error& error) {
    throw Error(error.what(), "see what the system lacks", status_failure);
  }
}

bool is_reloader() {
  try {
    return was_executed || app::Channel::is_inherited();
  } catch (const Error&) {  // of another version: run() says so
    return true;
  }
}

std::vector<int> sockets() { return app::copies_of_offered_sockets(); }

}  // namespace reloadrun
