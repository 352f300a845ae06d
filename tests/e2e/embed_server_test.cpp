// Servers that reload themselves: linked anew while a client asks, they answer as the new program,
// and refuse nobody.

#include <string>

#include "e2e/embedding.hpp"
#include "helpers/client.hpp"
#include "helpers/http.hpp"
#include "helpers/http_client.hpp"

namespace reloadrun::test {
namespace {

class EmbedServer : public Embedding {
 protected:
  void link_server(int version) const {
    link(LINK_SERVER, server,
         fmt::format(
             "const char* greeting();\nconst char* greeting() {{ return \"version {}\"; }}\n",
             version));
  }

  const std::filesystem::path server = place.beside("server");
  const int port = free_port();
};

int version_of(const Asked& asked) {
  return std::stoi(asked.body.substr(std::string("version ").size()));
}

TEST_F(EmbedServer, TheExampleIsTheNewOneAfterEachOfTenLinks) {
  link_server(1);
  Program program({.arguments = {server, std::to_string(port)}, .directory = place.work()});
  program.expect("listening on 127.0.0.1:");
  Client client(port);
  client.expect_answers();
  for (int version = 2; version <= 11; ++version) {
    link_server(version);
    program.expect("listening on 127.0.0.1:");
    EXPECT_EQ(version_of(ask(port)), version);
    client.expect_answers();
  }
  int latest = 1;
  for (const Asked& one : client.stop()) {
    EXPECT_NE(one.end, Asked::End::refused);
    EXPECT_NE(one.end, Asked::End::unanswered);
    if (one.end != Asked::End::answered) continue;  // cut by the old one
    EXPECT_GE(version_of(one), latest);
    latest = std::max(latest, version_of(one));
  }
  EXPECT_EQ(latest, 11);
  end(program);
}

class EmbedSockets : public Embedding {
 protected:
  /// Each is answered by the latest program, and none is refused.
  void expect_served(const std::string& option, const std::string& serve) {
    link_host(1);
    Program program(hosting({option, serve}));
    reports.next("serves");
    Client client(port);  // its requests are no HTTP to this server: only refusals count
    for (int version = 2; version <= 4; ++version) {
      link_host(version);
      EXPECT_EQ(reports.next("serves").number("version"), version);
      const Fd connection = connect_to(port);
      ASSERT_TRUE(connection);
      EXPECT_EQ(all_from(connection), std::to_string(version) + "\n");
    }
    for (const Asked& one : client.stop()) EXPECT_NE(one.end, Asked::End::refused);
    end_host(program);
  }

  const int port = free_port();
};

TEST_F(EmbedSockets, AreKept) { expect_served("option=keep_ports", fmt::format("serve={}", port)); }

TEST_F(EmbedSockets, AreGiven) { expect_served(fmt::format("option=listen={}", port), "serve=0"); }

}  // namespace
}  // namespace reloadrun::test
