#include "cli/values.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <csignal>
#include <cstring>

namespace reloadrun::cli {
namespace {

using Nanoseconds = std::chrono::duration<long double, std::nano>;

constexpr auto longest_duration = std::chrono::hours(366 * 24);

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view without_blanks_around(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(' '), text.size());
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

std::optional<Nanoseconds> one_of(std::string_view unit) {
  using namespace std::chrono_literals;
  struct Unit {
    std::string_view name;
    Nanoseconds one;
  };
  constexpr std::array units{Unit{"", 1s}, Unit{"s", 1s}, Unit{"ms", 1ms}, Unit{"m", 1min}};
  const auto* found = std::ranges::find(units, unit, &Unit::name);
  return found == units.end() ? std::nullopt : std::optional(found->one);
}

}  // namespace

DurationText parse_duration(std::string_view text) {
  using Problem = DurationText::Problem;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  // from_chars also reads "inf" and "nan".
  if (text.empty() ||
      (text.front() != '.' && std::isdigit(static_cast<unsigned char>(text.front())) == 0)) {
    return {Problem::not_a_duration};
  }
  // A double has no room for the nanoseconds of a year.
  long double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error == std::errc::invalid_argument) return {Problem::not_a_duration};
  const auto one = one_of({end, text.data() + text.size()});
  if (!one) return {Problem::not_a_duration};
  if (negative) return {Problem::negative};
  if (error == std::errc::result_out_of_range || number * *one > longest_duration) {
    return {Problem::too_long};
  }
  return {Problem::none, std::chrono::round<std::chrono::nanoseconds>(number * *one)};
}

std::optional<int> parse_signal(std::string_view text) {
  if (const auto number = whole_number(text)) {
    const bool named = *number > 0 && *number < NSIG && ::sigabbrev_np(*number) != nullptr;
    const bool real_time = *number >= SIGRTMIN && *number <= SIGRTMAX;
    return named || real_time ? number : std::nullopt;
  }
  std::string name = upper(text);
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (int number = 1; number < NSIG; ++number) {
    const char* known = ::sigabbrev_np(number);
    if (known != nullptr && name == known) return number;
  }
  if (name.starts_with("RTMIN")) {
    const std::string_view offset = std::string_view(name).substr(5);
    if (offset.empty()) return SIGRTMIN;
    const auto number = offset.front() == '+' ? whole_number(offset.substr(1)) : std::nullopt;
    if (number && *number >= 0 && *number <= SIGRTMAX - SIGRTMIN) return SIGRTMIN + *number;
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> parse_extensions(std::string_view text) {
  std::vector<std::string> extensions;
  for (;;) {
    const auto comma = text.find(',');
    std::string_view one = without_blanks_around(text.substr(0, comma));
    if (one.starts_with('.')) one.remove_prefix(1);
    if (one.empty()) return std::nullopt;
    extensions.emplace_back(one);
    if (comma == std::string_view::npos) return extensions;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace reloadrun::cli
