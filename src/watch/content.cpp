#include "watch/content.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/regular_file.hpp"

namespace reloadrun::watch {

std::uint64_t content_hash(int directory, const char* name, Pause* pause) {
  // Not to hang on what has become a FIFO since it was looked at.
  const Fd file(::openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  constexpr std::size_t block_size = 1 << 16;
  // The hash so far goes before each block, so that blocks in another order have another hash.
  std::vector<char> block(sizeof(std::uint64_t) + block_size);
  std::uint64_t hash = 1;
  // No more than there was: what somebody writes without an end has none here either.
  std::size_t left =
      status.st_size > 0 ? static_cast<std::size_t>(status.st_size) : most_text_bytes;
  for (;;) {
    std::size_t filled = 0;  // whole blocks: a read may be short
    while (filled < block_size) {
      const ssize_t got =
          ::read(file.get(), block.data() + sizeof hash + filled, block_size - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return 0;
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    if (filled == 0 || left == 0) return hash;
    left -= std::min(left, filled);
    pause_at(pause);
    std::memcpy(block.data(), &hash, sizeof hash);
    hash = std::hash<std::string_view>()({block.data(), sizeof hash + filled});
    if (hash == 0) hash = 1;
  }
}

}  // namespace reloadrun::watch
