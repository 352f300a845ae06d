#include "app/observer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "app/target.hpp"
#include "app/words.hpp"
#include "base/log.hpp"
#include "fmt/format.h"
#include "proc/executable.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

using namespace std::chrono_literals;

// What nothing tells of while a burst goes on: a file closed by a writer where there is no inotify,
// git's lock, an executable that becomes whole.
constexpr Duration recheck_delay = 20ms;
constexpr Duration longest_recheck_delay = 100ms;

// A burst of more files is no single save: they are not looked at one by one.
constexpr std::size_t most_asked = 1000;

// Hints that lead to no change (a log that is being written) wake us so often in an interval; then
// they are gathered for a while. A look's share of one core stays small.
constexpr int most_idle_hints = 20;
constexpr Duration hints_rest = 10ms;

// In turns, a look may cost this part of a core, so that all of it stays below one in a hundred.
constexpr int part_of_a_core = 110;

constexpr std::size_t most_told = 50;

/// A pattern for this path alone, for a shell.
std::string ignoring(const std::string& path) {
  std::string pattern = path.starts_with('/') ? path.substr(path.rfind('/') + 1) : "/" + path;
  return "-i '" + printable(pattern) + "'";
}

}  // namespace

Observer::Observer(const Options& options, Handover& memory, const std::string& directory)
    : options_(options), memory_(memory), directory_(directory), list_(options, memory.listed) {}

void Observer::begin() {
  return_to_directory();
  refresh_list();
  begun_ = watch::change_time_now();
  view_ = make_view();
  view_->looker.look_at_everything(nullptr);
  if (memory_.starts == 0) tell_missing();
  tell_notices();
  memory_.rules = view_->rules.kept();
  const TimePoint now = Clock::now();
  next_look_ = now + options_.interval;
  if (!memory_.burst_since) return;
  carried_over_ = true;
  burst_ = core::Burst{.first = *std::exchange(memory_.burst_since, std::nullopt), .last = now};
  judge(now);
}

int Observer::fd() const { return view_->hints && !hints_rest_until_ ? view_->hints->fd() : -1; }

TimePoint Observer::next(bool settled_is_asked) const {
  Deadline next = earlier(earlier(next_look_, hints_rest_until_), next_recheck_);
  if (burst_ && settled_is_asked) next = earlier(next, due_);
  return *next;
}

void Observer::attend() {
  const TimePoint now = Clock::now();
  if (hints_rest_until_ && *hints_rest_until_ <= now) hints_rest_until_.reset();
  if (!hints_rest_until_) follow_hints();
  if (next_look_ <= now) look_around();
  if (next_recheck_ && *next_recheck_ <= now) recheck();
  if (burst_) judge(Clock::now());
}

std::optional<Observer::Settled> Observer::settled() {
  if (!burst_ || Clock::now() < due_) return std::nullopt;
  // What inotify does not cover is looked at once more: a burst is over when all of it is seen.
  const TimePoint last = burst_->last;
  follow_hints();
  look([this](watch::Changes& found) { view_->looker.take_turn(Duration::zero(), &found); });
  if (!burst_) return std::nullopt;
  if (burst_->last != last) {
    const TimePoint now = Clock::now();
    judge(now);
    // To look may have taken longer than to settle: unless time is up, a look has to find nothing.
    if (now < burst_->first + core::longest_burst || now < due_) return std::nullopt;
  }
  memory_.loop = std::move(loop_);
  Settled settled{burst_->first, pending_.take()};
  end_burst();
  return settled;
}

void Observer::target_started(TimePoint now) {
  target_started_ = now;
  outputs_.forget_held();
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
  return_to_directory();
  reread_list();
  look_at_closed_outputs();
  const bool patient = options_.watcher == Watcher::inotify;
  look([&](watch::Changes& found) {
    if (look_failed_) {
      view_->looker.follow({watch::Hint{}}, &found);  // it has not followed every hint
      look_failed_ = false;
    } else if (view_->rules.outer_changed()) {
      view_->looker.doubt_rules();
      view_->looker.look_at_everything(&found);
    } else {
      view_->looker.take_turn(patient ? Duration::zero() : options_.interval / part_of_a_core,
                              &found);
    }
  });
  // No hint wakes us while a file is still held: who holds what has to be known before.
  if (!view_->hints) outputs_.note_held();
}

