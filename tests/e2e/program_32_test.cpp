// A 32-bit program as COMMAND, and as a build: its calls are told and answered as those of others.

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "helpers/client.hpp"
#include "helpers/fixture.hpp"
#include "helpers/http.hpp"
#include "helpers/http_client.hpp"

namespace reloadrun::test {
namespace {

class Program32 : public EndToEnd {
 protected:
  void SetUp() override {
    if (const auto why = why_no_program_32(); !why.empty()) GTEST_SKIP() << why;
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(place.work() / name) << text;
  }
  const int port = free_port();
};

TEST_F(Program32, KeepsItsPort) {
  write("text", "0");
  Program program(
      reloadrun({"--keep-ports"}, {program_32_path(), "serve", "text", std::to_string(port)}));
  expect_answer(port, "/", "0");
  Client client(port);
  for (const std::string text : {"1", "2", "3"}) {
    client.expect_answers();
    place.edit("text", text);
    program.expect("text changed");
    expect_answer(port, "/", text);
  }
  for (const Asked& one : client.stop()) EXPECT_NE(one.end, Asked::End::refused);
  end(program);
}

TEST_F(Program32, KeepsItsUnixSocket) {
  write("text", "0");
  const auto path = place.beside("socket");
  Program program(reloadrun({"--keep-ports"}, {program_32_path(), "serve", "text", path}));
  const auto answer = [&] {
    const Fd client = connect_to(path);
    EXPECT_TRUE(client) << errno;
    return all_from(client).value_or("");
  };
  eventually("it serves", [&] { return connect_to(path).get() >= 0; });
  for (const std::string text : {"1", "2", "3"}) {
    place.edit("text", text);
    program.expect("text changed");
    eventually("it serves " + text, [&] { return answer() == text; });
  }
  end(program);
}

TEST_F(Program32, WritesAsABuildWhatCausesNone) {
  Program program(reloadrun(
      {"--build", program_32_path() + " openat '#-100' made '#01101' '#0600'"}, target()));
  EXPECT_EQ(reports.next("start")["changed"], "''");
  for (const std::string file : {"first", "fence"}) {
    reports.next("ready");
    place.edit(file, "text");
    EXPECT_EQ(reports.next("start")["changed"], "'" + file + "'");
  }
  EXPECT_TRUE(std::filesystem::exists(place.work() / "made"));
  end(program);
}

TEST_F(Program32, IsFollowed) {
  std::filesystem::create_directory(place.beside("far"));
  place.edit("../far/text", "0");
  Program program(reloadrun({"--follow"}, {program_32_path(), "serve", place.beside("far") / "text",
                                           std::to_string(port)}));
  for (const std::string text : {"0", "1", "2"}) {
    place.edit("../far/text", text);
    expect_answer(port, "/", text);
  }
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
