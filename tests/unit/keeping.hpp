// Plays the reloader for tests of KeepPorts: runs real programs whose bind(), listen() and
// shutdown() are answered here, one generation after the other, and connects to them.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "fmt/format.h"
#include "helpers/http.hpp"
#include "helpers/place.hpp"
#include "net/keep_ports.hpp"
#include "net/port_calls.hpp"
#include "proc/child.hpp"
#include "proc/open_files.hpp"
#include "proc/spawn.hpp"

namespace reloadrun::test {

/// What every Python program of these tests begins with.
inline constexpr auto prelude = R"(
import array, ctypes, errno, os, signal, sys, threading, time
from socket import *
port = int(sys.argv[1])
here = ('127.0.0.1', port)
def bound(address, family=AF_INET, type=SOCK_STREAM):
    s = socket(family, type)
    if family != AF_UNIX: s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(address)
    return s
def listener(address, family=AF_INET, backlog=5):
    s = bound(address, family)
    s.listen(backlog)
    return s
def fails(number, what, *arguments):
    try: what(*arguments)
    except OSError as error: return error.errno == number
def serve(s):
    c = s.accept()[0]
    c.sendall(b'served')
    c.close()
)";

class Keeping : public testing::Test {
 protected:
  using Kind = net::KeepPorts::News::Kind;
  using Texts = std::vector<std::string>;

  Keeping() { std::filesystem::current_path(place.work()); }

  /// Runs a Python program to its end, as one generation of the target; returns its status.
  int run(const std::string& program, const std::string& argument = {}) {
    return run_command({"python3", "-c", prelude + program, std::to_string(port), argument});
  }
  int run_command(const std::vector<std::string>& arguments) {
    net::CallFilter filter;
    net::notify_of_ports(filter);
    proc::Program program;
    program.file = proc::find_executable(arguments.front()).file;
    program.arguments = arguments;
    program.environment = proc::environment_without({});
    program.filter = filter.program();
    auto spawned = proc::spawn(program);
    EXPECT_EQ(spawned.error, 0);
    EXPECT_EQ(spawned.filter_error, 0);
    net::Notifier notifier(std::move(spawned.listener));
    while (attend(notifier)) {
    }
    const Ending ending = proc::wait_for_child(spawned.pid);
    EXPECT_FALSE(ending.by_signal) << ending.value;
    return ending.value;
  }

  /// As when all is handed over to the next reloader.
  void next_generation() {
    collect_news();
    ports->target_stops();
    auto sockets = ports->hand_over();
    ports.emplace(proc::descendant_has_socket);
    ports->take_over(std::move(sockets), Clock::now());
  }
  /// One generation after the other.
  void run_twice(const std::string& program) {
    ASSERT_EQ(run(program), 0);
    next_generation();
    ASSERT_EQ(run(program), 0);
  }

  /// The addresses of all news of a kind, so far.
  Texts told(Kind kind) {
    collect_news();
    Texts addresses;
    for (const auto& one : news_) {
      if (one.kind == kind) addresses.push_back(one.address);
    }
    return addresses;
  }

  template <typename Sockaddr>
  static Fd connect_to(const Sockaddr& address) {
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    Fd client = require_fd(::socket(generic->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    if (::connect(client.get(), generic, sizeof address) != 0) throw_errno("connect");
    return client;
  }
  /// To `port`, from outside of the tree; throws std::system_error when refused.
  [[nodiscard]] Fd connect() const { return connect_to(local_address()); }
  [[nodiscard]] bool is_refused() const {
    try {
      static_cast<void>(connect());
    } catch (const std::system_error& error) {
      return error.code().value() == ECONNREFUSED;
    }
    return false;
  }
  static std::string answer_to(const Fd& client) {
    std::string answer;
    EXPECT_TRUE(read_all(client.get(), answer));
    return answer;
  }

  /// Somebody else's.
  [[nodiscard]] Fd listen_here() const {
    Fd server = require_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    const auto address = local_address();
    if (::bind(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(server.get(), 5) != 0) {
      throw_errno("listen");
    }
    return server;
  }

  [[nodiscard]] sockaddr_in local_address() const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }
  [[nodiscard]] std::string local() const { return fmt::format("127.0.0.1:{}", port); }
  static sockaddr_un unix_address(std::string_view path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path, std::begin(address.sun_path));
    return address;
  }

  Place place;
  const int port = free_port();
  std::optional<net::KeepPorts> ports{proc::descendant_has_socket};

 private:
  /// False when nobody is left to call.
  bool attend(net::Notifier& notifier) {
    std::array waiting{pollfd{notifier.fd(), POLLIN, 0}};
    wait_for(waiting, ports->next());
    const TimePoint now = Clock::now();
    if (ports->next() && *ports->next() <= now) ports->attend(now);
    if ((waiting[0].revents & POLLIN) == 0) return waiting[0].revents == 0;
    const auto call = notifier.next();
    if (call && !ports->answer(notifier, *call, now)) notifier.let_go_on(*call);
    return true;
  }
  void collect_news() { std::ranges::move(ports->news(), std::back_inserter(news_)); }

  std::vector<net::KeepPorts::News> news_;
};

}  // namespace reloadrun::test
