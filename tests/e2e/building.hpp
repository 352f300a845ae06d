// The fixture of tests that build: builds that report like any test target, and that last for as
// long as a test wants.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "helpers/fixture.hpp"

namespace reloadrun::test {

class Build : public EndToEnd {
 protected:
  /// A command line for sh that runs the test target, which reports like any.
  [[nodiscard]] std::string reporting(const Words& orders) const {
    std::string line = "exec";
    for (const std::string& word : target(orders)) line += " '" + word + "'";
    return line;
  }
  /// A build that goes on for as long as `slow` is beside the watched directory, and ends with 0 at
  /// once otherwise. It tells of INT, and ends with 0 by USR2.
  [[nodiscard]] std::string slow_build() const {
    return "test -e ../slow || exit 0; " + reporting({"build", "last-words=2", "end-by=12"});
  }
  void make_slow() const { std::ofstream(place.beside("slow")) << "yes"; }
  void make_fast() const { std::filesystem::remove(place.beside("slow")); }

  /// The next start of COMMAND, passing over those of builds.
  Report next_start() {
    for (;;) {
      auto start = reports.next("start");
      if (!is_build(start)) return start;
    }
  }
  /// Waits until a build runs and listens to signals; returns its pid.
  int next_build() {
    const auto start = reports.next("start");
    EXPECT_TRUE(is_build(start)) << start["arguments"];
    reports.next("ready");
    return start.number("pid");
  }
  static bool is_build(const Report& start) {
    return start["arguments"].find("[build]") != std::string::npos;
  }
  void expect_restart(const std::string& generation, const std::string& changed) {
    const auto start = next_start();
    EXPECT_EQ(start["generation"], "'" + generation + "'");
    EXPECT_EQ(start["changed"], "'" + changed + "'");
  }
};

}  // namespace reloadrun::test
