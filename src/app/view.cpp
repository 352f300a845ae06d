#include "app/view.hpp"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "app/command_target.hpp"
#include "app/words.hpp"
#include "base/format.hpp"
#include "proc/open_files.hpp"

namespace reloadrun::app {

View::View(const Options& options, const std::vector<std::string>& listed, Past past)
    : interval_(duration_text(options.interval)),
      watched(options, executables_of(options), listed),
      rules(options, past.directory, past.rules,
            [](const std::string& path) {
              return proc::open_for_writing(path) == proc::Writing::yes;
            }),
      hints(make_hints(options, past)),
      looker(watched, rules, past.snapshot,
             {.content = options.content,
              .hints = hints.get(),
              .pause = past.pause,
              .begun = past.begun}) {}

std::unique_ptr<watch::Hints> View::make_hints(const Options& options, Past& past) {
  if (options.watcher == Watcher::stat) return nullptr;
  if (past.inotify) {
    const auto& directories = past.snapshot.watched;
    const int latest = directories.empty() ? 0 : directories.rbegin()->first;
    return std::make_unique<watch::Hints>(std::move(past.inotify), directories.size(), latest);
  }
  try {
    return std::make_unique<watch::Hints>();
  } catch (const std::system_error& error) {
    notices_.push_back(fmt::format("no inotify ({}): changes are noticed every {}",
                                   error.code().message(), interval_));
    return nullptr;
  }
}

std::vector<std::string> View::take_notices() {
  std::vector<std::string> notices = std::exchange(notices_, {});
  std::ranges::move(looker.take_warnings(), std::back_inserter(notices));
  if (hints && hints->exhausted()) {
    notices.push_back(fmt::format(
        "no more directories can be watched by inotify: the others are looked at every {} "
        "(fs.inotify.max_user_watches is the limit; half of it is left to other programs)",
        interval_));
  }
  return notices;
}

}  // namespace reloadrun::app
