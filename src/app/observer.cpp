#include "app/observer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "app/words.hpp"
#include "app/working_directory.hpp"
#include "base/log.hpp"
#include "fmt/format.h"
#include "reloadrun/error.hpp"
#include "watch/difference.hpp"

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
constexpr std::size_t most_asked = 1000;

// Hints that lead to no change (a log that is being written) wake us so often in an interval; then
// they are gathered for a while. A look's share of one core stays small.
constexpr int most_idle_hints = 20;
constexpr Duration hints_rest = 10ms;

// In turns, a look may cost this part of a core, so that all of it stays below one in a hundred.
constexpr int part_of_a_core = 110;

// While a build writes file after file: what is not accounted for is asked for again.
constexpr int most_rounds = 10;

constexpr std::size_t most_told = 50;

}  // namespace

Observer::Observer(const Options& options, Handover& memory, const std::string& directory,
                   Descriptors with, BuildLink* builds)
    : options_(options),
      memory_(memory),
      directory_(directory),
      list_(options, memory.listed),
      snapshot_(std::move(with.snapshot)),
      inotify_(std::move(with.inotify)),
      burst_(options, memory, directory),
      build_outputs_(builds),
      outputs_(std::exchange(memory.held, {}), std::exchange(memory.closed, {})) {}

void Observer::begin() {
  come_back();
  const bool another_list = refresh_list();
  begun_ = watch::change_time_now();
  burst_.take_over();
  const bool is_whole = snapshot_.is_taken_over() && snapshot_.get().pass == memory_.look;
  const bool has_hints = watch::Hints::is_inotify(inotify_) || options_.watcher == Watcher::stat;
  is_whole && has_hints && !another_list ? take_over() : look_afresh();
  const TimePoint now = Clock::now();
  if (!burst_.is_open() && view_->looker.tick_over_at() > now) burst_.open_for_ticks(now);
  outputs_.sort_out(burst_.pending(), burst_.pending().paths(), now);  // who writes is asked again
  take_last_words();
  judge();
}

/// What inotify has told since is followed before the start, which it may put off; the rest is
/// looked at right after, so that a start costs what has changed and not what is there.
void Observer::take_over() {
  view_ = make_view(snapshot_.get(), std::move(inotify_));
  follow_hints();
  next_look_ = Clock::now();
  if (burst_.is_open()) next_look_ += options_.interval;  // its end looks at the rest
}

void Observer::look_afresh() {
  log::debug("looking at all files");
  inotify_ = {};
  watch::Snapshot* const snapshot = snapshot_.another();
  snapshot_.replace_by(snapshot);
  view_ = make_view(*snapshot);
  view_->looker.look_at_everything(nullptr);
  looked_ = true;
  if (memory_.starts == 0) tell_once(list_.missing());
  tell_notices();
  next_look_ = Clock::now() + options_.interval;
  snapshot_.let_go_of_pages();
}

Descriptors Observer::hand_over(Duration waited) {
  burst_.hand_over(waited);
  memory_.look = snapshot_.get().pass;
  memory_.rules = view_->rules.memory();
  memory_.held.assign(outputs_.held().begin(), outputs_.held().end());
  memory_.closed.assign(outputs_.closed_lately().begin(), outputs_.closed_lately().end());
  // What a failed look has missed, only a fresh one finds.
  if (look_failed_ || list_is_new_) return {};
  const auto copy = [](int fd) { return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); };
  Descriptors with{copy(snapshot_.fd()), {}};
  if (view_->hints) with.inotify = copy(view_->hints->fd());
  return with;
}

int Observer::fd() const { return view_->hints && !hints_rest_until_ ? view_->hints->fd() : -1; }

TimePoint Observer::next(bool settled_is_asked) const {
  Deadline next = earlier(earlier(next_look_, hints_rest_until_), next_recheck_);
  if (burst_.is_open() && settled_is_asked) next = earlier(next, burst_.due());
  return *next;
}

void Observer::attend() {
  const TimePoint now = Clock::now();
  if (hints_rest_until_ && *hints_rest_until_ <= now) hints_rest_until_.reset();
  if (!hints_rest_until_) follow_hints();
  if (next_look_ <= now) look_around();
  if (next_recheck_ && *next_recheck_ <= now) recheck();
  judge();
}

std::optional<Burst::Noticed> Observer::settled() {
  if (!burst_.is_open() || Clock::now() < burst_.due()) return std::nullopt;
  if (!looked_last_ && !look_for_the_last_time()) return std::nullopt;
  auto noticed = burst_.settle(Clock::now());
  end_burst();
  return noticed;
}

