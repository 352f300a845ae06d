// A configuration file (reloadrun.toml).

#include "cli/config_file.hpp"

#include <algorithm>
#include <string>
#include <variant>

#include "fmt/format.h"
#include "fuzz/property.hpp"

namespace reloadrun::fuzz {
namespace {

using cli::Setting;

void require_usable(const Setting& setting, std::size_t lines) {
  require(setting.line >= 1 && setting.line <= lines, "a setting is on a line of the file");
  const auto* values = std::get_if<Setting::Values>(&setting.value);
  require(!setting.is_array || values != nullptr, "an array has values, not a truth");
  if (values == nullptr) return;
  require(setting.is_array || values->size() == 1, "what is no array is one value");
  for (const Setting::Value& value : *values) {
    require(value.line >= setting.line && value.line <= lines, "a value is on a line of the file");
    require(value.text.find('\0') == value.text.npos, "no argument has a NUL");
  }
}

std::string quoted_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < ' ' || byte == '"' || byte == '\\' || byte == 0x7f) {
      quoted += fmt::format("\\u{:04x}", byte);
    } else {
      quoted += character;
    }
  }
  return quoted + '"';
}

/// A line that says the same.
std::string line_of(const Setting& setting) {
  std::string right;
  if (const bool* truth = std::get_if<bool>(&setting.value)) {
    right = *truth ? "true" : "false";
  } else {
    for (const Setting::Value& value : std::get<Setting::Values>(setting.value)) {
      right += (right.empty() ? "" : ", ") + quoted_text(value.text);
    }
    if (setting.is_array) right = "[" + right + "]";
  }
  return quoted_text(setting.name) + " = " + right + "\n";
}

/// Without the lines.
bool say_the_same(const Setting& one, const Setting& other) {
  return line_of(one) == line_of(other) && one.is_array == other.is_array;
}

}  // namespace
}  // namespace reloadrun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reloadrun;
  using namespace reloadrun::fuzz;
  const std::string_view text = Input(data, size).rest();
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  try {
    const auto settings = cli::parse_config(text, "file");
    std::string again;
    for (const Setting& setting : settings) {
      require_usable(setting, lines);
      again += line_of(setting);
    }
    require(std::ranges::is_sorted(settings, {}, &Setting::line), "they are in the file's order");
    require(std::ranges::equal(cli::parse_config(again, "again"), settings, say_the_same),
            "every setting can be written, and is read as the same");
  } catch (const Error& error) {
    require_clear(error);
    require(std::string_view(error.what()).starts_with("file:"), "an error names the line");
  }
  return 0;
}
