#include "app/loaded_files.hpp"

#include <fcntl.h>
#include <link.h>

#include <algorithm>
#include <utility>

#include "app/opened_files.hpp"
#include "base/fd.hpp"
#include "watch/listing.hpp"
#include "watch/mount.hpp"
#include "watch/stamps.hpp"

namespace reloadrun::app {
namespace {

/// As the dynamic linker knows them, but for the program itself, which has no name there, and what
/// the kernel gives (linux-vdso.so.1).
std::vector<std::string> loaded_objects() {
  std::vector<std::string> names;
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* data) {
        const std::string name = object->dlpi_name;
        if (name.find('/') != std::string::npos) {
          static_cast<std::vector<std::string>*>(data)->push_back(name);
        }
        return 0;
      },
      &names);
  return names;
}

}  // namespace

std::optional<LoadedFile> LoadedFile::of(std::string path, const char* to_stat) {
  const Fd opened(::open(to_stat != nullptr ? to_stat : path.c_str(), O_PATH | O_CLOEXEC));
  LoadedFile file{.path = std::move(path)};
  if (!opened || ::fstat(opened.get(), &file.status) != 0) return std::nullopt;
  file.inode_is_identity = watch::mount_of(opened.get()).inode_is_identity;
  return file;
}

bool LoadedFile::is_replaced() const {
  struct stat now {};
  if (::stat(path.c_str(), &now) != 0) return false;
  if (inode_is_identity && now.st_dev != status.st_dev) return true;
  if (!inode_is_identity) now.st_ino = status.st_ino;
  return watch::plain_stamp(now) != watch::plain_stamp(status);
}

LoadedFiles::LoadedFiles(std::string program) {
  // This very file, also when another lies at its path by now.
  if (auto file = LoadedFile::of(std::move(program), "/proc/self/exe")) {
    files_.push_back(std::move(*file));
  }
  refresh();
}

void LoadedFiles::refresh() {
  for (const std::string& name : loaded_objects()) {
    if (known_.contains(name)) continue;
    const std::string path = watch::canonical(name);
    const bool passed_over = is_of_the_system(path) ||
                             std::ranges::find(files_, path, &LoadedFile::path) != files_.end();
    auto file = passed_over ? std::nullopt : LoadedFile::of(path);
    if (!passed_over && !file) continue;  // missing for a moment, perhaps
    known_.insert(name);
    if (file) files_.push_back(std::move(*file));
  }
}

bool LoadedFiles::any_replaced() const {
  return std::ranges::any_of(files_, &LoadedFile::is_replaced);
}

}  // namespace reloadrun::app