/// What inotify does not cover is looked at once more: a burst is over when all of it is seen.
/// False when it goes on.
bool Observer::look_for_the_last_time() {
  const TimePoint last = burst_.last();
  follow_hints();
  look([this](watch::Changes& found) { view_->looker.look_at_uncovered(&found); });
  looked_ = true;
  if (!burst_.is_open()) return false;
  judge();
  const TimePoint now = Clock::now();
  // To look may have taken longer than to settle: unless time is up, a look has to find nothing.
  if (burst_.last() != last && !burst_.is_at_its_bound(now)) return false;
  // Files that are written all the time have only their ticks to be waited for, not another look.
  looked_last_ = burst_.waits_for_ticks_alone(now);
  return now >= burst_.due();
}

void Observer::target_started(TimePoint now) {
  target_started_ = true;
  burst_.target_started(now);
  if (looked_) outputs_.forget_held();
}

void Observer::build_ended(WrittenFiles::Number last_write) {
  follow_hints();
  look([this](watch::Changes& found) { view_->looker.look_at_uncovered(&found); });
  if (!look_failed_) build_outputs_.account_all(last_write);
  judge();
}

void Observer::forget_changes() {
  static_cast<void>(burst_.pending().take());
  end_burst();
}

void Observer::target_stops() { outputs_.note_held(); }

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
  come_back();
  const auto written = build_outputs_.last_write();
  if (written != 0) follow_hints();
  reread_list();
  outputs_.find_closed(Clock::now());
  const bool patient = options_.watcher == Watcher::inotify || !looked_;
  look([&](watch::Changes& found) {
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
  if (!look_failed_) build_outputs_.account_all(written);  // all of it was looked at by now
  // No hint wakes us while a file is still held: who holds what has to be known before.
  if (!view_->hints) outputs_.note_held();
  if (!std::exchange(looked_, true) && target_started_) outputs_.forget_held();
  snapshot_.let_go_of_pages();
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
  if (paths.size() > most_asked) paths.resize(most_asked);  // the others have their turn later
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
  watch::Changes found = try_to_look(how);
  tell_notices();
  leave_out_builds(found);
  const TimePoint now = Clock::now();
  burst_.pending().add(found, now);
  std::vector<std::string> paths;
  for (const auto& change : found) paths.push_back(change.path);
  outputs_.sort_out(burst_.pending(), paths, now);
  return !found.empty();
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

/// Asks the burst whether it is over; and when to look again at what that depends on.
void Observer::judge() {
  if (!burst_.is_open()) return;
  const TimePoint now = Clock::now();
  const bool unseen = burst_.judge(*view_, !outputs_.by_others().empty(), now);
  if (!unseen && !view_->rules.any_half_written()) return;
  next_recheck_ = earlier(next_recheck_, now + burst_.patience(now));
}

/// Forgets what was kept for the burst.
void Observer::end_burst() {
  next_recheck_.reset();
  outputs_.forget_others();
  looked_last_ = false;
}

std::unique_ptr<View> Observer::make_view(watch::Snapshot& snapshot, Fd inotify) const {
  return std::make_unique<View>(
      options_, list_.paths(),
      View::Past{directory_, memory_.rules, begun_, snapshot, std::move(inotify)});
}

/// Another list is another view. What has changed until then is found by the old one. What the list
/// alone brings or takes is no change; but what it brings may have changed before.
void Observer::reread_list() {
  if (!refresh_list() && !list_is_new_) return;
  list_is_new_ = true;
  look([this](watch::Changes& found) {
    view_->looker.look_at_everything(&found);
    memory_.rules = view_->rules.memory();
    watch::Snapshot* const snapshot = snapshot_.another();
    auto view = make_view(*snapshot);
    view->looker.look_at_everything(nullptr);
    for (auto& change :
         watch::difference(view_->looker.snapshot(), view->looker.snapshot(), begun_)) {
      found.push_back(std::move(change));
    }
    view_ = std::move(view);
    snapshot_.replace_by(snapshot);
    list_is_new_ = false;
    tell_once(list_.missing());
    log::info("watching {} now", count_text(file_count(), "file"));
  });
}

bool Observer::refresh_list() {
  try {
    return list_.refresh();
  } catch (const Error& error) {
    tell_once(fmt::format("{}: {}; the last good list stays", printable(error.what()),
                          error.what_to_do()));
    return false;
  }
}

void Observer::come_back() const {
  if (return_to_directory(directory_)) log::info("{} is back", printable(directory_));
}

void Observer::tell_notices() {
  for (const std::string& line : view_->take_notices()) tell_once(line);
}

void Observer::tell_once(const std::string& line) {
  auto& told = memory_.told;
  if (line.empty() || told.size() >= most_told || std::ranges::find(told, line) != told.end())
    return;
  told.push_back(line);
  log::warn("{}", line);
}

}  // namespace reloadrun::app
