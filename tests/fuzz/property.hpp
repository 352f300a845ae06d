// What holds for every input. A fuzzer stops at the first for which it does not.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/printable.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::fuzz {

/// `property`: in words, for whoever reads the report.
inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

/// What every error is: a line for the user, whatever the input was.
inline void require_clear(const Error& error) {
  const std::string line = error.what();
  require(!line.empty() && !error.what_to_do().empty(), "an error says what is wrong and to do");
  require(printable(error.what_to_do()) == error.what_to_do(), "what to do is one plain line");
  require(error.exit_status() == status_usage, "the input is the user's");
}

/// A value as env files and git's configuration have it between double quotes.
inline std::string in_quotes(std::string_view value) {
  std::string text = "\"";
  for (const char character : value) {
    if (character == '\n') {
      text += "\\n";
    } else if (character == '"' || character == '\\') {
      text += {'\\', character};
    } else {
      text += character;
    }
  }
  return text + '"';
}

/// The bytes of an input, taken from its beginning.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : left_(reinterpret_cast<const char*>(data), size) {}

  /// 0 when none is left.
  unsigned char byte() {
    if (left_.empty()) return 0;
    const char first = left_.front();
    left_.remove_prefix(1);
    return static_cast<unsigned char>(first);
  }
  /// Up to the first `end`, which is taken too, or all.
  std::string_view until(char end) {
    const std::string_view text = left_.substr(0, left_.find(end));
    left_.remove_prefix(text.size() < left_.size() ? text.size() + 1 : text.size());
    return text;
  }
  [[nodiscard]] std::string_view rest() const { return left_; }

 private:
  std::string_view left_;
};

}  // namespace reloadrun::fuzz

/// The one function that libFuzzer, or once.cpp, calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
