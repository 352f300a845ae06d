#include "proc/procfs.hpp"

#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

namespace reloadrun::proc {
namespace {

namespace fs = std::filesystem;

std::optional<pid_t> to_number(std::string_view text) {
  pid_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::vector<pid_t> numbers_in(const std::string& directory) {
  std::vector<pid_t> numbers;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (const auto number = to_number(entry->path().filename().native())) {
      numbers.push_back(*number);
    }
  }
  return numbers;
}

}  // namespace reloadrun::proc
