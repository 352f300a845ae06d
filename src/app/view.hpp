// What is watched, and the eyes on it, as the options say. Made by the observer on the reloader's
// main thread; another list of files makes another view.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "reloadrun/options.hpp"
#include "watch/hints.hpp"
#include "watch/look.hpp"
#include "watch/rules.hpp"
#include "watch/stamps.hpp"
#include "watch/watch_set.hpp"

namespace reloadrun::app {

class View {
  std::string interval_;  // in words
  std::vector<std::string> notices_;

 public:
  struct Past {
    const std::string& directory;     ///< the working directory's path, without links
    const watch::RulesMemory& rules;  ///< of the last generation
    watch::ChangeTime begun;          ///< when the target was, or is now to be, started
    watch::Snapshot& snapshot;        ///< empty, or of the last generation
    Fd inotify{};                     ///< that the snapshot's watches belong to; -1: a new one
    watch::Pause* pause = nullptr;    ///< of its looks
  };
  /// `listed`: the paths of --files-from. Throws Error for a broken pattern.
  View(const Options& options, const std::vector<std::string>& listed, Past past);

  watch::WatchSet watched;
  watch::Rules rules;
  std::unique_ptr<watch::Hints> hints;  ///< null: without inotify
  watch::Looker looker;

  /// Lines for the user about what cannot be watched as it should, since the last call. The same
  /// line may come again.
  std::vector<std::string> take_notices();

 private:
  std::unique_ptr<watch::Hints> make_hints(const Options& options, Past& past);
};

}  // namespace reloadrun::app
