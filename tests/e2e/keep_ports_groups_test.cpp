// --keep-ports with several sockets that share a port (SO_REUSEPORT): each has a queue of its own,
// and who waits in any of them is answered. The servers here end without cutting what they have
// accepted, so that none of what their clients ask may be lost.

#include <signal.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <list>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "helpers/fixture.hpp"
#include "helpers/http.hpp"
#include "helpers/http_client.hpp"

namespace reloadrun::test {
namespace {

using End = Asked::End;

#ifdef WITH_SANITIZER
constexpr int group_restarts = 5;
#else
constexpr int group_restarts = 20;
#endif

class KeptGroups : public EndToEnd {
 protected:
  // One each, since a file that changes soon after each start is slowed down.
  KeptGroups() {
    for (int number = 1; number <= group_restarts; ++number) place.edit(edited(number), "before");
  }

  [[nodiscard]] Invocation keeping(Words options, const Words& command) const {
    options.insert(options.end(), {"--keep-ports", "-e", "edited"});
    return reloadrun(options, command);
  }
  static std::string edited(int number) { return fmt::format("{}.edited", number); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(place.work() / name) << text;
  }

  /// Workers that each listen on a socket of their own. `workers` says how many there are, in
  /// Python; TERM ends each between two requests.
  void write_workers(const std::string& workers) const {
    write("workers.py", fmt::format(R"(
import os, select, signal, socket, sys, time
def work():
    ends = []
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    signal.signal(signal.SIGTERM, lambda *ignored: ends.append(1))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(('127.0.0.1', {}))
    s.listen(128)
    while True:
        select.select([s, readable], [], [])
        if ends: os._exit(0)
        c = s.accept()[0]
        c.recv(1000)
        c.sendall(b'HTTP/1.0 200 OK\r\n\r\n%d' % os.getpid())
        c.close()
def start():
    pid = os.fork()
    if pid == 0: work()
    return pid
workers = []
def end(*ignored):
    for worker in workers: os.kill(worker, signal.SIGTERM)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
signal.signal(signal.SIGTERM, end)
generation = int(os.environ['RELOADRUN_GENERATION'])
for _ in range({}): workers.append(start())
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
try:
    while True: os.wait()
except ChildProcessError: pass
)",
                                    port, workers));
  }

  /// Under load, all that is asked is answered.
  void expect_none_lost(const Words& command, const Words& options = {}) const {
    Program program(keeping(options, command));
    program.expect(listening);
    std::list<Client> clients;
    for (int count = 0; count < 8; ++count) clients.emplace_back(port);
    const auto all_are_answered = [&] {
      for (const Client& client : clients) client.expect_answers();
    };
    all_are_answered();
    for (int number = 1; number <= group_restarts; ++number) {
      place.edit(edited(number), "after");
      program.expect(edited(number) + " changed: stopping");
      program.expect(listening);
      all_are_answered();
    }
    std::size_t asked = 0;
    int refused = 0;
    int cut = 0;
    int unanswered = 0;
    for (Client& client : clients) {
      for (const Asked& one : client.stop()) {
        ++asked;
        refused += static_cast<int>(one.end == End::refused);
        cut += static_cast<int>(one.end == End::cut);
        unanswered += static_cast<int>(one.end == End::unanswered);
      }
    }
    end(program);
    EXPECT_EQ(refused, 0);
    EXPECT_EQ(cut, 0);
    EXPECT_EQ(unanswered, 0);
    std::cout << fmt::format("{} requests in {} restarts: {} refused, {} cut, {} unanswered\n",
                             asked, group_restarts, refused, cut, unanswered);
    // A group is one address.
    const std::string& said = program.said();
    int told = 0;
    for (auto at = said.find(listening); at != std::string::npos;
         at = said.find(listening, at + 1)) {
      ++told;
    }
    EXPECT_EQ(told, group_restarts + 1);
    EXPECT_EQ(said.find("let go"), std::string::npos);
  }

  const int port = free_port();
  const std::string listening = fmt::format("listening on 127.0.0.1:{}, ", port);
};

TEST_F(KeptGroups, PythonWorkersThatShareAPort) {
  write_workers("4");
  expect_none_lost({python, "workers.py"});
}

TEST_F(KeptGroups, NginxWithReuseport) {
  std::string text = fmt::format("daemon off;\nworker_processes 3;\npid {};\n",
                                 place.beside("nginx.pid").string());
  text += "error_log stderr notice;\nevents {}\nhttp {\naccess_log off;\nkeepalive_timeout 0;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text += fmt::format("{}_temp_path {};\n", kind, place.beside(kind).string());
  }
  text += fmt::format(
      "server {{ listen 127.0.0.1:{} reuseport; location / {{ return 200 'Hello'; }} }}\n}}\n",
      port);
  write("site.conf", text);
  expect_none_lost({"/usr/sbin/nginx", "-e", "stderr", "-c", place.work() / "site.conf"},
                   {"--stop-signal", "QUIT"});
}

// Its workers share one socket, of which the first process keeps a descriptor.
TEST_F(KeptGroups, NodesClusterWhoseWorkersShareASocket) {
  write("cluster.js", fmt::format(R"(
const cluster = require('cluster');
cluster.schedulingPolicy = cluster.SCHED_NONE;
if (cluster.isPrimary) {{
  for (let i = 0; i < 2; ++i) cluster.fork();
  process.on('SIGTERM', () => Object.values(cluster.workers).forEach(w => w.kill('SIGTERM')));
  cluster.on('exit', () => {{ if (Object.keys(cluster.workers).length === 0) process.exit(0); }});
}} else {{
  const server = require('http').createServer((request, response) => {{
    response.setHeader('Connection', 'close');
    response.end('Hello');
  }});
  process.on('SIGTERM', () => server.close(() => process.exit(0)));
  process.on('disconnect', () => {{}});
  server.listen({}, '127.0.0.1');
}}
)",
                                  port));
  expect_none_lost({"node", "cluster.js"});
}

}  // namespace
}  // namespace reloadrun::test
