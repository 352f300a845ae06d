#include "app/working_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/fd.hpp"
#include "watch/listing.hpp"
#include "watch/mount.hpp"

namespace reloadrun::app {
namespace {

namespace fs = std::filesystem;

constexpr auto here = ".";

bool is_plain(const fs::path& path) {
  return path.is_absolute() && std::ranges::none_of(path, [](const fs::path& part) {
           return part == "." || part == "..";
         });
}

bool is_same_directory(const std::string& one, const std::string& other) {
  struct stat first {};
  struct stat second {};
  return ::stat(one.c_str(), &first) == 0 && ::stat(other.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/// Where numbers are made up as they go, one directory may have another each time it is asked.
bool has_a_number_of_its_own(const std::string& path) {
  const Fd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return !directory || watch::mount_of(directory.get()).inode_is_identity;
}

}  // namespace

std::string working_directory() {
  std::error_code nowhere;
  return fs::current_path(nowhere);
}

std::string working_directory_name() {
  const char* const given = std::getenv("PWD");
  if (given != nullptr && is_plain(given) && is_same_directory(given, here)) return given;
  return working_directory();
}

WorkingDirectory::WorkingDirectory(std::string name, std::string path)
    : name_(std::move(name)), path_(working_directory()) {
  if (path_.empty()) path_ = std::move(path);
  find(here, here_);
  follow();
}

WorkingDirectory::Found WorkingDirectory::follow() {
  if (name_.empty()) return Found::same;
  Place place;
  if (!find(name_, place)) {
    gone_ = true;
    return Found::gone;
  }
  if (leads_here(place)) {
    if (!std::exchange(gone_, false)) return Found::same;
    if (std::string path = watch::canonical(name_); !path.empty()) path_ = std::move(path);
    return Found::back;
  }
  gone_ = !go();
  return gone_ ? Found::gone : Found::another;
}

/// One of another file system may have the same number there.
std::uint64_t WorkingDirectory::number() const {
  constexpr std::uint64_t spread = 0x9e3779b97f4a7c15;
  return std::max<std::uint64_t>(here_.inode ^ (here_.device * spread), 1);
}

bool WorkingDirectory::find(const std::string& path, Place& place) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return false;
  place = {status.st_dev, status.st_ino};
  return true;
}

/// A program that reloads itself may have gone elsewhere by itself, which is its own affair.
bool WorkingDirectory::leads_here(const Place& place) const {
  if (place == here_) return true;
  Place now;
  if (find(here, now) && now != here_) return now == place || has_a_number_of_its_own(here);
  return !has_a_number_of_its_own(name_) && watch::canonical(name_) == working_directory();
}

bool WorkingDirectory::go() {
  if (::chdir(name_.c_str()) != 0) return false;
  find(here, here_);
  if (std::string path = working_directory(); !path.empty()) path_ = std::move(path);
  return true;
}

}  // namespace reloadrun::app
