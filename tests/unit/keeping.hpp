// Plays the reloader for tests of KeepPorts: runs real programs whose bind(), listen() and
// shutdown() are answered here, one generation after the other, and connects to them.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "fmt/format.h"
#include "helpers/client.hpp"
#include "helpers/http.hpp"
#include "helpers/place.hpp"
#include "net/keep_ports.hpp"
#include "net/listen.hpp"
#include "net/listen_address.hpp"
#include "net/port_calls.hpp"
#include "proc/open_files.hpp"
#include "unit/filtered.hpp"

namespace reloadrun::test {

/// What every Python program of these tests begins with.
inline constexpr auto prelude = R"(
import array, ctypes, errno, os, signal, sys, threading, time
from socket import *
port = int(sys.argv[1])
here = ('127.0.0.1', port)
def often(times): return times // int(os.environ.get('RELOADRUN_TEST_SLOWNESS', '1'))
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
    if (ports->keeps_any()) net::notify_of_connects(filter);
    FilteredProgram program(arguments, filter);
    while (attend(program)) {
    }
    const Ending ending = program.wait();
    EXPECT_FALSE(ending.by_signal) << ending.value;
    return ending.value;
  }

  /// As when all is handed over to the next reloader.
  void next_generation() {
    collect_news();
    ports->target_stops();
    auto sockets = ports->hand_over();
    ports.emplace(proc::sockets_of_descendants);
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

  /// To `port`, from outside of the tree.
  [[nodiscard]] Fd connect() const {
    Fd client = connect_to(port);
    EXPECT_TRUE(client) << errno;
    return client;
  }
  [[nodiscard]] bool is_refused() const { return !connect_to(port) && errno == ECONNREFUSED; }
  static std::string answer_to(const Fd& client) {
    const auto answer = all_from(client);
    EXPECT_TRUE(answer);
    return answer.value_or("");
  }

  /// Somebody else's.
  [[nodiscard]] net::Listener listen_here() const {
    return net::Listener(net::parse_listen({local()}).front());
  }
  [[nodiscard]] std::string local() const { return fmt::format("127.0.0.1:{}", port); }

  Place place;
  const int port = free_port();
  std::optional<net::KeepPorts> ports{proc::sockets_of_descendants};

 private:
  /// False when nobody is left to call.
  bool attend(FilteredProgram& program) {
    net::Notifier& notifier = program.notifier;
    std::array waiting{pollfd{notifier.fd(), POLLIN, 0}, pollfd{ports->fd(), POLLIN, 0},
                       program.end()};
    wait_for(waiting, ports->next());
    program.reap_if(waiting[2]);
    const TimePoint now = Clock::now();
    const bool is_due = ports->next() && *ports->next() <= now;
    if (is_due || waiting[1].revents != 0) ports->attend(now);
    if ((waiting[0].revents & POLLIN) == 0) return waiting[0].revents == 0;
    const auto call = notifier.next();
    if (call && !ports->answer(notifier, *call, now)) notifier.let_go_on(*call);
    return true;
  }
  void collect_news() { std::ranges::move(ports->news(), std::back_inserter(news_)); }

  std::vector<net::KeepPorts::News> news_;
};

}  // namespace reloadrun::test
