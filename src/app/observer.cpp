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
#include "base/format.hpp"
#include "base/log.hpp"
#include "reloadrun/error.hpp"
#include "watch/difference.hpp"

namespace reloadrun::app {
namespace {

constexpr std::size_t most_told = 50;

}  // namespace

Observer::Observer(const Options& options, Handover& memory, WorkingDirectory& directory,
                   Descriptors with, Asked asked)
    : options_(options),
      memory_(memory),
      directory_(directory),
      list_(options, memory.listed),
      snapshot_(std::move(with.snapshot)),
      pause_(std::move(asked.attend)),
      inotify_(std::move(with.inotify)),
      burst_(options, memory, directory, asked.may_be_handled),
      followed_(asked.opened, memory.follow, directory.path()),
      loaded_(asked.loaded),
      build_outputs_(asked.builds),
      outputs_(std::exchange(memory.held, {}), std::exchange(memory.closed, {})) {}

void Observer::begin() {
  // Watched first: what it leads to now is asked after that.
  if (options_.watcher != Watcher::stat) name_hints_.emplace(directory_.name());
  burst_.take_over();
  const bool another_directory = begin_in_directory();
  const bool another_list = refresh_list();
  begun_ = watch::change_time_now();
  const bool is_whole = snapshot_.is_taken_over() && snapshot_.get().pass == memory_.look;
  const bool has_hints = watch::Hints::is_inotify(inotify_) || options_.watcher == Watcher::stat;
  const bool as_before = !another_list && !another_directory;
  is_whole&& has_hints&& as_before ? take_over() : look_afresh();
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
  watch_loaded(*view_, nullptr);
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
  followed_.follow_again(*view_);
  watch_loaded(*view_, nullptr);
  view_->looker.look_at_everything(nullptr);
  looked_ = true;
  if (memory_.starts == 0) tell_once(list_.missing());
  tell_notices();
  next_look_ = Clock::now() + options_.interval;
  snapshot_.let_go_of_pages();
}

Descriptors Observer::hand_over(Duration waited) {
  follow_opened();
  if (const auto unanswered = build_outputs_.take_unanswered(); !unanswered.empty()) {
    burst_.pending().add(unanswered, Clock::now());
    burst_.follow();
  }
  burst_.hand_over(waited);
  memory_.look = snapshot_.get().pass;
  memory_.directory = directory_.number();
  memory_.rules = view_->rules.memory();
  memory_.held.assign(outputs_.held().begin(), outputs_.held().end());
  memory_.closed.assign(outputs_.closed_lately().begin(), outputs_.closed_lately().end());
  // What a failed look has missed, only a fresh one finds.
  if (look_failed_ || view_is_old_) return {};
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
  follow_name_hints();
  if (!hints_rest_until_) follow_hints();
  if (next_look_ <= now) look_around();
  if (next_recheck_ && *next_recheck_ <= now) recheck();
  judge();
}

std::optional<Burst::Noticed> Observer::settled() {
  if (!burst_.is_open() || Clock::now() < burst_.due()) return std::nullopt;
  const bool was_stopping = target_is_stopping_;
  if (!looked_last_ && !look_for_the_last_time()) return std::nullopt;
  // In its pauses: what follows the stop answers the burst, too.
  if (pause_.over() || target_is_stopping_ != was_stopping) return std::nullopt;
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
  new_names_are_old_ = target_started_ = true;
  target_is_stopping_ = false;
  burst_.target_started(now);
  if (looked_) outputs_.forget_held();
}

void Observer::build_ended(WrittenFiles::Settling settled) {
  follow_hints();
  look([this](watch::Changes& found) { view_->looker.look_at_uncovered(&found); });
  if (!look_failed_ && !pause_.over()) build_outputs_.account_all(settled);
  judge();
}

void Observer::forget_changes() {
  static_cast<void>(burst_.pending().take());
  end_burst();
}

void Observer::target_stops() {
  target_is_stopping_ = true;
  outputs_.note_held();
}

/// Asks the burst whether it is over; and when to look again at what that depends on.
void Observer::judge() {
  if (!burst_.is_open()) return;
  const TimePoint now = Clock::now();
  const bool unseen = burst_.judge(*view_, outputs_.by_others(), now);
  if (!unseen && !view_->rules.any_half_written()) return;
  next_recheck_ = earlier(next_recheck_, now + burst_.patience(now));
}

/// Forgets what was kept for the burst.
void Observer::end_burst() {
  next_recheck_.reset();
  outputs_.forget_others();
  looked_last_ = false;
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
