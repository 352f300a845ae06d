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
  int port = 8080;
  if (argc == 3 && std::string_view(argv[1]) == "--port") port = std::atoi(argv[2]);

  httplib::Server server;
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("Hello from process " + std::to_string(::getpid()) + "\n", "text/plain");
  });
  std::printf("serving http://127.0.0.1:%d/\n", port);
  std::fflush(stdout);
  if (!server.listen("127.0.0.1", port)) {
    std::fprintf(stderr, "hello_server: cannot listen on port %d\n", port);
    return EXIT_FAILURE;
  }
}
