// Where an end-to-end test happens: a temporary directory with a watched part, and beside it what
// must not be watched. A failed test keeps its directory and says where it is.
#pragma once

#include <filesystem>
#include <string>

namespace reloadrun::test {

class Place {
 public:
  Place();
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  /// The working directory of what is tested, watched by default.
  [[nodiscard]] std::filesystem::path work() const { return root_ / "work"; }
  /// A path beside the watched directory, on the same file system.
  [[nodiscard]] std::filesystem::path beside(const std::string& name) const { return root_ / name; }

  /// Puts a file below work() there in one step (written aside, renamed), so that no look sees half
  /// of it. Its modification time differs from the one before, whatever the clock's grain.
  void edit(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path root_;
};

/// Returns when what changes from now on is stamped later than what has changed before. On a kernel
/// before 6.13 that takes a tick of its clock.
void let_change_time_pass();

/// The whole of a file; fails the test when there is none.
std::string content_of(const std::filesystem::path& file);

}  // namespace reloadrun::test
