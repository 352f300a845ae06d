#include "app/run.hpp"

#include <cstdio>
#include <utility>

#include "app/channel.hpp"
#include "app/env_file.hpp"
#include "app/file_list.hpp"
#include "app/reloader.hpp"
#include "app/supervisor.hpp"
#include "app/target.hpp"
#include "base/fd.hpp"
#include "reloadrun/error.hpp"
#include "watch/look.hpp"
#include "watch/watch_set.hpp"

namespace reloadrun::app {
namespace {

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    throw Error("stdout cannot be written", "check where it leads", status_failure);
  }
  return status_stopped;
}

std::string list(const watch::WatchSet& watched) {
  std::string lines;
  for (const auto& entry : watch::look(watched)) lines += entry.path + "\n";
  return lines;
}

/// A FILE is read here only to find now what is wrong with it.
void take_file_list(Options& options) {
  if (options.files_from == "-") {
    options.listed = take_file_list_from_stdin();
  } else if (!options.files_from.empty()) {
    static_cast<void>(read_file_list(options.files_from));
  }
}

}  // namespace

int run(std::vector<std::string> arguments,
        const std::function<std::variant<Options, std::string>()>& read_options) {
  hold_standard_descriptors();
  if (auto channel = Channel::inherited()) return reload(std::move(*channel));
  auto wanted = read_options();
  if (const auto* text = std::get_if<std::string>(&wanted)) return print(*text);
  auto& options = std::get<Options>(wanted);
  auto environment = read_env_files(options.env_files);
  take_file_list(options);
  const watch::WatchSet watched(options, executables_of(options));
  watched.require_roots();
  if (options.list) return print(list(watched));
  return supervise(std::move(options), std::move(arguments), std::move(environment));
}

}  // namespace reloadrun::app
