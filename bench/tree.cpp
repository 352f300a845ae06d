#include "tree.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/fd.hpp"
#include "fmt/format.h"

namespace reloadrun::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t files_in_directory = 100;
constexpr std::size_t directories_in_directory = 100;

void set_times(int fd, const std::string& what) {
  constexpr std::time_t day = 24 * 60 * 60;
  const timespec yesterday{std::time(nullptr) - day, 0};
  const std::array times{yesterday, yesterday};
  if (::futimens(fd, times.data()) != 0) throw_errno(what.c_str());
}

/// Of a directory that holds files, by its number.
fs::path directory_name(std::size_t number) {
  return fs::path(fmt::format("part_{:02}", number / directories_in_directory)) /
         fmt::format("module_{:02}", number % directories_in_directory);
}

std::string file_name(std::size_t number) { return fmt::format("component_{:03}.cpp", number); }

void fill_directory(const fs::path& path, std::size_t files) {
  const Fd directory = require_fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path.c_str());
  for (std::size_t file = 0; file < files; ++file) {
    const std::string name = file_name(file);
    const Fd made = require_fd(
        ::openat(directory.get(), name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644), "openat");
    set_times(made.get(), name);
  }
  set_times(directory.get(), path);
}

void fill(const fs::path& top, std::size_t files) {
  std::size_t number = 0;
  for (std::size_t left = files; left > 0; ++number) {
    const std::size_t here = std::min(left, files_in_directory);
    const fs::path path = top / directory_name(number);
    fs::create_directories(path);
    fill_directory(path, here);
    left -= here;
  }
  for (const auto& entry : fs::directory_iterator(top)) {
    if (entry.is_directory()) fill_directory(entry.path(), 0);
  }
  fill_directory(top, 0);
}

}  // namespace

Tree::Tree(std::size_t files) : files_(files) {
  std::string name = fs::temp_directory_path() / "reloadrun-bench-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw_errno("mkdtemp");
  path_ = fs::canonical(name);
  fill(path_, files);
}

Tree::~Tree() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string Tree::file(std::size_t number) const {
  return fs::path(path_) / directory_name(number / files_in_directory) /
         file_name(number % files_in_directory);
}

void Tree::add_ignored(std::size_t files) {
  const fs::path ignored = fs::path(path_) / "ignored";
  fs::create_directory(ignored);
  fill(ignored, files);
  std::ofstream(path_ + "/.gitignore") << "/ignored/\n";
  fill_directory(path_, 0);
}

}  // namespace reloadrun::bench
