#include "proc/tree.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "proc/child.hpp"
#include "proc/procfs.hpp"
#include "proc/stat.hpp"

namespace reloadrun::proc {
namespace {

/// To this very process, not to another that has its pid by now.
Sent tell(const Process& process, int signal) {
  const Fd handle = open_process(process.pid);
  if (!handle) return Sent::gone;
  // Read after the handle was opened: if it is the same process still, the handle is its.
  const auto stat = read_stat(process.pid);
  if (stat && stat->process.start_time != process.start_time) return Sent::gone;
  return send_signal(handle, signal);
}

// Of one call, in a tree whose processes are born and die for ever.
constexpr int most_walks = 30;

/// Walks once through the tree below this process: `visit` is called with each that is alive. To
/// `ended` are added those that have ended; who is in it is passed over.
///
/// When a process ends, its children become those of an ancestor whose children this walk may have
/// read before: they are overlooked. So false says that somebody has newly ended or moved: whoever
/// wants them all walks again.
bool walk(const std::set<pid_t>& spared, std::set<pid_t>& ended,
          const std::function<void(const Process&)>& visit) {
  bool held_still = true;
  std::set<pid_t> seen{::getpid()};
  std::vector<std::pair<pid_t, std::set<pid_t>>> families{{::getpid(), children_of(::getpid())}};
  while (!families.empty()) {
    const auto [parent, children] = std::move(families.back());
    families.pop_back();
    for (const pid_t pid : children) {
      if (spared.contains(pid) || ended.contains(pid) || !seen.insert(pid).second) continue;
      if (parent == ::getpid() && has_ended(pid)) {
        held_still = false;
        ended.insert(pid);
        continue;
      }
      // Its children before its state: of who is alive after that, these were all.
      auto its_children = children_of(pid);
      const auto stat = read_stat(pid);
      if (!stat && ::kill(pid, 0) != 0 && errno == EPERM) {  // /proc may hide others' (hidepid)
        visit({.pid = pid, .parent = parent, .name = "a hidden process"});
        continue;
      }
      const bool only_a_zombie = stat && stat->ended && is_zombie(pid);
      // It has another parent, or its pid has come to mean a stranger, whose parent is none of
      // ours.
      const bool has_moved = stat && !seen.contains(stat->process.parent);
      if (!stat || only_a_zombie || has_moved) {
        held_still = false;
        if (!has_moved) ended.insert(pid);
        continue;
      }
      visit(stat->process);
      families.emplace_back(pid, std::move(its_children));
    }
  }
  return held_still;
}

}  // namespace

bool is_subreaper() {
  int is = 0;
  return ::prctl(PR_GET_CHILD_SUBREAPER, &is) == 0 && is != 0;
}

void set_subreaper(bool adopts) {
  if (::prctl(PR_SET_CHILD_SUBREAPER, adopts ? 1 : 0) != 0) {
    throw_errno("prctl(PR_SET_CHILD_SUBREAPER)");
  }
}

std::set<pid_t> children_of(pid_t parent) {
  static const bool kernel_lists_them = ::access("/proc/thread-self/children", R_OK) == 0;
  if (!kernel_lists_them) return children_by_scan(parent);
  std::set<pid_t> children;
  const std::string tasks = fmt::format("/proc/{}/task", parent);
  for (const pid_t task : numbers_in(tasks)) {
    std::istringstream listed(read_kernel_file(fmt::format("{}/{}/children", tasks, task)));
    for (pid_t child = 0; listed >> child;) children.insert(child);
  }
  return children;
}

std::set<pid_t> children_by_scan(pid_t parent) {
  std::set<pid_t> children;
  for (const pid_t pid : numbers_in("/proc")) {
    const auto stat = read_stat(pid);
    if (stat && stat->process.parent == parent) children.insert(pid);
  }
  return children;
}

std::vector<Process> descendants(const std::set<pid_t>& spared) {
  if (no_child_left()) return {};  // as is usual, and asked in no time
  std::vector<Process> found;
  std::set<pid_t> ended;
  for (int walks = 0; walks < most_walks; ++walks) {
    found.clear();
    if (walk(spared, ended, [&](const Process& process) { found.push_back(process); })) break;
  }
  return found;
}

bool none_alive_but(const std::set<pid_t>& spared) {
  // Whoever has ended has no child: what it had is ours.
  std::optional<std::set<pid_t>> seen;
  for (int looks = 0; looks < most_walks; ++looks) {
    if (no_child_left()) return true;
    auto children = children_of(::getpid());
    if (seen == children) return true;
    const bool somebody_lives = std::ranges::any_of(children, [&](pid_t child) {
      return !spared.contains(child) && !has_ended(child) && !is_zombie(child);
    });
    if (somebody_lives) return false;
    seen = std::move(children);
  }
  return false;
}

void TreeStop::ask(int signal, bool group_was_told, pid_t untold) {
  signal_ = signal;
  const pid_t own_group = ::getpgrp();
  std::optional<Workers> workers;
  if (workers_of_) workers.emplace(signal, *workers_of_);
  std::map<pid_t, Process> parents;
  std::vector<Process> asked;
  // All are looked at before the first is asked: a master that ends its workers may stop to answer.
  for (const Process& process : descendants(spared_)) {
    const bool was_told = group_was_told && process.group == own_group && process.pid != untold;
    const auto parent = parents.find(process.parent);
    parents.emplace(process.pid, process);
    if (workers && !was_told && parent != parents.end()) {
      if (auto image = workers->image_of_worker(process, parent->second)) {
        leave(process, std::move(*image));
        continue;
      }
    }
    if (asked_.insert(identity(process)).second && !was_told) asked.push_back(process);
  }
  for (const Process& process : asked) tell(process, signal);
}

void TreeStop::leave(const Process& process, Image image) {
  const auto [place, is_new] = workers_.try_emplace(identity(process));
  auto& worker = place->second;
  if (is_new) {
    worker.left_at = Clock::now();
    worker.switches_then = switches_of(process.pid);
  }
  worker.master = process.parent;
  worker.image = std::move(image);
  if (masters_.contains(process.parent)) return;
  try {
    masters_.emplace(process.parent, open_process(process.parent));
  } catch (const std::system_error&) {  // no descriptor: its end is noticed a little later
  }
}

/// To the parent that has forked it, which lives, and it has executed nothing since.
bool TreeStop::is_left(const Process& process) const {
  const auto worker = workers_.find(identity(process));
  if (worker == workers_.end() || worker->second.master != process.parent) return false;
  const auto image = image_of(process.pid);
  return !image || *image == worker->second.image;
}

/// By a master that waits for it: some do no more when they are asked, as all of a group hear of
/// Ctrl-C. Who has run since it was left may have been told, and may not want to hear it twice; but
/// whom the signal would have ended has not.
/// Who has a group of its own is kept from that Ctrl-C: its master wants it to finish.
bool TreeStop::is_untold(const Process& process) const {
  const auto place = workers_.find(identity(process));
  if (place == workers_.end()) return false;
  const Worker& worker = place->second;
  const bool has_had_time = Clock::now() - worker.left_at >= masters_time_to_tell;
  if (!has_had_time || process.group != ::getpgid(worker.master)) return false;
  if (!worker.switches_then || !waits_for_a_child(worker.master)) return false;
  return !answers_signal(process.pid, signal_, *workers_of_) ||
         switches_of(process.pid) == worker.switches_then;
}

void TreeStop::ask_again() {
  forget_ended_masters();
  for (const Process& process : descendants(spared_)) {
    const bool orphan = process.parent == ::getpid();
    const bool worker_no_more = workers_.contains(identity(process)) && !is_left(process);
    if ((orphan || worker_no_more || is_untold(process)) && asked_.insert(identity(process)).second)
      tell(process, signal_);
    if (process.stopped) tell(process, SIGCONT);  // stopped, it would end by KILL alone
  }
}

void TreeStop::forget_ended_masters() {
  std::erase_if(masters_, [](const auto& one) {
    return !one.second || readiness(one.second.get(), POLLIN) != 0;
  });
}

void TreeStop::wait_with(std::vector<pollfd>& descriptors) const {
  for (const auto& [pid, handle] : masters_) descriptors.push_back({handle.get(), POLLIN, 0});
}

void TreeStop::forget(pid_t pid) {
  std::erase_if(asked_, [pid](const Identity& one) { return one.first == pid; });
}

void TreeStop::kill() {
  masters_.clear();
  std::set<Identity> killed;
  std::set<pid_t> ended;
  for (int walks = 0; walks < most_walks; ++walks) {
    bool somebody_new = false;
    // At once, not after the walk: a process that only forks and ends is not there for long.
    const bool held_still = walk(spared_, ended, [&](const Process& process) {
      if (!killed.insert(identity(process)).second) return;
      somebody_new = true;
      tell(process, SIGKILL);
    });
    if (held_still && !somebody_new) return;
  }
}

std::vector<TreeStop::Left> TreeStop::left() const {
  std::vector<Left> left;
  for (const Process& process : descendants(spared_)) {
    left.push_back({process, tell(process, 0) == Sent::refused});
  }
  return left;
}

}  // namespace reloadrun::proc
