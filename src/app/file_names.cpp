#include "app/file_names.hpp"

#include <filesystem>
#include <system_error>

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

}  // namespace reloadrun::app
