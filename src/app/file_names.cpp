#include "app/file_names.hpp"

#include <fcntl.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace reloadrun::app {
namespace {

namespace fs = std::filesystem;

/// Without links, as far as it is there. (std::filesystem::weakly_canonical() fails when a part of
/// it goes away meanwhile.)
fs::path without_links(fs::path path) {
  fs::path rest;
  for (;;) {
    std::error_code error;
    const fs::path there = fs::canonical(path, error);
    if (!error) return rest.empty() ? there : there / rest;
    if (!path.has_relative_path()) return path / rest;
    rest = rest.empty() ? path.filename() : path.filename() / rest;
    path = path.parent_path();
  }
}

}  // namespace

std::vector<std::string> names_of(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error).lexically_normal();
  std::vector<std::string> names{without_links(whole.parent_path()) / whole.filename()};
  if (fs::is_symlink(names.front(), error)) names.push_back(without_links(names.front()));
  return names;
}

std::vector<FileKey> FileKeys::of(const std::string& name) {
  std::vector<FileKey> keys;
  struct statx status {};
  constexpr int itself = AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC;
  if (::statx(AT_FDCWD, name.c_str(), itself, identity_fields, &status) == 0) {
    keys.push_back({identity_from(status), ""});
  }
  for (std::string part = name; !name_in(part).empty(); part = directory_around(part)) {
    if (auto key = entry(part)) keys.push_back(std::move(*key));
  }
  return keys;
}

std::optional<FileKey> FileKeys::entry(const std::string& path) {
  const std::string around = directory_around(path);
  const auto [known, is_new] = directories_.try_emplace(around);
  Directory& directory = known->second;
  if (is_new) {
    directory.there =
        ::statx(AT_FDCWD, around.c_str(), AT_STATX_DONT_SYNC, STATX_INO, &directory.status) == 0;
  }
  if (!directory.there) return std::nullopt;
  return entry_key(directory.status, std::string(name_in(path)));
}

}  // namespace reloadrun::app
