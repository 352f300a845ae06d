#include "cli/config_file.hpp"

// toml++ 3.3 asserts of a text what its user may have written otherwise ("[@]"), or has the
// compiler rely on it. Without that it goes on to say what is wrong.
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/format.hpp"
#include "cli/usage_error.hpp"

namespace reloadrun::cli {
namespace {

std::size_t line_of(const toml::source_region& source) { return source.begin.line; }

/// Without an exponent, which no option takes.
std::string decimal(double number) {
  std::array<char, 400> digits{};  // the largest has 309 before the point
  const auto end = std::to_chars(digits.begin(), digits.end(), number, std::chars_format::fixed);
  return {digits.begin(), end.ptr};
}

/// Of a table, from its one place.
class Reading {
 public:
  explicit Reading(const std::string& file) : file_(file) {}

  [[nodiscard]] Setting setting(const toml::key& key, const toml::node& node) const {
    const std::string name(key.str());
    const std::size_t line = line_of(key.source());
    if (const auto* truth = node.as_boolean()) return {name, line, truth->get()};
    if (const auto* array = node.as_array()) {
      Setting::Values values;
      for (const toml::node& one : *array) values.push_back(value(name, one));
      return {name, line, std::move(values), true};
    }
    return {name, line, Setting::Values{value(name, node)}};
  }

 private:
  /// As it would stand on the command line.
  [[nodiscard]] Setting::Value value(const std::string& name, const toml::node& node) const {
    const std::size_t line = line_of(node.source());
    if (const auto* text = node.as_string()) {
      if (text->get().find('\0') != std::string::npos) {
        fail_at(file_, line, name + " has a NUL character", "leave it out");
      }
      return {text->get(), line};
    }
    if (node.is_table()) {
      fail_at(file_, line, name + " is a table, and no option is one",
              "write the options' long names without tables, as in keep-ports = true");
    }
    if (const auto* number = node.as_integer()) return {fmt::format("{}", number->get()), line};
    if (const auto* number = node.as_floating_point()) return {decimal(number->get()), line};
    fail_at(file_, line, fmt::format("{} has a value that no option takes", name),
            "give a text, a number, true or false, or an array of texts");
  }

  const std::string& file_;
};

}  // namespace

std::vector<Setting> parse_config(std::string_view text, const std::string& file) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const auto& error = parsed.error();
    fail_at(file, line_of(error.source()), std::string(error.description()),
            R"(write it as TOML, as in watch = ["src", "lib"])");
  }
  const Reading reading(file);
  std::vector<Setting> settings;
  for (const auto& [key, node] : parsed.table()) settings.push_back(reading.setting(key, node));
  std::ranges::stable_sort(settings, {}, &Setting::line);
  return settings;
}

}  // namespace reloadrun::cli
