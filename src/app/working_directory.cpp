#include "app/working_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace reloadrun::app {

std::string working_directory() {
  std::error_code nowhere;
  return std::filesystem::current_path(nowhere);
}

bool return_to_directory(const std::string& directory) {
  struct stat status {};
  const bool removed = ::stat(".", &status) != 0 || status.st_nlink == 0;
  return removed && !directory.empty() && ::chdir(directory.c_str()) == 0;
}

}  // namespace reloadrun::app
