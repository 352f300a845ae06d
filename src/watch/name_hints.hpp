// Hints by inotify that a name may lead elsewhere than before: the directories that the kernel
// passes on its way, through links too, are watched for these names alone, so that what else goes
// on in them is not looked at. They only wake: stat() decides. Driven by the reloader's main
// thread.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/fd.hpp"

namespace reloadrun::watch {

class NameHints {
 public:
  /// `path`: absolute. Where inotify has nothing left, it does not hint.
  explicit NameHints(std::string path);

  /// Readable when there may be hints; -1 when there never are.
  [[nodiscard]] int fd() const { return inotify_.get(); }

  /// Whether there were any since the last call. Whoever asks where the name leads after that, and
  /// again after the next, misses nothing.
  bool any();

 private:
  void watch_the_way();
  void watch(const std::string& directory, const std::string& name);

  const std::string path_;
  Fd inotify_;
  std::map<int, std::set<std::string>> names_;  // that count, by the watch of their directory
};

}  // namespace reloadrun::watch
