// What the observer looks at: another list of files, or another working directory, is another view.

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/observer.hpp"
#include "app/words.hpp"
#include "base/format.hpp"
#include "base/log.hpp"
#include "reloadrun/error.hpp"
#include "watch/difference.hpp"

namespace reloadrun::app {

std::unique_ptr<View> Observer::make_view(watch::Snapshot& snapshot, Fd inotify) {
  return std::make_unique<View>(
      options_, list_.paths(),
      View::Past{directory_.path(), memory_.rules, begun_, snapshot, std::move(inotify), &pause_});
}

/// What has changed until now is found by the old view; but what only the new one has may have
/// changed before. `found`: null when what the old one had is nothing to compare with.
void Observer::renew_view(watch::Changes* found) {
  view_is_old_ = true;
  if (found != nullptr) view_->looker.look_at_everything(found);
  memory_.rules = found != nullptr ? view_->rules.memory() : watch::RulesMemory();
  watch::Snapshot* const snapshot = snapshot_.another();
  auto view = make_view(*snapshot);
  followed_.follow_again(*view);
  watch_loaded(*view, nullptr);
  view->looker.look_at_everything(nullptr);
  if (found != nullptr) {
    // What the old one's hints have told meanwhile, no stamp may tell.
    if (view_->hints) view_->looker.follow(view_->hints->read(), found);
    auto changes =
        watch::difference(view_->looker.snapshot(), view->looker.snapshot(), begun_, &pause_);
    std::ranges::move(changes, std::back_inserter(*found));
  }
  view_ = std::move(view);
  snapshot_.replace_by(snapshot);
  view_is_old_ = false;
}

/// What the list alone brings or takes is no change.
void Observer::reread_list() {
  if (!refresh_list() && !view_is_old_) return;
  view_is_old_ = true;
  look([this](watch::Changes& found) {
    renew_view(&found);
    tell_once(list_.missing());
    log::info("watching {} now", count_text(file_count(), "file"));
  });
}

bool Observer::refresh_list() {
  try {
    return list_.refresh();
  } catch (const Error& error) {
    tell_once(fmt::format("{}: {}; the last good list stays", error.what(), error.what_to_do()));
    return false;
  }
}

void Observer::follow_name_hints() {
  if (name_hints_ && name_hints_->any()) look([](watch::Changes&) {});
}

/// Looks where the working directory's name leads. While it leads nowhere, the old target is not
/// to be touched for what is, or is not, where we still are.
watch::Changes Observer::follow_directory(const std::function<void(watch::Changes&)>& how) {
  using Found = WorkingDirectory::Found;
  using Kind = watch::Change::Kind;
  const bool was_gone = directory_.is_gone();
  const std::uint64_t before = directory_.number();
  const Found where = directory_.follow();
  if (where == Found::same) return try_to_look(how);
  if (where == Found::gone) {
    if (!was_gone) note_directory(Kind::vanished, before);
    if (!burst_.misses_directory()) return try_to_look(how);
    look_failed_ = true;  // hints are lost meanwhile
    return {};
  }
  log::info("{} is {}", directory_.name(), was_gone ? "back" : "another directory now");
  const bool same = where == Found::back;
  if (!same) {
    burst_.pending().drop_relative();
    note_directory(Kind::modified, before);
  }
  if (same && burst_.misses_directory()) note_directory(Kind::appeared, before);
  refresh_list();
  look_failed_ = false;
  return try_to_look([&](watch::Changes& found) { renew_view(same ? &found : nullptr); });
}

void Observer::note_directory(watch::Change::Kind kind, std::uint64_t before) {
  watch::Change change{.kind = kind, .path = directory_.name()};
  change.before.inode = before;
  change.after.inode = directory_.number();
  // In the other one nobody has looked at this one: to come back to it leaves a change.
  change.rewritten = kind == watch::Change::Kind::modified;
  burst_.pending().add(watch::Changes{change}, Clock::now());
  directory_changed_ = true;
}

/// Takes for a change what the last generation has not seen, and waits for nothing. Returns whether
/// this is another directory than the one that it was in.
bool Observer::begin_in_directory() {
  directory_.follow();
  const std::uint64_t before = std::exchange(memory_.directory, directory_.number());
  const bool is_another = before != 0 && before != memory_.directory;
  if (is_another) {
    burst_.pending().drop_relative();
    memory_.rules = {};
    note_directory(watch::Change::Kind::modified, before);
  } else if (burst_.misses_directory()) {
    // No old target serves any more: COMMAND is started where it still can be.
    burst_.pending().drop(directory_.name());
  }
  burst_.follow();
  return is_another;
}

}  // namespace reloadrun::app
