#include "helpers/client.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <list>
#include <vector>

#include "helpers/address.hpp"
#include "helpers/deadline.hpp"

namespace reloadrun::test {
namespace {

using namespace std::chrono_literals;

constexpr auto between_connections = 2ms;
constexpr std::string_view whole_answer = "ok\n";

Fd connect_to(const void* address, std::size_t size, int family, int flags = 0) {
  Fd socket = require_fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket");
  const auto* generic = static_cast<const sockaddr*>(address);
  const bool connects = ::connect(socket.get(), generic, static_cast<socklen_t>(size)) == 0;
  return connects || errno == EINPROGRESS ? std::move(socket) : Fd();
}

struct Visitor {
  Fd connection;
  std::string heard{};
};

}  // namespace

Fd connect_to(int port, bool ipv6) {
  if (!ipv6) {
    const sockaddr_in address = loopback(port);
    return connect_to(&address, sizeof address, AF_INET);
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  address.sin6_addr = in6addr_loopback;
  return connect_to(&address, sizeof address, AF_INET6);
}

Fd connect_to(const std::string& unix_socket) {
  const auto [address, size] = unix_address(unix_socket);
  return connect_to(&address, size, AF_UNIX);
}

std::optional<std::string> all_from(const Fd& connection) {
  std::string heard;
  for (;;) {
    pollfd readable{connection.get(), POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(patience / 1ms)) != 1) return std::nullopt;
    std::array<char, 4096> block{};
    const ssize_t got = ::read(connection.get(), block.data(), block.size());
    if (got < 0) return std::nullopt;
    if (got == 0) return heard;
    heard.append(block.data(), static_cast<std::size_t>(got));
  }
}

Crowd::Crowd(int port) : port_(port), thread_(&Crowd::run, this) {}

void Crowd::expect_answers() const {
  const int enough = answered_ + 10;
  eventually("answers", [&] { return answered_ >= enough; });
}

void Crowd::stop() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

void Crowd::run() {
  using Clock = std::chrono::steady_clock;
  std::list<Visitor> inside;
  auto give_up = Clock::now() + patience;
  for (auto next = Clock::now(); !stopped_ || !inside.empty();) {
    if (!stopped_ && Clock::now() >= next) {
      next += between_connections;
      give_up = Clock::now() + patience;
      const sockaddr_in address = loopback(port_);
      Fd connection = connect_to(&address, sizeof address, AF_INET, SOCK_NONBLOCK);
      connection ? inside.push_back({std::move(connection)}) : static_cast<void>(++refused);
    }
    if (Clock::now() > give_up) break;
    std::vector<pollfd> readable;
    for (const Visitor& one : inside) readable.push_back({one.connection.get(), POLLIN, 0});
    ::poll(readable.data(), readable.size(), 1);
    auto ready = readable.begin();
    std::erase_if(inside, [&](Visitor& one) {
      if ((ready++)->revents == 0) return false;
      std::array<char, 64> block{};
      const ssize_t got = ::read(one.connection.get(), block.data(), block.size());
      if (got > 0) one.heard.append(block.data(), static_cast<std::size_t>(got));
      if (got > 0) return false;
      if (got < 0 && errno == EAGAIN) return false;
      if (got < 0 && errno == ECONNREFUSED) {
        ++refused;
      } else if (got == 0 && one.heard == whole_answer) {
        ++answered_;
      } else {
        ++cut;
      }
      return true;
    });
  }
  unanswered = static_cast<int>(inside.size());
}

}  // namespace reloadrun::test
