#include "watch/difference.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <string>

namespace reloadrun::watch {

Changes difference(const Snapshot& before, const Snapshot& after, const ChangeTime& begun,
                   Pause* pause) {
  using Kind = Change::Kind;
  Changes found;
  std::map<std::string, Stamp> known;
  before.for_each([&](const std::string& path, const Stamp& stamp) {
    pause_at(pause);
    known[path] = stamp;
  });
  after.for_each([&](const std::string& path, const Stamp& stamp) {
    pause_at(pause);
    if (const auto old = known.extract(path); !old.empty()) {
      if (differs(old.mapped(), stamp))
        found.push_back({Kind::modified, path, old.mapped(), stamp});
    } else if (changed_since(AT_FDCWD, path.c_str(), begun)) {
      found.push_back({Kind::appeared, path, {}, stamp});
    }
  });
  for (const auto& [path, stamp] : known) {
    pause_at(pause);
    if (::access(path.c_str(), F_OK) != 0) found.push_back({Kind::vanished, path, stamp, {}});
  }
  return found;
}

}  // namespace reloadrun::watch
