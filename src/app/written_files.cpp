#include "app/written_files.hpp"

#include <algorithm>

namespace reloadrun::app {

void WrittenFiles::note(const std::string& path, pid_t thread) {
  Entry& entry = written_[path];
  entry.last = ++last_;
  entry.settled = 0;
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

WrittenFiles::Settling WrittenFiles::settle() {
  if (written_.empty()) return 0;
  ++settlings_;
  for (auto& [path, entry] : written_) {
    if (entry.settled == 0 && is_done(entry) && !world_.is_open(path)) entry.settled = settlings_;
  }
  return settlings_;
}

void WrittenFiles::account_all(Settling until) {
  std::erase_if(written_, [until](const auto& one) {
    return one.second.settled != 0 && one.second.settled <= until;
  });
  std::erase_if(accounted_, [&](const auto& one) { return !written_.contains(one.first); });
}

}  // namespace reloadrun::app
