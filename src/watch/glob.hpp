// One wildcard pattern of git's, compiled once and matched against many names. Plain value; any
// thread.
//
// The meaning is that of gitignore(5) and of what git does beyond its words, found by experiments
// with git 2.39. Matching takes no allocation and no recursion: a `*` never needs another try once
// a later one was reached, nor a `**`, so one place to resume is kept for each.
#pragma once

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

  /// Every pattern can be compiled: git takes a broken one for one that matches nothing.
  Glob(std::string_view pattern, Subject subject);

  /// `text` as the subject has it; an empty one is never matched.
  [[nodiscard]] bool matches(std::string_view text) const {
    // Most texts are told apart by their ends, without a look at the rest.
    if (text.empty() || (first_ != '\0' && text.front() != first_) ||
        (last_ != '\0' && text.back() != last_) || !text.starts_with(head_)) {
      return false;
    }
    switch (shape_) {
      case Shape::literal:
        return text.size() == head_.size();
      case Shape::one_star:
        return text.size() >= head_.size() + tail_.size() && text.ends_with(tail_) &&
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

  void choose_shape();
  [[nodiscard]] bool matches_tokens(std::string_view text) const;

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
