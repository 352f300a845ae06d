// The working directory, which counts by the name that it was given: where that leads elsewhere (a
// link was switched, another directory was put in its place, or git has made it anew), reloadrun
// goes there, and COMMAND is started there. One in each of reloadrun's processes, on its main
// thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace reloadrun::app {

/// Where this process is: absolute, without links; empty when that was removed.
std::string working_directory();

/// How this process was told where it is: PWD, if that leads here and has no "." and no ".." in it,
/// or else working_directory().
std::string working_directory_name();

class WorkingDirectory {
 public:
  /// `name`: empty for one that cannot be followed. Goes where it leads. `path`: where the process
  /// is, if it cannot tell.
  explicit WorkingDirectory(std::string name, std::string path = {});

  enum class Found {
    same,     ///< the name leads to where we are
    gone,     ///< ... to no directory: we stay
    back,     ///< ... to where we are, again
    another,  ///< ... to where we are from now on
  };
  /// Goes where the name leads now.
  Found follow();

  [[nodiscard]] const std::string& name() const { return name_; }
  /// Where we are: absolute, without links.
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Whether the name has led to no directory when it was followed last.
  [[nodiscard]] bool is_gone() const { return gone_; }
  /// Tells one directory from another; never 0.
  [[nodiscard]] std::uint64_t number() const;

 private:
  struct Place {
    dev_t device = 0;
    ino_t inode = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };
  static bool find(const std::string& path, Place& place);
  [[nodiscard]] bool leads_here(const Place& place) const;
  bool go();

  const std::string name_;
  std::string path_;
  Place here_;
  bool gone_ = false;
};

}  // namespace reloadrun::app
