#include "app/build_outputs.hpp"

#include <utility>
#include <vector>

#include "app/file_names.hpp"
#include "proc/open_files.hpp"

namespace reloadrun::app {
namespace {

struct Asked {
  std::string path;
  std::vector<std::string> names;
};

}  // namespace

std::set<std::string> BuildOutputs::sort_out(watch::Changes& found) {
  if (link_ == nullptr) return {};
  found.insert(found.begin(), unanswered_.begin(), unanswered_.end());
  unanswered_.clear();
  std::vector<Asked> asked;
  for (const auto& change : found) asked.push_back({change.path, names_of(change.path)});
  // What was opened since has a later write.
  if (any_left()) {
    for (const auto& [path, writes] : unaccounted_) asked.push_back({path, names_of(path)});
  }
  if (asked.empty()) return {};
  std::vector<std::string> names;
  for (const Asked& one : asked) names.insert(names.end(), one.names.begin(), one.names.end());
  const auto answers = link_->writes_of(names);
  if (!answers) {  // a disk may hold the builder up: it is asked again
    unanswered_ = std::exchange(found, {});
    return {};
  }
  std::set<std::string> closed;
  auto answer = answers->begin();
  for (const Asked& one : asked) {
    Writes writes;
    bool done = true;
    for (const std::string& name : one.names) {
      if (answer->last != 0) {
        writes.emplace(name, answer->last);
        done = done && answer->done;
      }
      ++answer;
    }
    if (writes.empty()) {
      unaccounted_.erase(one.path);
      continue;
    }
    unaccounted_.insert_or_assign(one.path, std::move(writes));
    if (done && proc::open_for_writing(one.path) != proc::Writing::yes) closed.insert(one.path);
  }
  std::erase_if(found, [&](const auto& change) { return unaccounted_.contains(change.path); });
  return closed;
}

void BuildOutputs::account(const std::set<std::string>& closed) {
  Writes until;
  for (const std::string& path : closed) {
    if (auto one = unaccounted_.extract(path)) until.merge(one.mapped());
  }
  if (!until.empty()) link_->account(until);
}

WrittenFiles::Settling BuildOutputs::settle() { return link_ == nullptr ? 0 : link_->settle(); }

void BuildOutputs::account_all(WrittenFiles::Settling until) {
  // What was not answered is asked for again: by then it must not be forgotten.
  if (until != 0 && unanswered_.empty()) link_->account_all(until);
}

}  // namespace reloadrun::app
