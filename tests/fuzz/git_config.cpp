// git's configuration file. The input: a value, up to the first NUL, and the file.

#include "watch/git_config.hpp"

#include <string>

#include "fuzz/property.hpp"

namespace reloadrun::fuzz {
namespace {

std::optional<std::string> excludes_file(std::string_view text) {
  return watch::value_in_git_config(text, "core", "excludesfile");
}

}  // namespace
}  // namespace reloadrun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reloadrun::fuzz;
  Input input(data, size);
  const std::string value(input.until('\0'));
  const std::string file(input.rest());
  const std::string set = "[core]\n\texcludesFile = " + in_quotes(value) + "\n";
  const auto found = excludes_file(file);
  require(!found || found->size() <= file.size(), "a value is made of what the file says");
  // The empty line, as a backslash at the very end goes on with the next one.
  require(excludes_file(file + "\n\n" + set) == value, "the last value counts");
  require(excludes_file(set + "[other]\n" + file) == found.value_or(value),
          "an earlier value counts when there is no other");
  require(excludes_file("[core \"sub\"]\nexcludesFile = x\n" + set) == value,
          "a subsection is another section");
  return 0;
}
