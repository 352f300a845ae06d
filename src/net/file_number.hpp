// Which file a path or a descriptor leads to now, to be compared while it is there: a path may lead
// to another one later. By what files are known beyond that: base/file_key. Any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.hpp"

namespace reloadrun::net {

struct FileNumber {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend auto operator<=>(const FileNumber&, const FileNumber&) = default;
};

/// Of an open file.
std::optional<FileNumber> file_of(const Fd& file);
/// Through links; nullopt when it leads nowhere.
std::optional<FileNumber> file_at(const std::string& path);
/// Of a link, its own.
std::optional<FileNumber> entry_at(const std::string& path);
/// Whether both are the same file; not when one of them cannot be looked at.
bool are_same(const Fd& one, const Fd& other);

}  // namespace reloadrun::net
