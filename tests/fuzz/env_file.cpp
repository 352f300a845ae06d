// An env file, and the same as two files.

#include "app/env_file.hpp"

#include <algorithm>
#include <string>

#include "fuzz/property.hpp"

namespace reloadrun::fuzz {
namespace {

using app::Variable;

std::vector<Variable> parse(std::string_view text) { return app::parse_env_file(text, "file"); }

void require_usable(const Variable& variable) {
  const std::string& name = variable.name;
  require(!name.empty() && name.find_first_of("= \t\n\"'") == name.npos, "a name is a name");
  require(name != "RUN_MAIN" && !name.starts_with("RELOADRUN_") && !name.starts_with("LISTEN_"),
          "our own names are not the user's to give");
  require((name + variable.value).find('\0') == name.npos, "the environment has no NUL");
}

/// A line that gives this variable.
std::string line_of(const Variable& variable) {
  return "export " + variable.name + " = " + in_quotes(variable.value) + " # comment\r\n";
}

}  // namespace
}  // namespace reloadrun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reloadrun;
  using namespace reloadrun::fuzz;
  const std::string_view text = Input(data, size).rest();
  try {
    const auto variables = parse(text);
    std::string again;
    for (const Variable& variable : variables) {
      require_usable(variable);
      again += line_of(variable);
    }
    require(parse(again) == variables, "every variable can be written, and is read as the same");
    auto twice = parse(std::string(text) + "\n" + again);
    require(twice.size() == 2 * variables.size(), "a line means the same behind any others");
  } catch (const Error& error) {
    require_clear(error);
    require(std::string_view(error.what()).starts_with("file:"), "an error names the line");
    require(printable(error.what()) == error.what(), "an error is one plain line");
  }
  return 0;
}
