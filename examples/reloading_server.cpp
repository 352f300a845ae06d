// A small HTTP server that reloads itself: built anew while it runs, it is started again, and who
// asks meanwhile waits. Ten lines more than it would have without.
//
//     reloading_server [PORT]

#include <httplib.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <reloadrun/reloadrun.hpp>
#include <string>
#include <string_view>

const char* greeting();

namespace {

int serve(int port, const std::stop_token& stop) {
  httplib::Server server;
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(greeting() + (" from process " + std::to_string(::getpid())) + "\n",
                         "text/plain");
  });
  if (!server.bind_to_port("127.0.0.1", port)) {
    std::cerr << "reloading_server: cannot listen on port " << port << '\n';
    return EXIT_FAILURE;
  }
  const std::stop_callback on_stop(stop, [&server] { server.stop(); });
  server.listen_after_bind();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) try {
  std::uint16_t port = 8080;
  if (argc > 1) {
    const std::string_view given = argv[1];
    const auto [end, error] = std::from_chars(given.begin(), given.end(), port);
    if (error != std::errc() || end != given.end()) {
      std::cerr << "usage: reloading_server [PORT]\n";
      return 2;
    }
  }
  reloadrun::Options options;
  options.keep_ports = true;
  return reloadrun::run([port](const std::stop_token& stop) { return serve(port, stop); }, options);
} catch (const reloadrun::Error& error) {
  std::cerr << "reloading_server: " << error.what() << ": " << error.what_to_do() << '\n';
  return error.exit_status();
}
