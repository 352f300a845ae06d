#include "app/loaded_files.hpp"

#include <link.h>

#include <algorithm>
#include <utility>

#include "app/opened_files.hpp"
#include "watch/listing.hpp"
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

LoadedFiles::LoadedFiles(std::string program) {
  add(std::move(program), "/proc/self/exe");  // this very file, also when another lies there by now
  refresh();
}

void LoadedFiles::refresh() {
  for (const std::string& name : loaded_objects()) {
    std::string path = watch::canonical(name);
    if (is_of_the_system(path)) continue;
    if (std::ranges::find(files_, path, &File::path) == files_.end()) add(path, path.c_str());
  }
}

void LoadedFiles::add(std::string path, const char* to_stat) {
  File file{std::move(path), {}};
  if (::stat(to_stat, &file.status) == 0) files_.push_back(std::move(file));
}

bool LoadedFiles::any_replaced() const {
  return std::ranges::any_of(files_, [](const File& file) {
    struct stat now {};
    if (::stat(file.path.c_str(), &now) != 0) return false;
    return watch::plain_stamp(now) != watch::plain_stamp(file.status) ||
           now.st_dev != file.status.st_dev;
  });
}

}  // namespace reloadrun::app
