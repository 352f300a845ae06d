#include "watch/snapshot.hpp"

namespace reloadrun::watch {
namespace {

bool differs(const Stamp& before, const Stamp& after) {
  Stamp expected = before;
  if (!after.runnable) expected.runnable = false;
  return expected != after;
}

}  // namespace

std::vector<Change> changes(const Snapshot& before, const Snapshot& after) {
  using Kind = Change::Kind;
  std::vector<Change> found;
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    if (now == after.end() || (old != before.end() && old->path < now->path)) {
      found.push_back({Kind::vanished, old->path, old->stamp, {}});
      ++old;
    } else if (old == before.end() || now->path < old->path) {
      found.push_back({Kind::appeared, now->path, {}, now->stamp});
      ++now;
    } else {
      if (differs(old->stamp, now->stamp)) {
        found.push_back({Kind::modified, now->path, old->stamp, now->stamp});
      }
      ++old;
      ++now;
    }
  }
  return found;
}

}  // namespace reloadrun::watch
