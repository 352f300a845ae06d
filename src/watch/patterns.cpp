#include "watch/patterns.hpp"

#include <algorithm>

#include "base/format.hpp"

namespace reloadrun::watch {
namespace {

using std::string_view;

constexpr string_view byte_order_mark = "\xef\xbb\xbf";

/// Without its trailing spaces, but for one that a backslash escapes. A backslash at the very end
/// keeps them all.
string_view without_trailing_spaces(string_view line) {
  std::size_t end = 0;  // behind the last character that is no such space
  for (std::size_t at = 0; at < line.size(); ++at) {
    const bool escapes = line[at] == '\\';
    if (escapes && at + 1 == line.size()) return line;
    if (escapes) ++at;
    if (escapes || line[at] != ' ') end = at + 1;
  }
  return line.substr(0, end);
}

bool is_negated(string_view written) { return written.starts_with('!'); }

string_view without_negation(string_view written) {
  return is_negated(written) ? written.substr(1) : written;
}

/// What is left of a pattern once `!` and a trailing `/` have had their say.
string_view body(string_view written) {
  string_view rest = without_negation(written);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  return rest;
}

Glob compile(string_view text, Glob::Case letters) {
  const bool by_path = text.find('/') != string_view::npos;
  if (text.starts_with('/')) text.remove_prefix(1);
  return {text, by_path ? Glob::Subject::path : Glob::Subject::name, letters};
}

}  // namespace

Pattern::Pattern(string_view written, std::size_t line_number, Glob::Case letters)
    : text(written),
      line(line_number),
      negated(is_negated(written)),
      directory_only(without_negation(written).ends_with('/')),
      by_path(body(written).find('/') != string_view::npos),
      glob(compile(body(written), letters)) {}

void Patterns::add_text(string_view text) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = without_trailing_spaces(line.substr(0, line.find('\0')));
    if (!line.empty()) add(line, line_number);
  }
}

void Patterns::add(string_view pattern, std::size_t line) {
  patterns_.emplace_back(pattern, line, letters_);
}

const Pattern* Patterns::match(std::optional<string_view> relative_path, string_view name,
                               bool is_directory) const {
  const auto last = std::find_if(patterns_.rbegin(), patterns_.rend(), [&](const Pattern& one) {
    if (one.directory_only && !is_directory) return false;
    if (one.by_path) return relative_path && one.glob.matches(*relative_path);
    return one.glob.matches(name);
  });
  return last == patterns_.rend() ? nullptr : &*last;
}

std::string Patterns::text() const {
  std::string text;
  std::size_t line = 1;
  for (const Pattern& pattern : patterns_) {
    text.append(pattern.line - line, '\n');
    // What add_text() drops once, and the pattern has all the same, is there twice.
    if (text.empty() && pattern.text.starts_with(byte_order_mark)) text += byte_order_mark;
    text += pattern.text;
    if (pattern.text.ends_with('\r')) text += '\r';
    line = pattern.line;
  }
  return text;
}

std::vector<std::string> Patterns::faults() const {
  std::vector<std::string> found;
  for (const Pattern& pattern : patterns_) {
    if (pattern.glob.broken().empty()) continue;
    found.push_back(fmt::format("line {} of {}: '{}' is a broken pattern ({})", pattern.line,
                                source_, pattern.text, pattern.glob.broken()));
  }
  return found;
}

}  // namespace reloadrun::watch
