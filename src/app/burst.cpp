#include "app/burst.hpp"

#include <algorithm>
#include <utility>

#include "app/words.hpp"
#include "base/log.hpp"
#include "proc/executable.hpp"
#include "proc/spawn.hpp"

namespace reloadrun::app {
namespace {

using namespace std::chrono_literals;
using Kind = watch::Change::Kind;

// A burst of more files is no single save: they are not asked for one by one.
constexpr std::size_t most_asked = 1000;

/// A pattern for this path alone, for a shell.
std::string ignoring(const std::string& path) {
  std::string pattern = path.starts_with('/') ? path.substr(path.rfind('/') + 1) : "/" + path;
  return "-i '" + pattern + "'";
}

}  // namespace

void Burst::take_over() {
  auto left = std::exchange(memory_.burst, std::nullopt);
  if (!left) return;
  carried_over_ = true;
  open_ = core::Burst{.first = left->first, .last = left->last};
  pending_ = watch::Pending(std::move(left->changes), left->first, left->last);
}

void Burst::hand_over(Duration waited) const {
  if (!open_) return;
  OpenBurst& left = memory_.burst.emplace(OpenBurst{open_->first - waited, open_->last, {}});
  for (const auto& [path, item] : pending_.items()) left.changes.push_back(item);
}

void Burst::open_for_ticks(TimePoint now) {
  carried_over_ = true;
  open_ = core::Burst{.first = now, .last = now - options_.settle};
}

bool Burst::waits_for_ticks_alone(TimePoint now) const {
  return is_at_its_bound(now) && due_ == open_->tick_over_at;
}

bool Burst::is_at_its_bound(TimePoint now) const {
  return now >= open_->first + core::longest_burst;
}

std::vector<std::string> Burst::missing() const {
  std::vector<std::string> paths;
  for (const auto& [path, item] : pending_.items()) {
    if (item.missing_since) paths.push_back(path);
  }
  return paths;
}

bool Burst::misses_directory() const {
  const auto item = pending_.items().find(directory_.name());
  return item != pending_.items().end() && item->second.missing_since;
}

bool Burst::follow() {
  if (pending_.empty()) {
    if (!carried_over_) end();
    return false;
  }
  if (!open_) open_ = core::Burst{.first = pending_.first(), .last = pending_.last()};
  open_->last = std::max(open_->last, pending_.last());
  return true;
}

bool Burst::judge(const View& view, const std::set<std::string>& being_written, TimePoint now) {
  core::Burst& burst = *open_;
  burst.being_written = !being_written.empty();
  note_saves(being_written, now);
  burst.modified = false;
  burst.missing_since.reset();
  for (const auto& [path, item] : pending_.items()) {
    if (item.missing_since) burst.missing_since = std::max(burst.missing_since, item.missing_since);
    if (item.change.kind == Kind::modified && !burst.modified) {
      // What a signal may answer asks for no stop.
      burst.modified = path == directory_.name() || !soft_.signal(path);
    }
  }
  const auto git = look_at_git(view, now);
  burst.git_lock_stale_at = git.lock_stale_at;
  burst.git_was_seen = burst.git_was_seen || git.at_work;
  burst.rebase = git.rebase;
  burst.executable_unfinished = executable_is_unfinished(view, now);
  burst.directory_gone = directory_is_gone(now);
  burst.tick_over_at = view.looker.tick_over_at();
  slow_down_a_loop(view);
  due_ = core::settled_at(burst, options_.settle);
  // With --content, what is written back as it was is no change; with --build, the old target goes
  // on until the new one is built.
  certain_ = !memory_.cut_off && !may_be_handled_ && !options_.content && options_.build.empty() &&
             core::is_certain(burst, now);
  return burst.being_written || burst.missing_since || burst.git_lock_stale_at ||
         burst.executable_unfinished || burst.directory_gone;
}

/// With --content, whether there is anything but saves that are not over, which the old target
/// serves through. What there is then has the bound of a burst that begins.
void Burst::note_saves(const std::set<std::string>& being_written, TimePoint now) {
  const auto is_written = [&](const auto& item) { return being_written.contains(item.first); };
  const bool saved = options_.content && !carried_over_ && !pending_.empty() &&
                     std::ranges::all_of(pending_.items(), is_written);
  if (std::exchange(open_->being_saved, saved) && !saved) open_->first = now;
}

Duration Burst::patience(TimePoint now) const { return core::recheck_after(now - open_->first); }

std::optional<Burst::Noticed> Burst::certain() {
  if (!open_ || !certain_ || answered_) return std::nullopt;
  answered_ = true;
  memory_.loop = std::move(loop_);
  Noticed noticed{open_->first, {}};
  for (const auto& [path, item] : pending_.items()) {
    if (item.change.kind == Kind::modified) noticed.changes.push_back(item.change);
  }
  return noticed;
}

Burst::Noticed Burst::settle(TimePoint now) {
  memory_.loop = std::move(loop_);
  memory_.cut_off = core::is_cut_off(*open_, options_.settle, now);
  if (memory_.cut_off) log::debug("the changes go on: they are waited for no longer");
  // Whoever runs in another directory than he should is not to go on.
  std::vector<int> signals;
  if (!pending_.items().contains(directory_.name())) signals = soft_.signals(pending_.paths());
  Noticed noticed{open_->first, pending_.take(), std::move(signals)};
  end();
  return noticed;
}

void Burst::end() {
  open_.reset();
  git_.clear();
  carried_over_ = certain_ = answered_ = wait_told_ = false;
}

watch::GitWork::Seen Burst::look_at_git(const View& view, TimePoint now) {
  const auto& directories = view.looker.snapshot().directories;
  const auto add = [&](const std::string& directory) {
    const auto known = directories.find(directory);
    if (known == directories.end() || known->second.full.empty()) return;
    git_.add(std::string(known->second.full));
  };
  for (const std::string& root : view.watched.roots()) add(root);
  std::size_t asked = 0;
  for (const auto& [path, item] : pending_.items()) {
    if (++asked > most_asked) break;
    const auto slash = path.rfind('/');
    add(slash == std::string::npos ? "." : path.substr(0, slash));
  }
  return git_.look(open_->first, now);
}

bool Burst::executable_is_unfinished(const View& view, TimePoint now) {
  const auto is_pending = [this](const auto& file) { return pending_.items().contains(file); };
  if (!std::ranges::any_of(view.watched.executables(), is_pending)) return false;
  const auto found = proc::find_executable(options_.command.front());
  const auto wholeness = found.error != 0 ? proc::Wholeness::missing : proc::wholeness(found.file);
  if (wholeness == proc::Wholeness::whole) return false;
  tell_wait(unfinished_text(options_.command.front(), wholeness), now);
  return true;
}

bool Burst::directory_is_gone(TimePoint now) {
  if (!misses_directory()) return false;
  tell_wait(directory_.name() + " is gone", now);
  return true;
}

/// Once it takes long.
void Burst::tell_wait(const std::string& what_for, TimePoint now) {
  if (now - open_->first < 1s || std::exchange(wait_told_, true)) return;
  log::info("{}: waiting up to {} for it", what_for, duration_text(core::longest_link));
}

void Burst::slow_down_a_loop(const View& view) {
  loop_ = memory_.loop;
  open_->not_before.reset();
  if (answered_ || !target_started_ || pending_.empty()) return;
  const auto paths = pending_.paths();
  auto step = core::after_burst(memory_.loop, paths, open_->first - *target_started_);
  if (step.tell) {
    memory_.loop.told = step.loop.told;
    // No pattern leaves out what reloadrun itself reads.
    const bool is_read = std::ranges::count(view.watched.read_files(), step.loop.path) != 0;
    log::warn(
        "{} changes soon after each start: restarts for it are slowed down; if it is "
        "output, {}",
        step.loop.path,
        is_read ? "write it elsewhere: reloadrun reads this file (--env-file, --config)"
                : "leave it out with " + ignoring(step.loop.path));
  }
  loop_ = std::move(step.loop);
  if (step.delay == Duration::zero()) return;
  if (core::ends_delay(loop_, paths, open_->last - *target_started_)) return;
  open_->not_before = *target_started_ + step.delay;
}

}  // namespace reloadrun::app
