#include "net/fields.hpp"

#include <algorithm>
#include <cstddef>

namespace reloadrun::net {
namespace {

constexpr std::string_view white = " \t";

void skip_white(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(white), text.size()));
}

}  // namespace

std::string_view field(std::string_view text, std::string_view name) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      line.remove_prefix(name.size() + 1);
      skip_white(line);
      return line;
    }
    begin = end + 1;
  }
  return {};
}

std::string_view take_word(std::string_view& text) {
  skip_white(text);
  const std::string_view word = text.substr(0, text.find_first_of(white));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace reloadrun::net
