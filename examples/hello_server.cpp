// A small HTTP server to run under reloadrun. It knows nothing of it, but takes the socket that it
// is given by systemd's protocol, as from reloadrun --listen.
//
//     hello_server [--port PORT]

#include <httplib.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

namespace {

/// Whether descriptor 3 is a socket that was made for this process (sd_listen_fds(3)).
bool was_given_a_socket() {
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  return pid != nullptr && count != nullptr && std::to_string(::getpid()) == pid &&
         std::string_view(count) != "0";
}

class Server : public httplib::Server {
 public:
  void take_socket() { svr_sock_ = 3; }
};

}  // namespace

int main(int argc, char** argv) {
  const bool port_given = argc == 3 && std::string_view(argv[1]) == "--port";
  int port = port_given ? 0 : 8080;
  if (port_given) std::from_chars(argv[2], argv[2] + std::string_view(argv[2]).size(), port);
  if ((argc != 1 && !port_given) || port <= 0) {
    std::cerr << "usage: hello_server [--port PORT]\n";
    return EXIT_FAILURE;
  }

  Server server;
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("Hello from process " + std::to_string(::getpid()) + "\n", "text/plain");
  });
  if (was_given_a_socket()) {
    server.take_socket();
    std::cout << "serving on the socket that was given" << std::endl;
  } else if (server.bind_to_port("127.0.0.1", port)) {
    std::cout << "serving http://127.0.0.1:" << port << '/' << std::endl;
  } else {
    std::cerr << "hello_server: cannot listen on port " << port << '\n';
    return EXIT_FAILURE;
  }
  server.listen_after_bind();
}
