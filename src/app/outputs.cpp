#include "app/outputs.hpp"

#include <chrono>
#include <utility>

#include "app/words.hpp"
#include "base/log.hpp"

namespace reloadrun::app {
namespace {

using proc::Writing;
using Kind = watch::Change::Kind;

// Who holds a file that is still being written is asked of /proc no more often.
constexpr Duration recheck = std::chrono::seconds(1);

// A burst of more files is nobody's log: who writes them is not asked.
constexpr std::size_t most_questioned = 1000;

// Of more files it is asked in each interval only whether they were closed.
constexpr std::size_t most_asked_by_hint = 50;

}  // namespace

void Outputs::sort_out(watch::Pending& pending, const std::vector<std::string>& paths,
                       TimePoint now) {
  if (paths.size() > most_questioned) return;
  std::map<std::string, std::pair<FileIdentity, Writing>> in_question;
  std::set<FileIdentity> identities;
  for (const std::string& path : paths) {
    written_by_others_.erase(path);
    const auto item = pending.items().find(path);
    if (item == pending.items().end()) continue;  // a temporary file, renamed over another
    const auto identity = identity_of(path);
    if (item->second.change.kind == Kind::vanished || !identity) {
      sort_out_vanished(pending, path, now);
      continue;
    }
    const Writing writing = proc::open_for_writing(path);
    if (was_seen(item->second.change, *identity) ||
        is_known_output(path, *identity, writing, now)) {
      pending.drop(path);
    } else if (writing != Writing::no) {
      in_question.emplace(path, std::pair(*identity, writing));
      identities.insert(*identity);
    }
  }
  if (in_question.empty()) return;
  const auto ours = proc::written_by_ours(std::move(identities));
  for (const auto& [path, asked] : in_question) {
    const auto& [identity, writing] = asked;
    if (ours.tree.contains(identity)) {
      if (outputs_.insert_or_assign(path, Output{identity, now}).second) {
        log::debug("{} is output: what reloadrun runs has it open for writing", path);
      }
      pending.drop(path);
      // A process that has just been forked may have been found in the group alone.
      aside_.drop(path);
      aside_asked_.erase(path);
    } else if (ours.group.contains(identity)) {
      put_aside(pending, path, now);
    } else if (writing == Writing::yes) {
      written_by_others_.insert(path);
    } else if (was_ours(path, identity)) {
      note_closed(path, identity);
      pending.drop(path);
    }
  }
}

/// A look may see what its hint has not told yet: when that comes at last, the same state of the
/// file looks written again. If it was output until then, it was the last words.
bool Outputs::was_seen(const watch::Change& change, const FileIdentity& identity) {
  const bool same = change.kind == Kind::modified && !watch::differs(change.before, change.after);
  if (!same) closed_.erase(identity);
  return same && closed_.contains(identity);
}

/// Its writer has removed or renamed it.
void Outputs::sort_out_vanished(watch::Pending& pending, const std::string& path, TimePoint now) {
  if (outputs_.erase(path) != 0) {
    pending.drop(path);
  } else if (aside_.items().contains(path)) {
    put_aside(pending, path, now);
  }
}

bool Outputs::is_known_output(const std::string& path, const FileIdentity& identity,
                              Writing writing, TimePoint now) {
  if (writing == Writing::no) {
    if (was_ours(path, identity)) {
      note_closed(path, identity);
      return true;
    }
    forget(path);  // another file has taken its place
    return false;
  }
  const auto output = outputs_.find(path);
  return writing == Writing::yes && output != outputs_.end() &&
         output->second.identity == identity && now - output->second.asked < recheck;
}

bool Outputs::was_ours(const std::string& path, const FileIdentity& identity) const {
  const auto output = outputs_.find(path);
  return held_.contains(identity) ||
         (output != outputs_.end() && output->second.identity == identity);
}

/// The look that has led here may be older than the last words.
void Outputs::note_closed(const std::string& path, const FileIdentity& identity) {
  outputs_.insert_or_assign(path, Output{identity, TimePoint()});
  found_closed_.insert(path);
}

bool Outputs::may_be_closed() const {
  const std::size_t files = outputs_.size() + aside_.items().size();
  return files > 0 && files <= most_asked_by_hint;
}

void Outputs::find_closed(TimePoint now) {
  for (auto& [path, output] : outputs_) {
    Writing writing = Writing::no;
    if (identity_of(path) == output.identity) writing = proc::open_for_writing(path);
    if (writing == Writing::unknown && now - output.asked >= recheck) {
      output.asked = now;
      const auto ours = proc::written_by_ours({output.identity});
      if (!ours.tree.contains(output.identity)) writing = Writing::no;
    }
    if (writing == Writing::no) found_closed_.insert(path);
  }
}

void Outputs::forget_found_closed() {
  for (const std::string& path : std::exchange(found_closed_, {})) forget(path);
}

void Outputs::forget(const std::string& path) {
  const auto output = outputs_.find(path);
  if (output == outputs_.end()) return;
  held_.erase(output->second.identity);
  closed_.insert(output->second.identity);
  outputs_.erase(output);
  log::debug("{} is output no more", path);
}

void Outputs::put_aside(watch::Pending& pending, const std::string& path, TimePoint now) {
  if (!aside_.items().contains(path)) {
    log::debug("{} is held open by reloadrun's process group: a change once it is closed", path);
  }
  aside_.add(watch::Changes{pending.items().at(path).change}, now);
  aside_asked_[path] = now;
  pending.drop(path);
}

/// Where no lease can be had (another's file, FUSE, NFS), /proc has to tell.
bool Outputs::is_held(const std::string& path, TimePoint now) {
  const Writing writing = proc::open_for_writing(path);
  if (writing != Writing::unknown) return writing == Writing::yes;
  auto& asked = aside_asked_[path];
  if (now - asked < recheck) return true;
  asked = now;
  const auto identity = identity_of(path);
  return identity && proc::written_by_ours({*identity}).group.contains(*identity);
}

bool Outputs::give_back(watch::Pending& pending, TimePoint now) {
  bool any = false;
  for (const std::string& path : aside_.paths()) {
    const auto& change = aside_.items().at(path).change;
    const bool gone = change.kind == Kind::vanished;
    if (!gone && is_held(path, now)) continue;
    pending.add_earlier(change, now);
    aside_.drop(path);
    aside_asked_.erase(path);
    any = true;
  }
  return any;
}

}  // namespace reloadrun::app
