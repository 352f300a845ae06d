#include "cli/values.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace reloadrun::cli {
namespace {

using List = std::vector<std::string>;
using namespace std::chrono_literals;
using Problem = DurationText::Problem;

TEST(ParseDuration, Values) {
  const std::vector<std::pair<const char*, std::chrono::nanoseconds>> cases{
      {"500ms", 500ms},
      {"1s", 1s},
      {"1.5s", 1500ms},
      {"2m", 2min},
      {"3", 3s},
      {"0", 0s},
      {"0.25", 250ms},
      {".5s", 500ms},
      {"0.001ms", 1us},
      {"1.0000001s", 1s + 100ns},
      {"7230017.89", 7230017890ms},
      {"31622399.999999999", 366 * 24h - 1ns},
      {"525600m", 365 * 24h}};
  for (const auto& [text, expected] : cases) {
    const auto parsed = parse_duration(text);
    EXPECT_EQ(parsed.problem, Problem::none) << text;
    EXPECT_EQ(parsed.value, expected) << text;
  }
}

TEST(ParseDuration, Problems) {
  for (const char* text : {"", "s", "ms", "1x", "1 s", " 1s", "1s ", "1,5s", "1e3", "0x10", "inf",
                           "nan", "--1", "+1", "1.s.", "1h", "1S"}) {
    EXPECT_EQ(parse_duration(text).problem, Problem::not_a_duration) << text;
  }
  for (const char* text : {"-1", "-0.5s", "-2m"}) {
    EXPECT_EQ(parse_duration(text).problem, Problem::negative) << text;
  }
  for (const char* text : {"999999999999", "527041m", "1000000000000000000000000000000"}) {
    EXPECT_EQ(parse_duration(text).problem, Problem::too_long) << text;
  }
  EXPECT_EQ(parse_duration(std::string(400, '9')).problem, Problem::too_long);
}

TEST(ParseSignal, Values) {
  for (const char* text : {"TERM", "SIGTERM", "term", "SigTerm", "15"}) {
    EXPECT_EQ(parse_signal(text), SIGTERM) << text;
  }
  EXPECT_EQ(parse_signal("HUP"), SIGHUP);
  EXPECT_EQ(parse_signal("9"), SIGKILL);
  EXPECT_EQ(parse_signal("RTMIN"), SIGRTMIN);
  EXPECT_EQ(parse_signal("SIGRTMIN+2"), SIGRTMIN + 2);
  EXPECT_EQ(parse_signal(std::to_string(SIGRTMAX)), SIGRTMAX);
  for (const char* text : {"", "SIG", "0", "-1", "65", "32", "SIGNONE", "15 ", "1.5", "RTMIN+99",
                           "RTMIN-1", "RTMIN+-1", "99999999999"}) {
    EXPECT_EQ(parse_signal(text), std::nullopt) << text;
  }
}

TEST(ParseExtensions, Values) {
  EXPECT_EQ(parse_extensions("py"), List{"py"});
  EXPECT_EQ(parse_extensions(".py,html,tar.gz"), (List{"py", "html", "tar.gz"}));
  EXPECT_EQ(parse_extensions(" py, .html "), (List{"py", "html"}));
  for (const char* text : {"", ",", "py,", ",py", "a,,b", ".", "a,.,b", " ", "a, ,b"}) {
    EXPECT_EQ(parse_extensions(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace reloadrun::cli
