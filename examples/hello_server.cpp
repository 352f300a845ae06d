// A small HTTP server to run under reloadrun. It knows nothing of it.
//
//     hello_server [--port PORT]

#include <httplib.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
  const bool port_given = argc == 3 && std::string_view(argv[1]) == "--port";
  const int port = port_given ? std::atoi(argv[2]) : 8080;
  if ((argc != 1 && !port_given) || port <= 0) {
    std::fprintf(stderr, "usage: hello_server [--port PORT]\n");
    return EXIT_FAILURE;
  }

  httplib::Server server;
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("Hello from process " + std::to_string(::getpid()) + "\n", "text/plain");
  });
  if (!server.bind_to_port("127.0.0.1", port)) {
    std::fprintf(stderr, "hello_server: cannot listen on port %d\n", port);
    return EXIT_FAILURE;
  }
  std::printf("serving http://127.0.0.1:%d/\n", port);
  std::fflush(stdout);
  server.listen_after_bind();
}
