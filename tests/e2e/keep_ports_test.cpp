// --keep-ports with programs as they are: while each is started again and again, a client that asks
// every 2 ms is never refused, and waits for no longer than the program takes to start.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "helpers/fixture.hpp"
#include "helpers/http.hpp"
#include "helpers/http_client.hpp"

namespace reloadrun::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using End = Asked::End;

#ifdef WITH_SANITIZER
constexpr int restarts = 5;
#else
constexpr int restarts = 20;
#endif

// What a client may wait longer than the target takes to start and to give its first answer.
constexpr auto allowance = 50ms;

struct Server {
  Words command;
  std::string ready;  ///< what it says once it is about to accept
  int acceptors = 1;  ///< the processes that accept: each may cut a client as it ends
};

struct Restart {
  Clock::time_point edited;
  Clock::time_point old_gone;  ///< somewhat later, when the new one is about to accept
  Clock::time_point serving;   ///< the same
};

class KeptServers : public EndToEnd {
 protected:
  // One each, since a file that changes soon after each start is slowed down.
  KeptServers() {
    for (int number = 1; number <= restarts; ++number) place.edit(edited(number), "before");
  }

  /// What the server says to stdout comes among reloadrun's lines.
  [[nodiscard]] Invocation keeping(const Words& command) const {
    auto invocation = reloadrun({"--keep-ports", "-e", "edited"}, command);
    invocation.prepare = [] { ::dup2(STDERR_FILENO, STDOUT_FILENO); };
    return invocation;
  }
  [[nodiscard]] Restart restart(Program& program, const Server& server, int number) const {
    Restart restart;
    restart.edited = Clock::now();
    place.edit(edited(number), "after");
    program.expect(edited(number) + " changed: stopping");
    program.expect(" after ");  // how it ended; each of these servers ends after its workers
    program.expect(server.ready);
    restart.old_gone = Clock::now();
    // Who comes now has not waited in any queue: whoever has is to be answered as soon.
    EXPECT_EQ(ask(port).end, End::answered);
    restart.serving = Clock::now();
    return restart;
  }
  /// The promise of --keep-ports, kept to `server` as well as to who asks it.
  void expect_kept(const Server& server) const;

  static std::string edited(int number) { return fmt::format("{}.edited", number); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(place.work() / name) << text;
  }

  const int port = free_port();
  const std::string listening = fmt::format("listening on 127.0.0.1:{}, ", port);
};

/// Whether the old target may have accepted it, and cut it when it ended.
bool was_cut_by_the_old(const Asked& asked, const std::vector<Restart>& done) {
  return std::ranges::any_of(done, [&](const Restart& one) {
    return asked.begun < one.old_gone && asked.ended > one.edited && asked.ended < one.old_gone;
  });
}

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

void KeptServers::expect_kept(const Server& server) const {
  Program program(keeping(server.command));
  program.expect(listening);
  Client client(port);
  client.expect_answers();
  std::vector<Restart> done;
  for (int number = 1; number <= restarts; ++number) {
    done.push_back(restart(program, server, number));
    client.expect_answers();
  }
  const auto asked = client.stop();
  end(program);

  std::chrono::nanoseconds longest_start{};
  for (const Restart& one : done) longest_start = std::max(longest_start, one.serving - one.edited);
  std::chrono::nanoseconds longest_wait{};
  int cut = 0;
  for (const Asked& one : asked) {
    EXPECT_TRUE(one.end == End::answered || one.end == End::cut)
        << (one.end == End::refused ? "refused" : "not answered");
    longest_wait = std::max(longest_wait, one.took());
    if (one.end != End::cut) continue;
    ++cut;
    EXPECT_TRUE(was_cut_by_the_old(one, done)) << "cut by another than the target";
  }
  EXPECT_LE(cut, restarts * server.acceptors);  // the client has one connection at a time
  // On a busy machine everybody is late by as much.
  EXPECT_LE(longest_wait, longest_start + allowance + client.most_overslept());
  EXPECT_EQ(count_of(program.said(), listening), restarts + 1);
  const auto ms = [](auto time) { return std::chrono::duration<double, std::milli>(time).count(); };
  std::cout << fmt::format(
      "{} requests, {} cut by the target, longest wait {:.1f}, longest start {:.1f}, overslept "
      "{:.1f}\n",
      asked.size(), cut, ms(longest_wait), ms(longest_start), ms(client.most_overslept()));
}

TEST_F(KeptServers, PythonsHttpServer) {
  const std::string number = std::to_string(port);
  write("index.html", "Hello\n");
  expect_kept(
      {{python, "-u", "-m", "http.server", "--bind", "127.0.0.1", number}, "Serving HTTP on"});
}

TEST_F(KeptServers, Node) {
  write("server.js", fmt::format("const http = require('http');\n"
                                 "const answer = (request, response) => response.end('Hello');\n"
                                 "http.createServer(answer).listen({}, '127.0.0.1', () => {{\n"
                                 "  console.log('node listens');\n"
                                 "}});\n",
                                 port));
  expect_kept({{"node", "server.js"}, "node listens"});
}

TEST_F(KeptServers, GunicornWithTwoWorkers) {
  write("application.py",
        "def application(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Length', '5')])\n"
        "    return [b'Hello']\n");
  write("settings.py",
        "def post_worker_init(worker):\n"
        "    worker.log.info('a worker accepts')\n");
  expect_kept({{"/usr/bin/gunicorn", "-c", "settings.py", "-w", "2", "-b",
                fmt::format("127.0.0.1:{}", port), "application"},
               "a worker accepts", 2});
}

TEST_F(KeptServers, Nginx) {
  std::string text = fmt::format("daemon off;\nworker_processes 2;\npid {};\n",
                                 place.beside("nginx.pid").string());
  text += "error_log stderr notice;\nevents {}\nhttp {\naccess_log off;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text += fmt::format("{}_temp_path {};\n", kind, place.beside(kind).string());
  }
  text += fmt::format(
      "server {{ listen 127.0.0.1:{}; location / {{ return 200 'Hello'; }} }}\n}}\n", port);
  write("site.conf", text);
  expect_kept({{"/usr/sbin/nginx", "-e", "stderr", "-c", place.work() / "site.conf"},
               "start worker process", 2});
}

TEST_F(KeptServers, TheExampleServer) {
  expect_kept({{HELLO_SERVER_PATH, "--port", std::to_string(port)}, "serving http"});
}

}  // namespace
}  // namespace reloadrun::test
