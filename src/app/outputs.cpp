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
constexpr std::size_t most_asked = 1000;

}  // namespace

void Outputs::sort_out(watch::Pending& pending, const std::vector<std::string>& paths,
                       TimePoint now) {
  if (paths.size() > most_asked) return;
  std::map<std::string, std::pair<proc::FileIdentity, Writing>> in_question;
  std::set<proc::FileIdentity> identities;
  for (const std::string& path : paths) {
    written_by_others_.erase(path);
    const auto item = pending.items().find(path);
    if (item == pending.items().end()) continue;  // a temporary file, renamed over another
    const auto identity = proc::identity_of(path);
    if (item->second.change.kind == Kind::vanished || !identity) {
      sort_out_vanished(pending, path, now);
      continue;
    }
    const Writing writing = proc::open_for_writing(path);
    if (is_known_output(path, *identity, writing, now)) {
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
        log::debug("{} is output: what reloadrun runs has it open for writing", printable(path));
      }
      pending.drop(path);
    } else if (ours.group.contains(identity)) {
      put_aside(pending, path, now);
    } else if (writing == Writing::yes) {
      written_by_others_.insert(path);
    }
  }
}

/// Its writer has removed or renamed it.
void Outputs::sort_out_vanished(watch::Pending& pending, const std::string& path, TimePoint now) {
  if (outputs_.erase(path) != 0) pending.drop(path);
  if (aside_.items().contains(path)) put_aside(pending, path, now);
}

bool Outputs::is_known_output(const std::string& path, const proc::FileIdentity& identity,
                              Writing writing, TimePoint now) {
  const auto output = outputs_.find(path);
  const bool was_output = output != outputs_.end() && output->second.identity == identity;
  if (writing != Writing::no) {
    return writing == Writing::yes && was_output && now - output->second.asked < recheck;
  }
  // Closed since. What comes next is somebody else's.
  if (output != outputs_.end()) outputs_.erase(output);
  return held_.erase(identity) != 0 || was_output;
}

void Outputs::put_aside(watch::Pending& pending, const std::string& path, TimePoint now) {
  if (!aside_.items().contains(path)) {
    log::debug("{} is held open by reloadrun's process group: a change once it is closed",
               printable(path));
  }
  aside_.add(watch::Changes{pending.items().at(path).change}, now);
  pending.drop(path);
}

bool Outputs::give_back(watch::Pending& pending, TimePoint now) {
  bool any = false;
  for (const std::string& path : aside_.paths()) {
    const auto& change = aside_.items().at(path).change;
    const bool gone = change.kind == Kind::vanished;
    if (!gone && proc::open_for_writing(path) == Writing::yes) continue;
    pending.add_earlier(change, now);
    aside_.drop(path);
    any = true;
  }
  return any;
}

}  // namespace reloadrun::app
