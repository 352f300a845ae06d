// A configuration file (reloadrun.toml), read with toml++ into settings as the option parser takes
// them: long option names with texts. The only place that knows TOML.
//
//     watch = ["src", "templates"]
//     settle = "50ms"
//     keep-ports = true
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace reloadrun::cli {

/// What a file says of one option.
struct Setting {
  struct Value {
    std::string text;
    std::size_t line;
  };
  /// More than one value when the file has an array, none when that is empty.
  using Values = std::vector<Value>;

  std::string name;  ///< the key, spelled like the long option without its dashes
  std::size_t line;  ///< of the key
  std::variant<bool, Values> value;
  bool is_array = false;
};

/// The settings of a file's `text`, in the order of their lines; `file` is its name for the user.
/// Throws Error (status 2) with "FILE:LINE: ..." for what is no TOML, and for values that no option
/// has (tables, dates). Goes as deep as a dotted key is long: `text` is to have a length that the
/// stack holds.
std::vector<Setting> parse_config(std::string_view text, const std::string& file);

}  // namespace reloadrun::cli
