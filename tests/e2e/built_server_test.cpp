// The example server, built by reloadrun, edited, broken and mended while a client asks it.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "fmt/format.h"
#include "helpers/fixture.hpp"
#include "helpers/http.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

/// Asks all the time, on a thread of its own.
class Client {
 public:
  explicit Client(int port)
      : thread_([this, port](const std::stop_token& end) {
          while (!end.stop_requested()) {
            ++(get(port, "/") ? answered_ : refused_);
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
          }
        }) {}
  [[nodiscard]] int refused() const { return refused_; }
  /// Waits until it was answered some more times.
  void expect_answers() const {
    const int before = answered_;
    eventually("the client is answered", [&] { return answered_ >= before + 5; });
  }

 private:
  std::atomic<int> answered_ = 0;
  std::atomic<int> refused_ = 0;
  std::jthread thread_;  // the last, so that it ends first
};

class BuiltServer : public EndToEnd {
 protected:
  void edit_source(const std::string& greeting) const {
    std::string source = content_of(EXAMPLE_SOURCE);
    const std::string old = "\"Hello from";
    source.replace(source.find(old), old.size(), greeting);
    place.edit("server.cpp", source);
  }
  void close_gate() const { std::ofstream(place.beside("gate")) << "closed"; }
  void open_gate() const { fs::remove(place.beside("gate")); }
};

TEST_F(BuiltServer, IsNeverDownUntilTheGoodBuild) {
  const int port = free_port();
  edit_source("\"Hello from");
  const std::string build =
      "c++ -std=c++20 -o server.new server.cpp `pkg-config --cflags --libs cpp-httplib` && "
      "mv server.new server && "
      "if test -e ../gate; then : > ../built; while test -e ../gate; do sleep 0.01; done; fi";
  Program program(reloadrun({"--build", build}, {"./server", "--port", std::to_string(port)}));
  program.expect("./server started");
  eventually("it answers", [port] { return get(port, "/").has_value(); });
  const pid_t first = listener_of(port);
  const Client client(port);

  edit_source("missing_quote from");
  program.expect("server.cpp changed: building");
  program.expect("error:");  // the compiler's own words
  program.expect("./server goes on, and the next change builds again");
  client.expect_answers();
  EXPECT_EQ(listener_of(port), first);

  close_gate();
  edit_source("\"Good day from");
  eventually("it is built", [this] { return fs::exists(place.beside("built")); });
  client.expect_answers();
  EXPECT_EQ(listener_of(port), first);
  EXPECT_EQ(get(port, "/"), fmt::format("Hello from process {}\n", first));
  EXPECT_EQ(client.refused(), 0);
  open_gate();

  program.expect("built in");
  program.expect("./server restarted in");
  eventually("the new server listens", [&] { return listener_of(port) > 0; });
  const pid_t second = listener_of(port);
  EXPECT_NE(second, first);
  expect_answer(port, "/", fmt::format("Good day from process {}\n", second));
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
