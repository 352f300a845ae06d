// Reads the files of /proc that have a line for each value. Any thread.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace reloadrun::net {

/// What follows "NAME:" in a file of /proc, without the white space before it; empty when no line
/// has that name.
std::string_view field(std::string_view text, std::string_view name);

/// Takes the first word out of `text`.
std::string_view take_word(std::string_view& text);

/// What `text` begins with.
template <typename Number>
std::optional<Number> number_in(std::string_view text, int base = 10) {
  Number number{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return result.ec == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace reloadrun::net
