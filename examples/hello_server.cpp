// A small HTTP server to run under reloadrun. It knows nothing of it.
//
//     hello_server [--port PORT]

#include <httplib.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
  const bool port_given = argc == 3 && std::string_view(argv[1]) == "--port";
  int port = port_given ? 0 : 8080;
  if (port_given) std::from_chars(argv[2], argv[2] + std::string_view(argv[2]).size(), port);
  if ((argc != 1 && !port_given) || port <= 0) {
    std::cerr << "usage: hello_server [--port PORT]\n";
    return EXIT_FAILURE;
  }

  httplib::Server server;
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("Hello from process " + std::to_string(::getpid()) + "\n", "text/plain");
  });
  if (!server.bind_to_port("127.0.0.1", port)) {
    std::cerr << "hello_server: cannot listen on port " << port << '\n';
    return EXIT_FAILURE;
  }
  std::cout << "serving http://127.0.0.1:" << port << '/' << std::endl;
  server.listen_after_bind();
}
