// Real servers with --listen, each by its own way to take a socket that it is given, and a crowd of
// clients that sees nothing of restarts.

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "fmt/format.h"
#include "helpers/client.hpp"
#include "helpers/fixture.hpp"
#include "helpers/http.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class ListenServers : public EndToEnd {
 protected:
  [[nodiscard]] Invocation serving(const Words& options, const Words& command) const {
    Words all{"--listen", std::to_string(port)};
    all.insert(all.end(), options.begin(), options.end());
    auto invocation = reloadrun(all, command);
    invocation.prepare = [] { ::closefrom(3); };
    return invocation;
  }
  /// The server answers what stands in a file: it has '0' between `before` and `after` now.
  void expect_three_edits(Program& program, const std::string& file, const std::string& before,
                          const std::string& after) const {
    expect_answer(port, "/", "0");
    for (int edit = 1; edit <= 3; ++edit) {
      place.edit(file, before + std::to_string(edit) + after);
      program.expect(file + " changed");
      program.expect("restarted in");
      // The first who asks waits for the new server.
      EXPECT_EQ(get(port, "/"), std::to_string(edit));
    }
    end(program);
  }

  int port = free_port();
};

TEST_F(ListenServers, ACrowdSeesNothingOfTwentyRestarts) {
  // It ends between two connections, as a server does that is asked to.
  place.edit("server.py",
             "import signal, socket\n"
             "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"
             "server = socket.socket(fileno=3)\n"
             "server.settimeout(0.005)\n"
             "while not signal.sigtimedwait({signal.SIGTERM}, 0):\n"
             "    try: connection, address = server.accept()\n"
             "    except TimeoutError: continue\n"
             "    with connection: connection.sendall(b'ok\\n')\n");
  Program program(serving({}, {python, "server.py"}));
  program.expect("started, pid");
  Crowd crowd(port);
  for (int restart = 1; restart <= 20; ++restart) {
    // Another one each time: the same one over and over would be slowed down.
    const std::string name = fmt::format("settings{}.py", restart);
    place.edit(name, "");
    program.expect(name);
    program.expect("restarted in");
    crowd.expect_answers();
  }
  crowd.stop();
  EXPECT_EQ(crowd.refused, 0);
  EXPECT_EQ(crowd.cut, 0);
  EXPECT_EQ(crowd.unanswered, 0);
  end(program);
}

TEST_F(ListenServers, PythonsHttpServer) {
  std::ofstream(place.work() / "server.py")
      << "import http.server, socket\n"
         "from content import TEXT\n"
         "class Handler(http.server.BaseHTTPRequestHandler):\n"
         "    def do_GET(self):\n"
         "        self.send_response(200)\n"
         "        self.end_headers()\n"
         "        self.wfile.write(TEXT.encode())\n"
         "server = http.server.ThreadingHTTPServer(None, Handler, bind_and_activate=False)\n"
         "server.socket = socket.socket(fileno=3)\n"
         "server.serve_forever()\n";
  place.edit("content.py", "TEXT = '0'");
  auto invocation = serving({"-e", "py"}, {python, "server.py"});
  invocation.environment = {"PYTHONDONTWRITEBYTECODE=1"};
  Program program(invocation);
  expect_three_edits(program, "content.py", "TEXT = '", "'");
}

TEST_F(ListenServers, Node) {
  std::ofstream(place.work() / "server.js")
      << "const text = require('./content.js');\n"
         "require('http').createServer((request, response) => response.end(text))\n"
         "    .listen({fd: 3});\n";
  place.edit("content.js", "module.exports = '0';");
  Program program(serving({}, {"node", "server.js"}));
  expect_three_edits(program, "content.js", "module.exports = '", "';");
}

TEST_F(ListenServers, GunicornWhichKnowsTheProtocol) {
  place.edit("application.py",
             "from content import TEXT\n"
             "def application(environ, start_response):\n"
             "    start_response('200 OK', [])\n"
             "    return [TEXT.encode()]\n");
  place.edit("content.py", "TEXT = '0'");
  auto invocation = serving({"-e", "py"}, {python, "-m", "gunicorn", "application:application"});
  invocation.environment = {"PYTHONDONTWRITEBYTECODE=1"};
  Program program(invocation);
  program.expect(fmt::format("Listening at: http://127.0.0.1:{}", port));
  expect_three_edits(program, "content.py", "TEXT = '", "'");
}

TEST_F(ListenServers, TheExampleServerWhenItIsRebuilt) {
  const auto build = [this] {  // as a linker makes it: a new file in the old one's place
    fs::copy_file(HELLO_SERVER_PATH, place.beside("linked"));
    fs::rename(place.beside("linked"), place.work() / "server");
  };
  build();
  Program program(serving({}, {"./server"}));
  program.expect("started, pid");
  std::string last = get(port, "/").value_or("");
  EXPECT_TRUE(last.starts_with("Hello from process ")) << last;
  for (int i = 0; i < 5; ++i) {
    build();
    program.expect("restarted in");
    const std::string now = get(port, "/").value_or("");
    EXPECT_TRUE(now.starts_with("Hello from process ")) << now;
    EXPECT_NE(now, last);
    last = now;
  }
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
