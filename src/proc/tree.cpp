#include "proc/tree.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <sstream>

#include "base/fd.hpp"
#include "fmt/format.h"
#include "proc/child.hpp"
#include "proc/procfs.hpp"

namespace reloadrun::proc {
namespace {

struct Stat {
  Process process;
  bool ended = false;  // the first thread has; others may run
};

/// nullopt when there is no such process any more. See proc(5), /proc/pid/stat.
std::optional<Stat> read_stat(pid_t pid) {
  const std::string text = read_file(fmt::format("/proc/{}/stat", pid));
  // The name may hold spaces and parentheses itself; it is the only field that does.
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  Stat stat;
  stat.process.pid = pid;
  stat.process.name = text.substr(open + 1, close - open - 1);
  std::istringstream fields(text.substr(close + 1));
  char state = '?';
  fields >> state >> stat.process.parent >> stat.process.group;
  std::string skipped;
  for (int field = 6; field < 22; ++field) fields >> skipped;
  fields >> stat.process.start_time;
  stat.process.stopped = state == 'T';
  stat.ended = state == 'Z' || state == 'X';
  return fields ? std::optional(stat) : std::nullopt;
}

/// To this very process, not to another that has its pid by now.
Sent tell(const Process& process, int signal) {
  const Fd handle = open_process(process.pid);
  if (!handle) return Sent::gone;
  // Read after the handle was opened: if it is the same process still, the handle is its.
  const auto stat = read_stat(process.pid);
  if (stat && stat->process.start_time != process.start_time) return Sent::gone;
  return send_signal(handle, signal);
}

/// Whom one walk finds below this process; to `ended` is added who was found to have ended.
///
/// When a process ends, its children become those of an ancestor whose children this walk may have
/// read before: they are overlooked. So a walk that finds somebody newly ended wants another.
std::vector<Process> walk(const std::set<pid_t>& spared, std::set<pid_t>& ended) {
  std::vector<Process> found;
  std::set<pid_t> seen{::getpid()};
  std::vector<std::pair<pid_t, std::set<pid_t>>> families{{::getpid(), children_of(::getpid())}};
  while (!families.empty()) {
    const auto [parent, children] = std::move(families.back());
    families.pop_back();
    for (const pid_t pid : children) {
      if (spared.contains(pid) || !seen.insert(pid).second) continue;
      // Its children before its state: of who is alive after that, these were all.
      auto its_children = children_of(pid);
      const auto stat = read_stat(pid);
      if (!stat && ::kill(pid, 0) != 0 && errno == EPERM) {  // /proc may hide others' (hidepid)
        found.push_back({.pid = pid, .parent = parent, .name = "a hidden process"});
        continue;
      }
      // A pid that has come to mean a stranger has a parent that is none of ours.
      const bool is_ours = stat && seen.contains(stat->process.parent);
      const bool only_a_zombie =
          is_ours && stat->ended && numbers_in(fmt::format("/proc/{}/task", pid)).size() <= 1;
      if (!is_ours || only_a_zombie) {
        ended.insert(pid);
        continue;
      }
      found.push_back(stat->process);
      families.emplace_back(pid, std::move(its_children));
    }
  }
  return found;
}

}  // namespace

void become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) throw_errno("prctl(PR_SET_CHILD_SUBREAPER)");
}

std::set<pid_t> children_of(pid_t parent) {
  static const bool kernel_lists_them = ::access("/proc/thread-self/children", R_OK) == 0;
  if (!kernel_lists_them) return children_by_scan(parent);
  std::set<pid_t> children;
  const std::string tasks = fmt::format("/proc/{}/task", parent);
  for (const pid_t task : numbers_in(tasks)) {
    std::istringstream listed(read_file(fmt::format("{}/{}/children", tasks, task)));
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
  constexpr int most_walks = 100;  // of a tree whose processes are born and die for ever
  std::set<pid_t> ended;
  for (int walks = 1;; ++walks) {
    const auto ended_before = ended.size();
    auto found = walk(spared, ended);
    if (ended.size() == ended_before || walks == most_walks) return found;
  }
}

void TreeStop::ask(int signal, bool group_was_told, pid_t untold) {
  signal_ = signal;
  const pid_t own_group = ::getpgrp();
  for (const Process& process : descendants(spared_)) {
    if (!asked_.insert(identity(process)).second) continue;
    const bool was_told = group_was_told && process.group == own_group && process.pid != untold;
    if (!was_told) tell(process, signal);
  }
}

void TreeStop::ask_again() {
  for (const Process& process : descendants(spared_)) {
    const bool orphan = process.parent == ::getpid();
    if (orphan && asked_.insert(identity(process)).second) tell(process, signal_);
    if (process.stopped) tell(process, SIGCONT);  // stopped, it would end by KILL alone
  }
}

void TreeStop::forget(pid_t pid) {
  std::erase_if(asked_, [pid](const Identity& one) { return one.first == pid; });
}

void TreeStop::kill() {
  constexpr int most_walks = 100;  // the caller comes again
  std::set<Identity> killed;
  for (int walks = 0; walks < most_walks; ++walks) {
    bool somebody_new = false;
    for (const Process& process : descendants(spared_)) {
      if (!killed.insert(identity(process)).second) continue;
      somebody_new = true;
      tell(process, SIGKILL);
    }
    if (!somebody_new) return;
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
