// One wildcard pattern of git's, compiled once and matched against many names. Plain value; any
// thread.
//
// The meaning is that of gitignore(5) and of what git does beyond its words, found by experiments
// with git 2.39. With core.ignoreCase a capital letter of ASCII and the small one are the same, but
// one after a backslash, or by itself in a class, matches nothing: git makes the text small, and
// not these. Matching takes no allocation and no recursion: a `*` never needs another try once a
// later one was reached, nor a `**`, so one place to resume is kept for each.
#pragma once

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reloadrun::watch {

class Glob {
 public:
  enum class Subject {
    name,  ///< of a file, without '/': `**` means `*`
    path   ///< of one or more names: `*`, `?` and classes never match '/', `**` may
  };

  enum class Case { counts, ignored };

  /// Every pattern can be compiled: git takes a broken one for one that matches nothing.
  Glob(std::string_view pattern, Subject subject, Case letters = Case::counts);

  /// `text` as the subject has it; an empty one is never matched.
  [[nodiscard]] bool matches(std::string_view text) const {
    // Most texts are told apart by their ends, without a look at the rest.
    if (text.empty() || (first_ != '\0' && small(text.front()) != first_) ||
        (last_ != '\0' && small(text.back()) != last_) || !begins(text, head_)) {
      return false;
    }
    switch (shape_) {
      case Shape::literal:
        return text.size() == head_.size();
      case Shape::one_star:
        return text.size() >= head_.size() + tail_.size() &&
               begins(text.substr(text.size() - tail_.size()), tail_) &&
               text.substr(head_.size(), text.size() - head_.size() - tail_.size()).find('/') ==
                   std::string_view::npos;
      case Shape::tokens:
        return matches_tokens(text.substr(head_.size()));
      case Shape::broken:
        return false;
    }
    return false;
  }

  /// Why the pattern matches nothing, for the user's eyes ("class without end"); empty when it is
  /// well-formed.
  [[nodiscard]] const std::string& broken() const { return broken_; }

 private:
  friend class GlobParser;

  enum class Shape { literal, one_star, tokens, broken };

  struct Token {
    enum class Kind : std::uint8_t {
      character,         ///< itself
      any_character,     ///< `?`: one but '/'
      one_of_class,      ///< `[...]`: one of these, but '/'
      star,              ///< any number of characters but '/'
      directories,       ///< `**/`: nothing, or everything up to some '/', and that
      some_directories,  ///< `**\/`: everything up to some '/', and that
      rest,              ///< `**` at the end: whatever follows
    } kind = Kind::character;
    char character = 0;
    std::uint16_t class_index = 0;
  };
  using Class = std::bitset<256>;
  class Match;

  /// As it is compared.
  [[nodiscard]] char small(char character) const {
    const bool is_capital = ignores_case_ && character >= 'A' && character <= 'Z';
    return is_capital ? static_cast<char>(character - 'A' + 'a') : character;
  }
  [[nodiscard]] bool begins(std::string_view text, std::string_view with) const {
    if (!ignores_case_) return text.starts_with(with);
    return text.size() >= with.size() &&
           std::equal(with.begin(), with.end(), text.begin(),
                      [this](char one, char other) { return one == small(other); });
  }

  void choose_shape();
  [[nodiscard]] bool matches_tokens(std::string_view text) const;

  bool ignores_case_;
  char first_ = '\0';  // what every match begins with; '\0': not known
  char last_ = '\0';   // what every match ends with
  Shape shape_ = Shape::tokens;
  std::string head_;  // what every match begins with
  std::string tail_;  // of one_star: what it ends with
  std::vector<Token> tokens_;
  std::vector<Class> classes_;
  std::string broken_;
};

}  // namespace reloadrun::watch
