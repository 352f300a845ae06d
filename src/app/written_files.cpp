#include "app/written_files.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace reloadrun::app {

void WrittenFiles::note(const KnownFile& file, pid_t thread) {
  const Number number = ++last_;
  const auto in_user_mode = world_.look_at(thread).in_user_mode;
  for (const FileKey& key : file.keys) {
    Entry& entry = written_[key];
    entry.last = number;
    if (!file.path.empty()) entry.path = file.path;
    entry.settled = 0;
    entry.writers[thread] = in_user_mode;
  }
}

bool WrittenFiles::is_done(Entry& entry) {
  std::erase_if(entry.writers, [this](const auto& writer) {
    const Thread now = world_.look_at(writer.first);
    return !now.runs || now.in_user_mode - writer.second >= surely_past;
  });
  return entry.writers.empty();
}

WrittenFiles::Writes WrittenFiles::of(const KnownFile& file) {
  const auto accounted = accounted_.find(file.path);
  const Number until = accounted == accounted_.end() ? 0 : accounted->second;
  Writes writes{.done = true};
  for (const FileKey& key : file.keys) {
    const auto found = written_.find(key);
    if (found == written_.end() || found->second.last <= until) continue;
    writes.last = std::max(writes.last, found->second.last);
    writes.done = is_done(found->second) && writes.done;
  }
  return writes;
}

WrittenFiles::Settling WrittenFiles::settle() {
  if (written_.empty()) return 0;
  ++settlings_;
  std::unordered_map<std::string_view, bool> open;  // asked for once, by whatever it is known
  const auto is_open = [&](const std::string& path) {
    const auto [known, is_new] = open.try_emplace(path);
    if (is_new) known->second = !path.empty() && world_.is_open(path);
    return known->second;
  };
  for (auto& [key, entry] : written_) {
    if (entry.settled == 0 && is_done(entry) && !is_open(entry.path)) entry.settled = settlings_;
  }
  return settlings_;
}

void WrittenFiles::account_all(Settling until) {
  std::erase_if(written_, [until](const auto& one) {
    return one.second.settled != 0 && one.second.settled <= until;
  });
  Number first = last_ + 1;  // that is left
  for (const auto& [key, entry] : written_) first = std::min(first, entry.last);
  std::erase_if(accounted_, [first](const auto& one) { return one.second < first; });
}

}  // namespace reloadrun::app
