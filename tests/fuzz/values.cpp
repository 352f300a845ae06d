// What options are given as text: durations, signals, extensions, addresses, patterns. The input:
// the value; of --listen, and of what takes a pattern, several with a line each.

#include "cli/values.hpp"

#include <algorithm>
#include <string>

#include "fuzz/property.hpp"
#include "net/listen_address.hpp"
#include "watch/option_patterns.hpp"

namespace reloadrun::fuzz {
namespace {

using namespace std::chrono_literals;

void duration(std::string_view text) {
  using Problem = cli::DurationText::Problem;
  const auto read = cli::parse_duration(text);
  require(read.value >= 0ns && read.value <= 366 * 24h, "a duration is none or up to a year");
  require(read.problem == Problem::none || read.value == 0ns, "what is wrong has no value");
  if (read.problem != Problem::none) return;
  const auto whole = std::to_string(read.value.count() / 1'000'000) + "ms";
  const auto rest = read.value - cli::parse_duration(whole).value;
  require(rest >= 0ns && rest < 1ms, "a duration can be written, and is read as the same");
}

void signal(std::string_view text) {
  const auto number = cli::parse_signal(text);
  if (!number) return;
  require(*number > 0 && *number <= 64, "a signal is one of the kernel's");
  require(cli::parse_signal(std::to_string(*number)) == number, "a signal is known by its number");
}

void extensions(std::string_view text) {
  const auto read = cli::parse_extensions(text);
  if (!read) return;
  require(static_cast<std::ptrdiff_t>(read->size()) == std::ranges::count(text, ',') + 1,
          "there is one extension between two commas");
  require(std::ranges::none_of(*read, &std::string::empty), "none is empty");
}

void addresses(const std::vector<std::string>& options) {
  try {
    const auto read = net::parse_listen(options);
    require(read.size() == options.size(), "each option is an address");
    require(options.empty() || !net::names_of(read).empty(), "each has a name for LISTEN_FDNAMES");
  } catch (const Error& error) {
    require_clear(error);
  }
}

void patterns(const std::vector<std::string>& options) {
  try {
    const watch::OptionPatterns read("--ignore", options, "/here");
    require(read.patterns().all().size() == options.size(), "each option is a pattern");
    require(read.patterns().faults().empty(), "none is broken");
    for (const std::string& option : options) {
      static_cast<void>(read.match_nearest("/here/" + option));
    }
  } catch (const Error& error) {
    require_clear(error);
  }
}

}  // namespace
}  // namespace reloadrun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reloadrun::fuzz;
  Input input(data, size);
  duration(input.rest());
  signal(input.rest());
  extensions(input.rest());
  std::vector<std::string> lines;
  while (!input.rest().empty() && lines.size() < 8) lines.emplace_back(input.until('\n'));
  // An argument has no NUL.
  for (std::string& line : lines) line = line.c_str();
  addresses(lines);
  patterns(lines);
  return 0;
}
