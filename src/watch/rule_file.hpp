// A file that holds rules: its state, by which a change of it is known, and its text. Driven by
// watch/rules on the thread that looks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace reloadrun::watch {

/// What tells one state of a file from another. ctime besides mtime's reasons also tells that it
/// has become readable. Of a directory only that it is there, and which: it changes all the time.
struct RuleFileState {
  bool exists = false;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t ctime_seconds = 0;
  std::int64_t ctime_nanoseconds = 0;

  friend bool operator==(const RuleFileState&, const RuleFileState&) = default;
};

enum class Links { followed, refused };

/// Of `name` in the directory `directory_fd` (AT_FDCWD: of the path `name`).
RuleFileState rule_file_state(int directory_fd, const std::string& name, Links links);

/// What a rule file says, and in which state it said so.
struct RuleFile {
  RuleFileState state;
  std::optional<std::string> text;  ///< nullopt when it cannot be read
  std::string why;                  ///< it can't, for the user's eyes
};

/// Reads `name` as rule_file_state() finds it; nullopt when there is no such file. Never blocks on
/// a FIFO or a terminal: what is no regular file is not read.
std::optional<RuleFile> read_rule_file(int directory_fd, const std::string& name, Links links);

}  // namespace reloadrun::watch
