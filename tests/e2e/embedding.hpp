// The fixture of tests of programs that reload themselves: one that is linked anew.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "fmt/format.h"
#include "helpers/fixture.hpp"

namespace reloadrun::test {

class Embedding : public EndToEnd {
 protected:
  /// Links a program by this script, with this text as the source of its one file, over what was
  /// there.
  static void link(const std::string& script, const std::filesystem::path& output,
                   const std::string& source) {
    const std::string file = output.string() + ".cpp";
    std::ofstream(file) << source;
    const auto command = fmt::format("sh '{}' '{}' '{}'", script, file, output.string());
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  /// Of test_host: the one file that says which it is.
  static std::string source_of(int version) {
    return fmt::format("extern const int version;\nconst int version = {};\n", version);
  }
  /// Beside what it has as its working directory.
  void link_host(int version) const { link(LINK_HOST, host, source_of(version)); }
  [[nodiscard]] Invocation hosting(const Words& orders = {}) const {
    Words arguments{host, reports.path()};
    arguments.insert(arguments.end(), orders.begin(), orders.end());
    return {.arguments = arguments, .directory = place.work()};
  }
  /// Waits for a start of the main function, which says what it was started as.
  Report expect_start(const std::string& generation, int version) {
    auto start = reports.next("start");
    EXPECT_EQ(start["generation"], "'" + generation + "'");
    EXPECT_EQ(start.number("version"), version);
    return start;
  }
  /// Has the user end it, and expects its first process to return.
  void end_host(Program& program) {
    program.signal(SIGTERM);
    const auto returned = reports.next("returned");
    EXPECT_EQ(returned["status"], "0");
    EXPECT_EQ(returned["blocks_term"], "0");
    EXPECT_EQ(program.wait(), Ending{});
    // ThreadSanitizer tells of a race, and lets the program go on.
    EXPECT_EQ(program.said().find("WARNING: "), std::string::npos) << program.said();
  }

  const std::filesystem::path host = place.beside("host");
};

}  // namespace reloadrun::test
