#include "watch/glob.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/format.hpp"

namespace reloadrun::watch {
namespace {

using std::string_view;

/// The characters that git calls special in a pattern.
constexpr string_view special = "*?[\\";

constexpr bool within(unsigned character, char first, char last) {
  return character >= static_cast<unsigned char>(first) &&
         character <= static_cast<unsigned char>(last);
}
constexpr bool is_lower(unsigned c) { return within(c, 'a', 'z'); }
constexpr bool is_upper(unsigned c) { return within(c, 'A', 'Z'); }
constexpr bool is_digit(unsigned c) { return within(c, '0', '9'); }
constexpr bool is_alpha(unsigned c) { return is_lower(c) || is_upper(c); }
constexpr bool is_alnum(unsigned c) { return is_alpha(c) || is_digit(c); }
constexpr bool is_blank(unsigned c) { return c == ' ' || c == '\t'; }
constexpr bool is_cntrl(unsigned c) { return c < ' ' || c == 0x7f; }
constexpr bool is_print(unsigned c) { return within(c, ' ', '~'); }
constexpr bool is_graph(unsigned c) { return within(c, '!', '~'); }
constexpr bool is_punct(unsigned c) { return is_graph(c) && !is_alnum(c); }
/// git's own notion: neither a vertical tab nor a form feed.
constexpr bool is_space(unsigned c) { return is_blank(c) || c == '\n' || c == '\r'; }
constexpr bool is_xdigit(unsigned c) {
  return is_digit(c) || within(c, 'a', 'f') || within(c, 'A', 'F');
}

struct NamedClass {
  string_view name;
  bool (*holds)(unsigned);
};
/// What `[:NAME:]` stands for, in ASCII alone, whatever the locale.
constexpr std::array named_classes{
    NamedClass{"alnum", is_alnum}, NamedClass{"alpha", is_alpha}, NamedClass{"blank", is_blank},
    NamedClass{"cntrl", is_cntrl}, NamedClass{"digit", is_digit}, NamedClass{"graph", is_graph},
    NamedClass{"lower", is_lower}, NamedClass{"print", is_print}, NamedClass{"punct", is_punct},
    NamedClass{"space", is_space}, NamedClass{"upper", is_upper}, NamedClass{"xdigit", is_xdigit}};

constexpr auto class_without_end = "class without end";

}  // namespace

/// Reads a pattern from left to right into the tokens of a Glob.
class GlobParser {
 public:
  GlobParser(string_view pattern, Glob::Subject subject, Glob& glob)
      : pattern_(pattern), subject_(subject), glob_(glob) {}

  /// Returns what is wrong with the pattern; empty when nothing is.
  std::string parse() {
    // git compares what is before the first special character by itself and matches only what
    // follows, so that a `**` there stands at a beginning, whatever is before it.
    at_ = std::min(pattern_.find_first_of(special), pattern_.size());
    beginning_ = at_;
    for (const char character : pattern_.substr(0, at_)) add_character(character);
    while (at_ < pattern_.size() && wrong_.empty()) read_one();
    return wrong_;
  }

 private:
  using Kind = Glob::Token::Kind;

  [[nodiscard]] bool ended() const { return at_ >= pattern_.size(); }
  [[nodiscard]] bool next_is(string_view text) const {
    return pattern_.substr(at_).starts_with(text);
  }
  void add(Kind kind) { glob_.tokens_.push_back({kind}); }
  /// With a backslash before it, it is compared as it is, with a text that is made small.
  void add_character(char character) { add_exactly(glob_.small(character)); }
  void add_exactly(char character) { glob_.tokens_.push_back({Kind::character, character}); }

  void read_one() {
    const char character = pattern_[at_++];
    if (character == '*') {
      read_stars();
    } else if (character == '?') {
      add(Kind::any_character);
    } else if (character == '[') {
      read_class();
    } else if (character != '\\') {
      add_character(character);
    } else if (ended()) {
      wrong_ = "a backslash at its end";
    } else {
      add_exactly(pattern_[at_++]);
    }
  }

  void read_stars() {
    const std::size_t first = at_ - 1;
    at_ = std::min(pattern_.find_first_not_of('*', at_), pattern_.size());
    const bool begins_part = first == beginning_ || pattern_[first - 1] == '/';
    const bool crosses = at_ - first > 1 && subject_ == Glob::Subject::path && begins_part;
    if (crosses && ended()) {
      add(Kind::rest);
    } else if (crosses && next_is("/")) {
      at_ += 1;
      add(Kind::directories);
    } else if (crosses && next_is("\\/")) {
      at_ += 2;
      add(Kind::some_directories);
    } else {
      add(Kind::star);
    }
  }

  void read_class() {
    Glob::Class characters;
    const bool negated = next_is("!") || next_is("^");
    if (negated) ++at_;
    std::optional<unsigned char> previous;  // what a range may begin with
    do {
      previous = read_part_of_class(characters, previous);
    } while (wrong_.empty() && !next_is("]"));
    if (!wrong_.empty()) return;
    ++at_;
    if (negated) characters.flip();
    characters.reset('/');
    glob_.tokens_.push_back(
        {Kind::one_of_class, 0, static_cast<std::uint16_t>(glob_.classes_.size())});
    glob_.classes_.push_back(characters);
  }

