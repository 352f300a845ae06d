// What the supervisor does when reloadrun.toml has changed.

#include <algorithm>
#include <tuple>
#include <utility>

#include "app/supervisor.hpp"
#include "app/words.hpp"
#include "base/log.hpp"

namespace reloadrun::app {
namespace {

/// Whether a snapshot taken with the one is of no use with the other.
bool watches_otherwise(const Options& one, const Options& other) {
  const auto what = [](const Options& o) {
    return std::tie(o.watch, o.files_from, o.extensions, o.ignore, o.filters, o.use_ignore_files,
                    o.use_default_ignores, o.env_files, o.content, o.watcher, o.follow);
  };
  return what(one) != what(other);
}

}  // namespace

/// For the next generation. Where another set of files is watched, what the last one has seen is
/// nothing to compare with, so what has changed since it was built is not known.
void Supervisor::renew_options() {
  directory_.follow();
  const auto old = settings_.refresh();
  tell_notices(settings_.notices());
  if (!old) return;
  speak();
  log::debug("{} has other settings", options_.config_file);
  if (watches_otherwise(*old, options_)) {
    with_.snapshot = {};
    with_.inotify = {};
    handover_.rules = {};
    handover_.built = false;
  }
  if (options_.files_from != old->files_from) handover_.listed.reset();
  if (!options_.follow) handover_.follow = {};
  if (!options_.keep_ports) let_go_of_ports();
  // What is built by another command the builder has read by itself.
  handover_.built = handover_.built && !options_.build.empty();
}

/// Each once, for as long as it holds.
void Supervisor::tell_notices(std::vector<std::string> notices) {
  for (const std::string& notice : notices) {
    if (std::ranges::count(told_notices_, notice) == 0) log::warn("{}", notice);
  }
  told_notices_ = std::move(notices);
}

}  // namespace reloadrun::app
