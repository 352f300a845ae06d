#include "core/restart_loop.hpp"

#include <algorithm>
#include <utility>

namespace reloadrun::core {
namespace {

/// Zero before it is a loop.
Duration delay_after(int times) {
  Duration delay{0};
  for (int time = restarts_of_a_loop; time <= times && delay < longest_loop_delay; ++time) {
    delay = std::clamp(delay * 2, first_loop_delay, longest_loop_delay);
  }
  return delay;
}

}  // namespace

LoopStep after_burst(RestartLoop before, const std::vector<std::string>& paths,
                     Duration after_start) {
  LoopStep step{std::move(before)};
  RestartLoop& loop = step.loop;
  if (after_start > soon_after_start) {
    loop.path.clear();
    loop.times = 0;
    return step;
  }
  if (std::ranges::find(paths, loop.path) == paths.end()) {
    loop.path = paths.front();
    loop.times = 0;
  }
  ++loop.times;
  step.delay = delay_after(loop.times);
  step.tell = loop.times >= restarts_of_a_loop &&
              std::ranges::find(loop.told, loop.path) == loop.told.end();
  if (step.tell) loop.told.push_back(loop.path);
  return step;
}

bool ends_delay(const RestartLoop& loop, const std::vector<std::string>& paths,
                Duration after_start) {
  return after_start > soon_after_start &&
         std::ranges::any_of(paths, [&](const std::string& path) { return path != loop.path; });
}

}  // namespace reloadrun::core