  /// Reads one character, range or named class. Returns the character that a range may begin with.
  std::optional<unsigned char> read_part_of_class(Glob::Class& characters,
                                                  std::optional<unsigned char> previous) {
    if (next_is("[:")) {
      const std::size_t end = pattern_.find(']', at_ + 2);
      if (end == string_view::npos) wrong_ = class_without_end;
      if (end != string_view::npos && end > at_ + 2 && pattern_[end - 1] == ':') {
        add_named_class(characters, pattern_.substr(at_ + 2, end - 1 - (at_ + 2)));
        at_ = end + 1;
        return std::nullopt;
      }
    }
    const bool is_range =
        previous && next_is("-") && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']';
    if (is_range) ++at_;
    const unsigned char last = read_character_of_class();
    if (!is_range) {
      characters.set(last);
      return last;
    }
    for (unsigned character = *previous; character <= last; ++character) {
      characters.set(character);
      add_small(characters, character);
    }
    return std::nullopt;
  }

  unsigned char read_character_of_class() {
    if (next_is("\\")) ++at_;
    if (ended()) {
      wrong_ = class_without_end;
      return 0;
    }
    return static_cast<unsigned char>(pattern_[at_++]);
  }

  void add_named_class(Glob::Class& characters, string_view name) {
    const auto* const named = std::find_if(named_classes.begin(), named_classes.end(),
                                           [name](const auto& one) { return one.name == name; });
    if (named == named_classes.end()) {
      wrong_ = fmt::format("no class is called [:{}:]", name);
      return;
    }
    for (unsigned character = 0; character < characters.size(); ++character) {
      if (!named->holds(character)) continue;
      characters.set(character);
      if (name == "upper") add_small(characters, character);
    }
  }

  /// Of ranges and of capitals as such; of no other class, and of no letter by itself.
  void add_small(Glob::Class& characters, unsigned character) const {
    const auto small = glob_.small(static_cast<char>(character));
    characters.set(static_cast<unsigned char>(small));
  }

  string_view pattern_;
  Glob::Subject subject_;
  Glob& glob_;
  std::size_t at_ = 0;
  std::size_t beginning_ = 0;
  std::string wrong_;
};

Glob::Glob(string_view pattern, Subject subject, Case letters)
    : ignores_case_(letters == Case::ignored),
      broken_(GlobParser(pattern, subject, *this).parse()) {
  choose_shape();
}

void Glob::choose_shape() {
  if (!broken_.empty()) {
    shape_ = Shape::broken;
    return;
  }
  if (!tokens_.empty()) {
    first_ = tokens_.front().character;  // '\0' in all but characters
    last_ = tokens_.back().character;
  }
  const auto is_special = [](const Token& token) { return token.kind != Token::Kind::character; };
  const auto head_end = std::find_if(tokens_.begin(), tokens_.end(), is_special);
  for (auto token = tokens_.begin(); token != head_end; ++token) head_ += token->character;
  tokens_.erase(tokens_.begin(), head_end);
  if (tokens_.empty()) {
    shape_ = Shape::literal;
  } else if (tokens_.front().kind == Token::Kind::star &&
             std::none_of(tokens_.begin() + 1, tokens_.end(), is_special)) {
    shape_ = Shape::one_star;
    for (auto token = tokens_.begin() + 1; token != tokens_.end(); ++token) {
      tail_ += token->character;
    }
  }
}

/// One walk through a pattern's tokens and a text.
class Glob::Match {
 public:
  Match(const Glob& glob, string_view text) : glob_(glob), text_(text) {}

  bool succeeds() {
    const auto& tokens = glob_.tokens_;
    for (;;) {
      if (now_.token == tokens.size() && now_.text == text_.size()) return true;
      if (now_.token < tokens.size() && tokens[now_.token].kind == Kind::rest) return true;
      if (!step() && !extend_star() && !extend_directories()) return false;
    }
  }

 private:
  using Kind = Token::Kind;
  struct Place {
    std::size_t token = 0;
    std::size_t text = 0;
  };

  /// Past the next token, if the text allows it.
  bool step() {
    if (now_.token == glob_.tokens_.size()) return false;
    const Token& token = glob_.tokens_[now_.token];
    const bool is_directories =
        token.kind == Kind::directories || token.kind == Kind::some_directories;
    if (!is_directories && token.kind != Kind::star) {
      if (now_.text == text_.size() || !takes(token, text_[now_.text])) return false;
      ++now_.text;
    }
    ++now_.token;
    if (token.kind == Kind::star) star_ = now_;
    if (is_directories) {
      directories_ = now_;
      star_.reset();
    }
    return token.kind != Kind::some_directories || extend_directories();
  }

  [[nodiscard]] bool takes(const Token& token, char given) const {
    const char character = glob_.small(given);
    if (token.kind == Kind::character) return character == token.character;
    if (token.kind == Kind::any_character) return character != '/';
    return glob_.classes_[token.class_index][static_cast<unsigned char>(character)];
  }

  /// Lets the last `*` take one character more.
  bool extend_star() {
    if (!star_ || star_->text == text_.size() || text_[star_->text] == '/') return false;
    ++star_->text;
    now_ = *star_;
    return true;
  }

  /// Lets the last `**/` take one directory more.
  bool extend_directories() {
    const auto slash = directories_ ? text_.find('/', directories_->text) : string_view::npos;
    if (slash == string_view::npos) return false;
    directories_->text = slash + 1;
    now_ = *directories_;
    star_.reset();
    return true;
  }

  const Glob& glob_;
  string_view text_;
  Place now_;
  std::optional<Place> star_;         // behind the last `*`, and how far that reaches
  std::optional<Place> directories_;  // behind the last `**/`, and how far that reaches
};

bool Glob::matches_tokens(string_view text) const { return Match(*this, text).succeeds(); }

}  // namespace reloadrun::watch