/// The last lines are still output, what comes after them is not.
void Observer::look_at_closed_outputs() {
  const auto closed = outputs_.closed(Clock::now());
  if (closed.empty()) return;
  look([&](watch::Changes& found) {
    for (const std::string& path : closed) view_->looker.look_at(path, &found);
  });
  outputs_.forget(closed);
}

/// Looks again at what keeps the burst from being over.
void Observer::recheck() {
  next_recheck_.reset();
  look_at_closed_outputs();
  if (view_->rules.any_half_written()) {
    look([this](watch::Changes& found) { view_->looker.look_at_half_written_rules(&found); });
    if (view_->rules.any_half_written()) next_recheck_ = Clock::now() + longest_recheck_delay;
  }
  std::vector<std::string> paths(outputs_.by_others().begin(), outputs_.by_others().end());
  for (const auto& [path, item] : pending_.items()) {
    if (item.missing_since) paths.push_back(path);
  }
  if (paths.size() > most_asked) paths.resize(most_asked);  // the others have their turn later
  look([&](watch::Changes& found) {
    for (const std::string& path : paths) view_->looker.look_at(path, &found);
  });
  outputs_.sort_out(pending_, paths, Clock::now());
}

/// Looks, and takes what was found. Returns whether that was more than output.
bool Observer::look(const std::function<void(watch::Changes&)>& how) {
  watch::Changes found;
  try {
    how(found);
  } catch (const std::system_error& error) {
    if (!look_failed_) log::warn("cannot look at the files ({}): trying again", error.what());
    look_failed_ = true;
  }
  tell_notices();
  memory_.rules = view_->rules.kept();
  const TimePoint now = Clock::now();
  pending_.add(found, now);
  std::vector<std::string> paths;
  for (const auto& change : found) paths.push_back(change.path);
  outputs_.sort_out(pending_, paths, now);
  const bool given_back = outputs_.give_back(pending_, now);
  if (found.empty() && !given_back) return false;
  if (pending_.empty()) {
    if (!carried_over_) end_burst();
    return false;
  }
  if (!burst_) burst_ = core::Burst{.first = pending_.first(), .last = now};
  burst_->last = std::max(burst_->last, pending_.last());
  return true;
}

/// When the burst will be over, if nothing more happens.
void Observer::judge(TimePoint now) {
  core::Burst& burst = *burst_;
  burst.being_written = !outputs_.by_others().empty();
  burst.missing_since.reset();
  for (const auto& [path, item] : pending_.items()) {
    if (item.missing_since) burst.missing_since = std::max(burst.missing_since, item.missing_since);
  }
  const auto git = look_at_git(now);
  burst.git_lock_stale_at = git.lock_stale_at;
  burst.git_was_seen = burst.git_was_seen || git.at_work;
  burst.rebase = git.rebase;
  burst.executable_unfinished = executable_is_unfinished(now);
  slow_down_a_loop();
  due_ = core::settled_at(burst, options_.settle);
  const bool unseen = view_->rules.any_half_written() || burst.being_written ||
                      burst.missing_since || burst.git_lock_stale_at || burst.executable_unfinished;
  if (!unseen) return;
  // The longer it has taken, the less it matters how soon it is seen.
  const Duration delay = std::clamp((now - burst.first) / 10, recheck_delay, longest_recheck_delay);
  next_recheck_ = earlier(next_recheck_, now + delay);
}

watch::GitWork::Seen Observer::look_at_git(TimePoint now) {
  const auto& directories = view_->looker.snapshot().directories;
  const auto add = [&](const std::string& directory) {
    const auto known = directories.find(directory);
    if (known != directories.end() && !known->second.full.empty()) git_.add(known->second.full);
  };
  for (const std::string& root : view_->watched.roots()) add(root);
  std::size_t asked = 0;
  for (const auto& [path, item] : pending_.items()) {
    if (++asked > most_asked) break;
    const auto slash = path.rfind('/');
    add(slash == std::string::npos ? "." : path.substr(0, slash));
  }
  return git_.look(burst_->first, now);
}

bool Observer::executable_is_unfinished(TimePoint now) {
  const auto& files = view_->watched.executables();
  const bool concerned = std::any_of(files.begin(), files.end(), [this](const auto& file) {
    return pending_.items().contains(file);
  });
  if (!concerned) return false;
  const auto found = proc::find_executable(options_.command.front());
  const auto wholeness = found.error != 0 ? proc::Wholeness::missing : proc::wholeness(found.file);
  if (wholeness == proc::Wholeness::whole) return false;
  if (!wait_told_ && now - burst_->first >= 1s) {
    wait_told_ = true;
    log::info("{}: waiting up to {} for it", unfinished_text(options_.command.front(), wholeness),
              duration_text(core::longest_link));
  }
  return true;
}

