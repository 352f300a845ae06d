#include "look_cost.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "median.hpp"
#include "reloadrun/options.hpp"
#include "watch/look.hpp"

namespace reloadrun::bench {
namespace {

constexpr int rounds = 31;

double processor_ns(const std::function<void()>& work) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  };
  const double begun = now();
  work();
  return now() - begun;
}

/// What a reloader that only calls stat() would do: compare the times, and nothing else.
void stat_loop(const std::vector<std::string>& paths, std::vector<timespec>& times) {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    struct stat status {};
    if (::stat(paths[i].c_str(), &status) != 0) throw_errno(paths[i].c_str());
    if (status.st_mtim.tv_nsec != times[i].tv_nsec || status.st_mtim.tv_sec != times[i].tv_sec) {
      times[i] = status.st_mtim;
    }
  }
}

/// A directory that was changed a moment ago is listed at each look; those of a real tree were not.
void look_until_settled(watch::Looker& looker) {
  const auto listed_again = [](const auto& one) { return !one.second.listing_sure; };
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    looker.look_at_everything(nullptr);
  } while (std::ranges::any_of(looker.snapshot().directories, listed_again));
}

}  // namespace

LookCost look_cost(const Tree& tree) {
  if (::chdir(tree.path().c_str()) != 0) throw_errno("chdir");
  const Options options;
  const watch::WatchSet watched(options, {});
  watch::Rules rules(options);
  watch::Snapshot snapshot;
  watch::Looker looker(watched, rules, snapshot, {});
  looker.look_at_everything(nullptr);
  look_until_settled(looker);
  const std::vector<std::string> paths = looker.snapshot().paths();
  std::vector<timespec> times(paths.size());
  std::vector<double> ours;
  std::vector<double> theirs;
  for (int round = 0; round < rounds; ++round) {
    watch::Changes found;
    ours.push_back(processor_ns([&] { looker.look_at_everything(&found); }));
    theirs.push_back(processor_ns([&] { stat_loop(paths, times); }));
  }
  const auto files = static_cast<double>(tree.files());
  return {median(std::move(ours)) / files, median(std::move(theirs)) / files};
}

}  // namespace reloadrun::bench
