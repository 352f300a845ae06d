// The values that options take, as text: durations, signals, words out of a list. Pure functions.
//
// Each parse_ function returns nullopt for a text that is no such value; the caller knows the
// option and says what is wrong. Every name or form accepted here is a promise of the
// documentation.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reloadrun::cli {

struct DurationText {
  enum class Problem { none, not_a_duration, negative, too_long } problem = Problem::none;
  std::chrono::nanoseconds value{0};
};

/// `500ms`, `1s`, `1.5s`, `2m`; a bare number is seconds. At most a year.
DurationText parse_duration(std::string_view text);

/// `TERM`, `SIGTERM`, `sigterm` or `15`; real-time signals as `RTMIN+1` or by number. Only signals
/// that the kernel has.
std::optional<int> parse_signal(std::string_view text);

/// The parts of `text` between commas, without a leading dot each; nullopt when one is empty.
std::optional<std::vector<std::string>> parse_extensions(std::string_view text);

}  // namespace reloadrun::cli
