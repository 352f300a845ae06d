// What builds have written, and how much of it is accounted for: seen by a look, and known to be a
// build's doing. Plain values; kept by the builder, for all reloaders.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace reloadrun::app {

class WrittenFiles {
 public:
  /// Writes are numbered from 1 in their order.
  using Number = std::uint64_t;

  /// A file is about to be written: an absolute path without links. A directory that is replaced
  /// stands for all below it.
  void note(const std::string& path);
  /// The last write of all.
  [[nodiscard]] Number last() const { return last_; }

  /// The last write of a file, or of a directory around it, that is not accounted for; 0: none.
  [[nodiscard]] Number last_of(const std::string& path) const;

  /// What was written to the file up to this write is accounted for.
  void account(const std::string& path, Number until);
  /// ... of all files.
  void account_all(Number until);

 private:
  Number last_ = 0;
  Number all_until_ = 0;
  std::map<std::string, Number> written_;
  std::map<std::string, Number> accounted_;
};

}  // namespace reloadrun::app
