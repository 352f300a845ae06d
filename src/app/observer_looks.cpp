// How the observer looks, and what it leaves out of what it finds.

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "app/observer.hpp"
#include "app/words.hpp"
#include "base/log.hpp"
#include "watch/stamps.hpp"

namespace reloadrun::app {
namespace {

using namespace std::chrono_literals;

// What nothing tells of: a file closed by its writer where there is no inotify, an ignore file that
// is written to the end.
constexpr Duration recheck_delay = 20ms;
constexpr Duration longest_recheck_delay = 100ms;
// What a build is still writing: the sooner its end is seen, the sooner it is told from what others
// write then.
constexpr Duration first_build_recheck = 5ms;

// A burst of more files is no single save: they are not looked at one by one.
constexpr std::size_t most_looked_at = 1000;

// Hints that lead to no change (a log that is being written) wake us so often in an interval; then
// they are gathered for a while. A look's share of one core stays small.
constexpr int most_idle_hints = 20;
constexpr Duration hints_rest = 10ms;

// In turns, a look may cost this part of a core, so that all of it stays below one in a hundred.
constexpr int part_of_a_core = 110;

// While a build writes file after file: what is not accounted for is asked for again.
constexpr int most_rounds = 10;

}  // namespace

void Observer::follow_hints() {
  if (!view_->hints) return;
  const auto hints = view_->hints->read();
  if (hints.empty()) return;
  const bool found_any = look([&](watch::Changes& found) { view_->looker.follow(hints, &found); });
  if (view_->rules.any_half_written() && !next_recheck_) {
    next_recheck_ = Clock::now() + recheck_delay;
  }
  if (found_any) return;
  // It may tell that a file was closed, which it does before a lease can tell the same.
  if (outputs_.may_be_closed() && !next_recheck_) next_recheck_ = Clock::now() + recheck_delay;
  if (++idle_hints_ < most_idle_hints) return;
  hints_rest_until_ = Clock::now() + hints_rest;
}

void Observer::look_around() {
  next_look_ = Clock::now() + options_.interval;
  idle_hints_ = 0;
  outputs_.forget_closed();
  const auto settled = build_outputs_.settle();
  if (settled != 0) follow_hints();
  reread_list();
  outputs_.find_closed(Clock::now());
  const bool patient = options_.watcher == Watcher::inotify || !looked_;
  look([&](watch::Changes& found) {
    watch_loaded(*view_, &found);
    if (look_failed_) {
      view_->looker.follow({watch::Hint{}}, &found);  // it has not followed every hint
      look_failed_ = false;
    } else if (view_->rules.outer_changed()) {
      view_->looker.doubt_rules();
      view_->looker.look_at_everything(&found);
    } else {
      view_->looker.look_at_uncovered(&found);
      if (!patient) view_->looker.take_turn(options_.interval / part_of_a_core, &found);
    }
  });
  // All of it was looked at by now, or else the next reloader does.
  if (!look_failed_ && !pause_.over()) build_outputs_.account_all(settled);
  // No hint wakes us while a file is still held: who holds what has to be known before. Not during
  // a stop: what was written after this look, and closed, would be forgotten before the next.
  if (!view_->hints && !target_is_stopping_) outputs_.note_held();
  const bool first = !std::exchange(looked_, true);
  if (first && target_started_ && !target_is_stopping_) outputs_.forget_held();
  snapshot_.let_go_of_pages();
}

/// What a program that reloads itself has loaded since, as it was then.
void Observer::watch_loaded(View& view, watch::Changes* found) const {
  if (loaded_ == nullptr) return;
  loaded_->refresh();
  for (const auto& file : loaded_->files()) {
    const auto before = watch::plain_stamp(file.status);
    if (!view.looker.watch_file(file.path, before, found) || found == nullptr) continue;
    log::debug("{} is loaded: watching it", file.path);
  }
}

void Observer::follow_opened() {
  if (!followed_.take_in()) return;
  look([this](watch::Changes& found) { followed_.follow(*view_, found); });
  tell_once(followed_.limit());
  judge();
}

/// Looks again at what keeps the burst from being over.
void Observer::recheck() {
  next_recheck_.reset();
  outputs_.find_closed(Clock::now());
  if (view_->rules.any_half_written()) {
    look([this](watch::Changes& found) { view_->looker.look_at_half_written_rules(&found); });
    if (view_->rules.any_half_written()) next_recheck_ = Clock::now() + longest_recheck_delay;
  }
  std::vector<std::string> paths(outputs_.by_others().begin(), outputs_.by_others().end());
  for (std::string& path : burst_.missing()) paths.push_back(std::move(path));
  if (paths.size() > most_looked_at) paths.resize(most_looked_at);  // the others later, in turn
  outputs_.sort_out(burst_.pending(), paths, Clock::now());  // first: what is closed stays as it is
  look([&](watch::Changes& found) {
    for (const std::string& path : paths) view_->looker.look_at(path, &found);
  });
}

/// Looks, and takes what was found. Returns whether that was more than output.
bool Observer::look(const std::function<void(watch::Changes&)>& how) {
  bool found_any = gather(how);
  found_any = take_last_words() || found_any;
  const bool given_back = outputs_.give_back(burst_.pending(), Clock::now());
  if (!found_any && !given_back) return false;
  const bool any = burst_.follow();
  if (!burst_.is_open()) end_burst();
  return any;
}

watch::Changes Observer::try_to_look(const std::function<void(watch::Changes&)>& how) {
  watch::Changes found;
  if (std::exchange(new_names_are_old_, false)) view_->looker.let_go_of_new_names();
  try {
    how(found);
  } catch (const std::system_error& error) {
    if (!look_failed_) log::warn("cannot look at the files ({}): trying again", error.what());
    look_failed_ = true;
  }
  return found;
}

/// Looks, and takes what was found, without output. Returns whether there was anything.
bool Observer::gather(const std::function<void(watch::Changes&)>& how) {
  watch::Changes found = follow_directory(how);
  tell_notices();
  leave_out_builds(found);
  followed_.take_in();
  followed_.sort_out(found);
  const TimePoint now = Clock::now();
  burst_.pending().add(found, now);
  outputs_.sort_out(burst_.pending(), watch::paths_of(found), now);
  return std::exchange(directory_changed_, false) || !found.empty();
}

/// Of what a build has closed, the last words are looked at before it is accounted for; and the
/// hints of them that are there by now are followed, or else they tell of somebody else's write.
void Observer::leave_out_builds(watch::Changes& found) {
  auto closed = build_outputs_.sort_out(found);
  for (int round = 0; !closed.empty() && round < most_rounds; ++round) {
    auto more = try_to_look([&](watch::Changes& changes) {
      if (view_->hints) view_->looker.follow(view_->hints->read(), &changes);
      for (const std::string& path : closed) view_->looker.look_at(path, &changes);
    });
    std::erase_if(more, [&](const auto& change) { return closed.contains(change.path); });
    build_outputs_.account(closed);
    closed = build_outputs_.sort_out(more);
    std::ranges::move(more, std::back_inserter(found));
  }
  if (!build_outputs_.any_left()) {
    build_recheck_ = first_build_recheck;
    return;
  }
  next_recheck_ = earlier(next_recheck_, Clock::now() + build_recheck_);
  build_recheck_ = std::min(build_recheck_ * 2, options_.interval);
}

/// What was written between a look and the closing that it has led to is still output, and what
/// comes after that is not: so the one look that is made now divides them.
bool Observer::take_last_words() {
  if (outputs_.found_closed().empty()) return false;
  const std::vector<std::string> closed(outputs_.found_closed().begin(),
                                        outputs_.found_closed().end());
  const bool found_any = gather([&](watch::Changes& found) {
    for (const std::string& path : closed) view_->looker.look_at(path, &found);
  });
  outputs_.forget_found_closed();
  return found_any;
}

}  // namespace reloadrun::app
