#include "app/run.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "app/builder.hpp"
#include "app/channel.hpp"
#include "app/command_target.hpp"
#include "app/file_list.hpp"
#include "app/reloader.hpp"
#include "app/supervisor.hpp"
#include "app/working_directory.hpp"
#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/printable.hpp"
#include "proc/spawn.hpp"
#include "reloadrun/error.hpp"
#include "watch/explain.hpp"
#include "watch/look.hpp"
#include "watch/rules.hpp"
#include "watch/watch_set.hpp"

namespace reloadrun::app {
namespace {

int print(const std::string& text) {
  if (is_held(STDOUT_FILENO) || std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
      std::fflush(stdout) != 0) {
    throw Error("stdout cannot be written", "check where it leads", status_failure);
  }
  return status_stopped;
}

std::string list_of(const std::vector<std::string>& paths, bool null) {
  const auto names = ::isatty(STDOUT_FILENO) == 1 ? Names::for_a_terminal : Names::as_data;
  std::string lines;
  for (const std::string& path : paths) {
    lines += null ? path : quoted(path, names);
    lines += null ? '\0' : '\n';
  }
  return lines;
}

/// What is watched, or why a file is; with what is wrong with the rules on stderr.
std::string answer(const Options& options, const watch::WatchSet& watched) {
  watch::Rules rules(options, working_directory());
  if (!options.explain.empty()) return watch::explain(options.explain, watched, rules) + "\n";
  watch::Snapshot snapshot;
  watch::Looker looker(watched, rules, snapshot, {});
  looker.look_at_everything(nullptr);
  for (const std::string& line : looker.take_warnings()) {
    fmt::print(stderr, "[reloadrun] {}\n", printable(line));
  }
  return list_of(looker.snapshot().paths(), options.list_null);
}

/// Where COMMAND is to find so many sockets. To be called while nothing of our own is open, so that
/// what is there is what we were started with.
void require_free_descriptors(std::size_t sockets) {
  const int end = proc::first_socket + static_cast<int>(sockets);
  for (int fd = proc::first_socket; fd < end; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) continue;
    throw Error(fmt::format("descriptor {} is open, where --listen gives COMMAND a socket", fd),
                fmt::format("close it for reloadrun, as '{}>&-' does in a shell", fd),
                status_failure);
  }
}

}  // namespace

int run(std::vector<std::string> arguments, const ReadOptions& read_options) {
  hold_standard_descriptors();
  if (auto inherited = Channel::inherited()) {
    const bool builds = inherited->role == Role::builder;
    return builds ? build(std::move(inherited->channel), read_options)
                  : reload(std::move(inherited->channel));
  }
  auto wanted = read_options();
  if (const auto* text = std::get_if<std::string>(&wanted)) return print(*text);
  auto& options = std::get<Options>(wanted);
  if (options.files_from == "-") options.listed = take_file_list_from_stdin();
  const auto executables = executables_of(options);
  auto environment = check(options, executables);
  const bool asks = options.list || !options.explain.empty();
  if (asks) return print(answer(options, {options, executables, options.listed}));
  require_free_descriptors(options.listen.size());
  return supervise({std::move(options), read_options}, {.arguments = std::move(arguments)},
                   std::move(environment));
}

}  // namespace reloadrun::app
