// The fixture of tests of --keep-ports: a server in Python that starts when a test lets it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "helpers/fixture.hpp"
#include "helpers/http.hpp"
#include "helpers/http_client.hpp"

namespace reloadrun::test {

class Keeping : public EndToEnd {
 protected:
  Keeping() { write_server("one"); }

  /// The server's source, with lines of its own before it listens.
  void write_server(const std::string& greeting, const std::string& lines = "") const {
    write_server_at(port, greeting, lines);
  }
  void write_server_at(int at, const std::string& greeting, const std::string& lines = "") const {
    place.edit("server.py",
               fmt::format("import http.server, os, signal, sys, time\n"
                           "while os.path.exists('../gate'): time.sleep(0.01)\n"
                           "{}"
                           "class Greeter(http.server.BaseHTTPRequestHandler):\n"
                           "    def do_GET(self):\n"
                           "        self.send_response(200)\n"
                           "        self.send_header('Content-Length', '{}')\n"
                           "        self.end_headers()\n"
                           "        self.wfile.write(b'{}')\n"
                           "    def log_message(self, *ignored): pass\n"
                           "server = http.server.HTTPServer(('127.0.0.1', {}), Greeter)\n"
                           "server.serve_forever()\n",
                           lines, greeting.size(), greeting, at));
  }
  /// While it is closed, the next server does not come to listen.
  void close_gate() const { std::ofstream(place.beside("gate")) << "closed"; }
  void open_gate() const { std::filesystem::remove(place.beside("gate")); }

  [[nodiscard]] Invocation keeping(Words options = {}) const {
    options.emplace_back("--keep-ports");
    return reloadrun(options, server);
  }
  /// Waits for the next line that says that it listens; returns the line.
  std::string expect_listening(Program& program) const {
    return program.expect(fmt::format("listening on 127.0.0.1:{}, ", port));
  }
  /// Edits it, and waits until the next one has answered the client.
  void expect_served_anew(Program& program, const Client& client,
                          const std::string& greeting) const {
    write_server(greeting);
    expect_listening(program);
    client.expect_answers();
  }
  /// The pid in the next line that tells of a start.
  static pid_t pid_of_next(Program& program, const char* started) {
    const std::string line = program.expect(started);
    return std::stoi(line.substr(line.rfind(' ') + 1));
  }
  /// Edits it, and returns when the old one is gone and the next one waits at the gate.
  void restart_to_the_gate(Program& program) const {
    close_gate();
    write_server("two");
    program.expect("restarted in");
  }
  static void expect_none_refused(Client& client) {
    int refused = 0;
    for (const Asked& asked : client.stop()) {
      EXPECT_NE(asked.end, Asked::End::unanswered);
      refused += static_cast<int>(asked.end == Asked::End::refused);
    }
    EXPECT_EQ(refused, 0);
  }

  const int port = free_port();
  const Words server{python, "server.py"};
};

}  // namespace reloadrun::test