void Observer::slow_down_a_loop() {
  loop_ = memory_.loop;
  burst_->not_before.reset();
  if (!target_started_ || pending_.empty()) return;
  const auto paths = pending_.paths();
  auto step = core::after_burst(memory_.loop, paths, burst_->first - *target_started_);
  if (step.tell) {
    memory_.loop.told = step.loop.told;
    log::warn(
        "{} changes soon after each start: restarts for it are slowed down; if it is "
        "output, leave it out with {}",
        printable(step.loop.path), ignoring(step.loop.path));
  }
  loop_ = std::move(step.loop);
  if (step.delay == Duration::zero()) return;
  if (core::ends_delay(loop_, paths, burst_->last - *target_started_)) return;
  burst_->not_before = *target_started_ + step.delay;
}

void Observer::end_burst() {
  burst_.reset();
  next_recheck_.reset();
  outputs_.forget_others();
  git_.clear();
  carried_over_ = false;
  wait_told_ = false;
}

std::unique_ptr<View> Observer::make_view() const {
  return std::make_unique<View>(options_, list_.paths(),
                                View::Past{directory_, memory_.rules, begun_});
}

/// Another list is another view. What has changed until then is found by the old one. What the list
/// alone brings or takes is no change; but what it brings may have changed before.
void Observer::reread_list() {
  if (!refresh_list() && !list_is_new_) return;
  list_is_new_ = true;
  look([this](watch::Changes& found) {
    view_->looker.look_at_everything(&found);
    auto view = make_view();
    view->looker.look_at_everything(nullptr);
    add_difference(view_->looker.snapshot(), view->looker.snapshot(), found);
    view_ = std::move(view);
    list_is_new_ = false;
    tell_missing();
    log::info("watching {} now", count_text(file_count(), "file"));
  });
}

/// What has changed from one view to the other, and not only come into view or gone out of it.
void Observer::add_difference(const watch::Snapshot& before, const watch::Snapshot& after,
                              watch::Changes& found) const {
  using Kind = watch::Change::Kind;
  std::map<std::string, watch::Stamp> known;
  before.for_each([&](const std::string& path, const auto& stamp) { known[path] = stamp; });
  after.for_each([&](const std::string& path, const watch::Stamp& stamp) {
    if (const auto old = known.extract(path); !old.empty()) {
      if (watch::differs(old.mapped(), stamp)) {
        found.push_back({Kind::modified, path, old.mapped(), stamp});
      }
    } else if (watch::changed_since(AT_FDCWD, path, begun_)) {
      found.push_back({Kind::appeared, path, {}, stamp});
    }
  });
  for (const auto& [path, stamp] : known) {
    if (::access(path.c_str(), F_OK) != 0) found.push_back({Kind::vanished, path, stamp, {}});
  }
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

/// The working directory may be removed and made again (git checkout does it): its name counts.
void Observer::return_to_directory() {
  struct stat status {};
  const bool removed = ::stat(".", &status) != 0 || status.st_nlink == 0;
  if (removed && !directory_.empty() && ::chdir(directory_.c_str()) == 0) {
    log::info("{} is back", printable(directory_));
  }
}

/// A list with the ends of lines of another system, or of another directory, watches nothing.
void Observer::tell_missing() {
  const auto gone = [](const std::string& path) { return ::access(path.c_str(), F_OK) != 0; };
  const auto first = std::ranges::find_if(list_.paths(), gone);
  if (first == list_.paths().end()) return;
  const auto count = static_cast<std::size_t>(std::count_if(first, list_.paths().end(), gone));
  tell_once(fmt::format("{} of {} {} not there ('{}'): waiting for {}", count_text(count, "path"),
                        printable(options_.files_from), count == 1 ? "is" : "are",
                        printable(*first), count == 1 ? "it" : "them"));
}

void Observer::tell_notices() {
  for (const std::string& line : view_->take_notices()) tell_once(line);
}

/// Once in the life of reloadrun, not of this process.
void Observer::tell_once(const std::string& line) {
  auto& told = memory_.told;
  if (told.size() >= most_told || std::ranges::find(told, line) != told.end()) return;
  told.push_back(line);
  log::warn("{}", line);
}

}  // namespace reloadrun::app
