#include "app/env_file.hpp"

#include <algorithm>
#include <optional>

#include "app/named_file.hpp"
#include "app/words.hpp"
#include "base/format.hpp"
#include "base/log.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// They travel with the handover in one message, of which a socket takes 208 KiB (net.core.wmem).
constexpr std::size_t most_bytes = std::size_t{128} * 1024;
constexpr std::size_t overhead = 2 * sizeof(std::size_t);  // of a variable in a message

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// Not isalpha(), which asks the locale.
bool is_name(std::string_view text) {
  constexpr std::string_view digits = "0123456789";
  constexpr std::string_view others = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  return !text.empty() && digits.find(text.front()) == std::string_view::npos &&
         std::ranges::all_of(text, [=](char c) {
           return digits.find(c) != std::string_view::npos ||
                  others.find(c) != std::string_view::npos;
         });
}

bool is_reserved(std::string_view name) {
  return name == "RUN_MAIN" || name.starts_with("RELOADRUN_") || name.starts_with("LISTEN_");
}

/// One line, which knows where it stands for what is wrong with it.
class Assignment {
 public:
  Assignment(std::string_view text, const std::string& file, std::size_t number)
      : text_(trimmed(text)), file_(file), number_(number) {}

  /// nullopt for a blank line or a comment.
  [[nodiscard]] std::optional<Variable> variable() const {
    if (text_.find('\0') != std::string_view::npos) {
      fail("there is a NUL byte", "save the file as plain text (UTF-8, not UTF-16)");
    }
    if (text_.empty() || text_.front() == '#') return std::nullopt;
    const auto equals = text_.find('=');
    if (equals == std::string_view::npos) fail("there is no '='", "write NAME=VALUE");
    return Variable{name(text_.substr(0, equals)), value(text_.substr(equals + 1))};
  }

 private:
  [[noreturn]] void fail(const std::string& what_is_wrong, const char* what_to_do) const {
    throw Error(fmt::format("{}:{}: {}", file_, number_, what_is_wrong), what_to_do, status_usage);
  }

  [[nodiscard]] std::string name(std::string_view text) const {
    constexpr std::string_view word = "export";
    if (text.starts_with(word) && text.find_first_of(blanks) == word.size()) {
      text.remove_prefix(word.size());
    }
    text = trimmed(text);
    if (!is_name(text)) {
      fail("what stands before '=' is no variable name",
           "write letters, digits and _, and no digit first");
    }
    if (is_reserved(text)) {
      fail(fmt::format("{} is for reloadrun to set", text), "take the line out");
    }
    return std::string(text);
  }

  [[nodiscard]] std::string value(std::string_view text) const {
    const std::string_view begun = trimmed(text);
    if (begun.starts_with('\'') || begun.starts_with('"')) return quoted(begun);
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == '#' && blanks.find(text[i - 1]) != std::string_view::npos) {
        text = text.substr(0, i);
      }
    }
    return std::string(trimmed(text));
  }

  [[nodiscard]] std::string quoted(std::string_view text) const {
    const char quote = text.front();
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == quote) {
        const std::string_view rest = trimmed(text.substr(i + 1));
        if (rest.empty() || rest.front() == '#') return value;
        fail("something stands behind the closing quote", "take it out, or into the quotes");
      }
      const char next = i + 1 < text.size() ? text[i + 1] : '\0';
      const bool escapes = quote == '"' && text[i] == '\\';
      if (escapes && (next == 'n' || next == '"' || next == '\\')) {
        value += next == 'n' ? '\n' : next;
        ++i;
      } else {
        value += text[i];
      }
    }
    fail("the quote is not closed",
         "close it on the same line (in double quotes \\n is a new line)");
  }

  const std::string_view text_;
  const std::string& file_;
  const std::size_t number_;
};

/// Puts `variable` in the place of one of its name, or at the end.
void set(std::vector<Variable>& variables, Variable variable) {
  const auto known = std::ranges::find(variables, variable.name, &Variable::name);
  if (known == variables.end()) {
    variables.push_back(std::move(variable));
  } else {
    known->value = std::move(variable.value);
  }
}

void require_moderate(const std::vector<Variable>& variables) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : variables) bytes += name.size() + value.size() + overhead;
  if (bytes <= most_bytes) return;
  throw Error(fmt::format("--env-file gives more than {} KiB", most_bytes / 1024),
              "give large values in files of their own", status_usage);
}

}  // namespace

std::vector<Variable> parse_env_file(std::string_view text, const std::string& file) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::vector<Variable> variables;
  std::size_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    if (auto variable = Assignment(line, file, ++number).variable()) {
      variables.push_back(std::move(*variable));
    }
  }
  return variables;
}

std::vector<Variable> read_env_files(const std::vector<std::string>& files) {
  std::vector<Variable> variables;
  for (const std::string& file : files) {
    for (auto& variable : parse_env_file(read_named_file("--env-file", file), file)) {
      set(variables, std::move(variable));
      require_moderate(variables);
    }
  }
  return variables;
}

void reread_env_files(const std::vector<std::string>& files, Environment& environment) {
  std::string fault;
  try {
    environment.variables = read_env_files(files);
  } catch (const Error& error) {
    fault = fmt::format("{}: {}; the last good values stay", error.what(), error.what_to_do());
  }
  if (!fault.empty() && fault != environment.fault) log::warn("{}", fault);
  environment.fault = std::move(fault);
}

}  // namespace reloadrun::app
