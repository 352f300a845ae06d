// --keep-ports with servers that listen on a unix socket's path, as they are: each removes its path
// and makes it again, and who connects to it meanwhile is never refused.

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "fmt/format.h"
#include "helpers/client.hpp"
#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int unix_restarts = 5;

/// Asks one question after the other until it is destroyed.
class Asking {
 public:
  Asking(std::string path, std::string question)
      : path_(std::move(path)), question_(std::move(question)), thread_([this] { run(); }) {}
  ~Asking() { stop(); }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  /// Waits for answers to questions that were asked from now on.
  void expect_answers() const {
    const int before = answered_;
    eventually("it is answered", [&] { return answered_ >= before + 2; });
  }
  void stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
  }

  std::atomic<int> refused = 0;

 private:
  void run() {
    while (!stopped_) {
      const Fd connection = connect_to(path_);
      if (!connection) {
        ++refused;
      } else if (::send(connection.get(), question_.data(), question_.size(), MSG_NOSIGNAL) > 0) {
        char byte = 0;  // the old server may cut it as it ends
        pollfd readable{connection.get(), POLLIN, 0};
        if (::poll(&readable, 1, 20'000) == 1 && ::recv(connection.get(), &byte, 1, 0) == 1) {
          ++answered_;
        }
      }
      std::this_thread::sleep_for(2ms);
    }
  }

  const std::string path_;
  const std::string question_;
  std::atomic<bool> stopped_ = false;
  std::atomic<int> answered_ = 0;
  std::thread thread_;
};

class KeptUnixServers : public EndToEnd {
 protected:
  // One each, since a file that changes soon after each start is slowed down.
  KeptUnixServers() {
    for (int number = 1; number <= unix_restarts; ++number) place.edit(edited(number), "before");
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(place.work() / name) << text;
  }
  static std::string edited(int number) { return fmt::format("{}.edited", number); }

  void expect_kept(const Words& command, const std::string& question) const {
    auto invocation = reloadrun({"--keep-ports", "-e", "edited"}, command);
    invocation.prepare = [] { ::dup2(STDERR_FILENO, STDOUT_FILENO); };
    Program program(invocation);
    program.expect(listening);
    Asking client(path, question);
    client.expect_answers();
    for (int number = 1; number <= unix_restarts; ++number) {
      place.edit(edited(number), "after");
      program.expect(edited(number) + " changed: stopping");
      program.expect(listening);
      client.expect_answers();
    }
    client.stop();
    EXPECT_EQ(client.refused, 0);
    end(program);
    EXPECT_FALSE(fs::exists(path)) << "the last server has removed it";
  }

  const std::string path = place.beside("server.sock");
  const std::string listening = "listening on unix:";  // by whatever path it names it
  const std::string get = "GET / HTTP/1.0\r\n\r\n";
};

TEST_F(KeptUnixServers, Gunicorn) {
  write("application.py",
        "def application(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Length', '5')])\n"
        "    return [b'Hello']\n");
  expect_kept({"/usr/bin/gunicorn", "-w", "2", "-b", "unix:" + path, "application"}, get);
}

TEST_F(KeptUnixServers, GunicornThatGivesUpItsRights) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may become another";
  fs::permissions(place.work().parent_path(), fs::perms::all);
  write("application.py",
        "def application(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Length', '5')])\n"
        "    return [b'Hello']\n");
  expect_kept({"/usr/bin/gunicorn", "-u", "65534", "-g", "65534", "-w", "2", "-b", "unix:" + path,
               "application"},
              get);
}

TEST_F(KeptUnixServers, Nginx) {
  std::string text = fmt::format("daemon off;\nworker_processes 2;\npid {};\n",
                                 place.beside("nginx.pid").string());
  text += "error_log stderr notice;\nevents {}\nhttp {\naccess_log off;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text += fmt::format("{}_temp_path {};\n", kind, place.beside(kind).string());
  }
  text +=
      fmt::format("server {{ listen unix:{}; location / {{ return 200 'Hello'; }} }}\n}}\n", path);
  write("site.conf", text);
  expect_kept({"/usr/sbin/nginx", "-e", "stderr", "-c", place.work() / "site.conf"}, get);
}

TEST_F(KeptUnixServers, NodesCluster) {
  write("server.js", fmt::format("const cluster = require('cluster');\n"
                                 "if (cluster.isPrimary) {{\n"
                                 "  for (let i = 0; i < 2; ++i) cluster.fork();\n"
                                 "  process.on('SIGTERM', () => cluster.disconnect(() => {{\n"
                                 "    process.exit(0);\n"
                                 "  }}));\n"
                                 "}} else {{\n"
                                 "  const answer = (request, response) => response.end('Hello');\n"
                                 "  require('http').createServer(answer).listen('{}');\n"
                                 "}}\n",
                                 path));
  expect_kept({"node", "server.js"}, get);
}

TEST_F(KeptUnixServers, Redis) {
  expect_kept({"/usr/bin/redis-server", "--port", "0", "--unixsocket", path, "--save", ""},
              "PING\r\n");
}

}  // namespace
}  // namespace reloadrun::test
