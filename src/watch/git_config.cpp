#include "watch/git_config.hpp"

#include <algorithm>
#include <cctype>

namespace reloadrun::watch {
namespace {

using std::string_view;

std::string lower(string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_key(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-'; }

class ConfigReader {
 public:
  ConfigReader(string_view text, string_view alone) : text_(text), alone_(alone) {}

  std::optional<std::string> last_value_of(string_view section, string_view key) {
    std::optional<std::string> found;
    std::string current;
    while (!text_.empty()) {
      if (text_.front() == '[') {
        current = read_section();
      } else if (text_.front() == '#' || text_.front() == ';') {
        skip_line();
      } else if (is_key(text_.front())) {
        const bool is_wanted = read_key() == key && current == section;
        std::string value = read_value();
        if (is_wanted) found = std::move(value);
      } else {
        take();
      }
    }
    return found;
  }

 private:
  char take() {
    const char first = text_.front();
    text_.remove_prefix(1);
    return first;
  }
  void skip_line() { text_.remove_prefix(std::min(text_.find('\n'), text_.size())); }
  void skip_blanks() {
    while (!text_.empty() && is_blank(text_.front())) take();
  }

  /// A subsection stays part of the name: it is another section.
  std::string read_section() {
    const string_view line = text_.substr(0, text_.find('\n'));
    const std::size_t end = std::min(line.find(']'), line.size() - 1);
    std::string name = lower(line.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return name;
  }

  std::string read_key() {
    const auto* const end = std::find_if_not(text_.begin(), text_.end(), is_key);
    const auto size = static_cast<std::size_t>(end - text_.begin());
    std::string key = lower(text_.substr(0, size));
    text_.remove_prefix(size);
    return key;
  }

  /// Up to the end of its line, or of the last one that a backslash continues.
  std::string read_value() {
    skip_blanks();
    if (text_.empty() || text_.front() != '=') return std::string(alone_);
    take();
    skip_blanks();
    std::string value;
    std::size_t significant = 0;  // what is not just blanks before the end
    for (bool quoted = false; !text_.empty() && text_.front() != '\n';) {
      const char c = take();
      if (!quoted && (c == '#' || c == ';')) {
        skip_line();
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c != '\\') {
        value += c;
        if (quoted || !is_blank(c)) significant = value.size();
      } else if (const auto escaped = take_escaped()) {
        value += *escaped;
        significant = value.size();
      }
    }
    value.resize(significant);
    return value;
  }

  /// What the character after a backslash stands for; nullopt where that goes on with the next
  /// line.
  std::optional<char> take_escaped() {
    if (text_.empty()) return std::nullopt;
    switch (const char c = take()) {
      case '\n':
        return std::nullopt;
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'b':
        return '\b';
      default:
        return c;
    }
  }

  string_view text_;
  string_view alone_;  // the value of a key without '='
};

}  // namespace

std::optional<std::string> value_in_git_config(string_view text, string_view section,
                                               string_view key, string_view alone) {
  return ConfigReader(text, alone).last_value_of(section, key);
}

}  // namespace reloadrun::watch
