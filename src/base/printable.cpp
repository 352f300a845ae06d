#include "base/printable.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>

#include "base/format.hpp"

namespace reloadrun {
namespace {

/// One character of UTF-8, or one byte that is none.
struct Character {
  std::uint32_t value = 0;
  std::size_t size = 1;
  bool is_text = false;
};

Character first_of(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const std::uint32_t first = byte(0);
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xc2 ? 0
                           : first < 0xe0 ? 2
                           : first < 0xf0 ? 3
                           : first < 0xf5 ? 4
                                          : 0;
  const Character none{first, 1, false};
  if (size == 0 || size > text.size()) return none;
  std::uint32_t value = size == 1 ? first : first & (0xffU >> (size + 1));
  for (std::size_t at = 1; at < size; ++at) {
    if ((byte(at) & 0xc0U) != 0x80) return none;
    value = (value << 6U) | (byte(at) & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (value < least.at(size)) return none;
  return {value, size, true};
}

/// Controls, also those of 8 bits alone; marks, embeddings, overrides and isolates of direction;
/// the ends of lines and paragraphs.
bool is_unprintable(const Character& one) {
  const auto within = [&one](std::uint32_t first, std::uint32_t last) {
    return one.value >= first && one.value <= last;
  };
  if (within(0, 0x1f) || within(0x7f, 0x9f)) return true;
  return one.is_text && (one.value == 0x061c || within(0x200e, 0x200f) || within(0x2028, 0x202e) ||
                         within(0x2066, 0x2069));
}

/// With `write_out` for each character that is unprintable, and the others as they are.
std::string written(
    std::string_view text,
    const std::function<void(std::string&, const Character&, std::string_view)>& write_out) {
  std::string result;
  while (!text.empty()) {
    const Character one = first_of(text);
    const auto bytes = text.substr(0, one.size);
    is_unprintable(one) ? write_out(result, one, bytes) : void(result += bytes);
    text.remove_prefix(one.size);
  }
  return result;
}

void escape_as_c(std::string& result, std::string_view bytes) {
  constexpr std::string_view known = "\a\b\t\n\v\f\r";
  constexpr std::string_view letters = "abtnvfr";
  for (const char byte : bytes) {
    if (const auto at = known.find(byte); at != std::string_view::npos) {
      (result += '\\') += letters[at];
    } else {
      fmt::format_to(std::back_inserter(result), "\\{:03o}", static_cast<unsigned char>(byte));
    }
  }
}

}  // namespace

std::string printable(std::string_view text) {
  return written(text, [](std::string& result, const Character& one, std::string_view) {
    const bool is_wide = one.is_text && one.value >= 0x80;
    result += is_wide ? fmt::format("\\u{:04x}", one.value) : fmt::format("\\x{:02x}", one.value);
  });
}

std::string quoted(std::string_view name, Names names) {
  const bool is_ambiguous = name.starts_with('"') || name.find('\n') != std::string_view::npos;
  bool has_unprintable = false;
  std::string slashed;
  for (const char byte : name) {
    if (byte == '"' || byte == '\\') slashed += '\\';
    slashed += byte;
  }
  const auto result =
      written(slashed, [&](std::string& text, const Character&, std::string_view bytes) {
        has_unprintable = true;
        escape_as_c(text, bytes);
      });
  const bool is_quoted = is_ambiguous || (has_unprintable && names == Names::for_a_terminal);
  return is_quoted ? fmt::format("\"{}\"", result) : std::string(name);
}

}  // namespace reloadrun
