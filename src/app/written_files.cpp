#include "app/written_files.hpp"

#include <algorithm>
#include <iterator>

namespace reloadrun::app {

void WrittenFiles::note(const std::string& path, pid_t thread) {
  Entry& entry = written_[path];
  entry.last = ++last_;
  entry.writers[thread] = world_.look_at(thread).in_user_mode;
}

bool WrittenFiles::is_done(Entry& entry) {
  std::erase_if(entry.writers, [this](const auto& writer) {
    const Thread now = world_.look_at(writer.first);
    return !now.runs || now.in_user_mode - writer.second >= surely_past;
  });
  return entry.writers.empty();
}

WrittenFiles::Writes WrittenFiles::of(const std::string& path) {
  const auto accounted = accounted_.find(path);
  const Number until = accounted == accounted_.end() ? 0 : accounted->second;
  Writes writes{.done = true};
  for (std::string part = path; !part.empty(); part.resize(part.rfind('/'))) {
    const auto found = written_.find(part);
    if (found == written_.end() || found->second.last <= until) continue;
    writes.last = std::max(writes.last, found->second.last);
    writes.done = is_done(found->second) && writes.done;
  }
  return writes;
}

void WrittenFiles::account_all(Number until) {
  for (auto one = written_.begin(); one != written_.end();) {
    const auto& [path, entry] = *one;
    const bool is_over = entry.last <= until && is_done(one->second) && !world_.is_open(path);
    one = is_over ? written_.erase(one) : std::next(one);
  }
  std::erase_if(accounted_, [&](const auto& one) { return !written_.contains(one.first); });
}

}  // namespace reloadrun::app
