#include "watch/snapshot.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <utility>

namespace reloadrun::watch {
namespace {

// Within one tick of its file system's clock a directory may change once more: two seconds on FAT,
// the coarsest.
constexpr std::int64_t coarsest_tick = 2;

}  // namespace

bool differs(const Stamp& before, const Stamp& after) {
  Stamp expected = before;
  if (!after.runnable) expected.runnable = false;
  if (before.content != 0 && after.content != 0) {
    return before.content != after.content || expected.runnable != after.runnable;
  }
  expected.content = after.content;
  return expected != after;
}

bool Directory::shows_changes() const {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::max(own.mtime_seconds, changed.seconds) < now.tv_sec - coarsest_tick;
}

void Snapshot::for_each(
    const std::function<void(const std::string& path, const Stamp&)>& visit) const {
  for (const auto& [path, directory] : directories) {
    for (const NamedFile& file : directory.named) {
      if (file.seen) visit(below(path, file.name), file.seen->stamp);
    }
    for (const File& file : directory.files) visit(below(path, file.name), file.seen.stamp);
  }
}

std::size_t Snapshot::size() const {
  std::size_t count = 0;
  for (const auto& [path, directory] : directories) {
    count += directory.files.size();
    count += static_cast<std::size_t>(std::ranges::count_if(
        directory.named, [](const NamedFile& file) { return file.seen.has_value(); }));
  }
  return count;
}

std::vector<std::string> Snapshot::paths() const {
  std::vector<std::string> all;
  for_each([&all](const std::string& path, const Stamp&) { all.push_back(path); });
  std::sort(all.begin(), all.end());
  return all;
}

std::pair<std::string, std::string> split(const std::string& path) {
  const std::filesystem::path parts(path);
  return {parts.has_parent_path() ? parts.parent_path().string() : ".", parts.filename().string()};
}

std::string below(std::string_view directory, std::string_view name) {
  std::string path;
  if (directory != ".") path = directory;
  if (!path.empty() && !path.ends_with('/')) path += '/';
  return path += name;
}

std::vector<std::string> paths_of(const Changes& changes) {
  std::vector<std::string> paths;
  paths.reserve(changes.size());
  for (const Change& change : changes) paths.push_back(change.path);
  return paths;
}

void tell(Changes* found, Change::Kind kind, std::string path, const Stamp& before,
          const Stamp& after, bool rewritten) {
  if (found != nullptr) found->push_back({kind, std::move(path), before, after, rewritten});
}

}  // namespace reloadrun::watch
