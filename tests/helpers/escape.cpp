#include "helpers/escape.hpp"

#include <cctype>

#include "fmt/format.h"

namespace reloadrun::test {

std::string escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (std::isgraph(static_cast<unsigned char>(c)) != 0 && c != '%' && c != '=') {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

std::string unescape(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      plain += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace reloadrun::test
