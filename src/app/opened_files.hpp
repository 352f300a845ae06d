// What the target's tree opens (--follow), from the call to who watches it. Noted by the thread
// that answers the calls, while the call waits; taken by the reloader's main thread.
#pragma once

#include <sys/stat.h>

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/opened.hpp"
#include "watch/snapshot.hpp"

namespace reloadrun::app {

/// Whether what is only read there is none of the user's business: what the system's packages, its
/// administrator and the kernel put there. The README has the list.
bool is_of_the_system(std::string_view path);

/// Paths are absolute, without links.
struct OpenedFile {
  enum class What {
    read,         ///< a file, which may be missing
    listed,       ///< a directory, which may be missing
    written,      ///< opened to be written, made, or given its name
    unreachable,  ///< a file to be read that no mount of ours has: `path` is its process's own
  } what = What::read;
  std::string path;
  std::optional<struct stat> status{};  ///< before the call was let go on; nullopt: missing
  watch::ChangeTime moment{};           ///< of a directory: when that was
  std::vector<FileKey> keys{};          ///< of what is written
};

class OpenedFiles {
 public:
  /// The answering thread: what this call opens, as far as it is not known yet.
  [[nodiscard]] std::vector<OpenedFile> news_of(const net::Call& call);
  /// ... is true: the call still waits, and is to be let go on. Returns whether it is the first
  /// since the last take().
  bool note(std::vector<OpenedFile> news);

  /// The main thread: what was noted since, in its order.
  std::vector<OpenedFile> take();

 private:
  [[nodiscard]] bool is_known(const std::string& path, OpenedFile::What what) const;

  // The answering thread's.
  net::Roots roots_ = net::Roots::ours;              // no process was seen to change its own
  std::unordered_map<std::string, unsigned> known_;  // bits, one of each What

  std::mutex mutex_;
  std::vector<OpenedFile> noted_;
};

}  // namespace reloadrun::app
