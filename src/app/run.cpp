#include "app/run.hpp"

#include <cstdio>
#include <utility>

#include "app/channel.hpp"
#include "app/reloader.hpp"
#include "app/supervisor.hpp"
#include "app/target.hpp"
#include "base/fd.hpp"
#include "reloadrun/error.hpp"
#include "watch/look.hpp"
#include "watch/watch_set.hpp"

namespace reloadrun::app {
namespace {

int list(const watch::WatchSet& watched) {
  for (const auto& entry : watch::look(watched)) std::printf("%s\n", entry.path.c_str());
  if (std::fflush(stdout) != 0) {
    throw Error("the list cannot be written to stdout", "check where stdout leads", status_failure);
  }
  return status_stopped;
}

}  // namespace

int run(std::vector<std::string> arguments,
        const std::function<std::optional<Options>()>& read_options) {
  hold_standard_descriptors();
  if (auto channel = Channel::inherited()) return reload(std::move(*channel));
  auto options = read_options();
  if (!options) return status_stopped;
  const watch::WatchSet watched(*options, executable_of(*options));
  watched.require_roots();
  if (options->list) return list(watched);
  return supervise(std::move(*options), std::move(arguments));
}

}  // namespace reloadrun::app
