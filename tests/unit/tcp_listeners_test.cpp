// Who is given a connection: from what /proc shows of those that listen.

#include "net/tcp_listeners.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "helpers/http.hpp"
#include "net/asked_addresses.hpp"
#include "net/listen.hpp"
#include "net/listen_address.hpp"

namespace reloadrun::test {
namespace {

using Numbers = std::vector<net::SocketNumber>;

net::Address address_of(const std::string& ip, int port) {
  if (ip.find(':') == std::string::npos) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    EXPECT_EQ(::inet_pton(AF_INET, ip.c_str(), &address.sin_addr), 1);
    return net::Address({reinterpret_cast<const char*>(&address), sizeof address});
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  EXPECT_EQ(::inet_pton(AF_INET6, ip.c_str(), &address.sin6_addr), 1);
  return net::Address({reinterpret_cast<const char*>(&address), sizeof address});
}

net::Endpoint there(const std::string& ip, int port = 80) {
  const auto destination = net::destination_of(address_of(ip, port));
  EXPECT_TRUE(destination);
  return destination.value_or(net::Endpoint{});
}

std::string text_of(const net::Endpoint& endpoint) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, &endpoint.ip, text.data(), text.size());
  return text.data();
}

struct At {
  std::string ip;
  net::SocketNumber number;
};

/// All at port 80.
Numbers receivers(const std::string& destination, const std::vector<At>& listening) {
  std::vector<net::TcpListener> listeners;
  for (const auto& [ip, number] : listening) {
    const net::Address address = address_of(ip, 80);
    net::TcpListener listener{{{}, 80}, number};
    if (address.family() == AF_INET) {
      listener.at.ip.s6_addr[10] = listener.at.ip.s6_addr[11] = 0xff;
      std::memcpy(&listener.at.ip.s6_addr[12], &address.bytes[4], 4);
    } else {
      std::memcpy(&listener.at.ip, &address.bytes[8], sizeof listener.at.ip);
    }
    listeners.push_back(listener);
  }
  Numbers numbers;
  for (const auto& one : net::receivers_of(there(destination), listeners)) {
    numbers.push_back(one.number);
  }
  return numbers;
}

TEST(TcpListeners, AreReadFromTheTableOfTheKernelUpToTheFirstConnection) {
  std::istringstream table(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 41 1 0\n"
      "   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A "
      "00000000:00000000 00:00000000 00000000  0 0 42 1 0\n"
      "   2: nonsense 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 43 1 0\n"
      "   3: 0100007F:0051 0100007F:1234 01 00000000:00000000 00:00000000 00000000  0 0 44 1 0\n"
      "   4: 0100007F:0052 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 45 1 0\n");
  const auto listeners = net::tcp_listeners_in(table);
  ASSERT_EQ(listeners.size(), 2);
  EXPECT_EQ(listeners[0].at.port, 8080);
  EXPECT_EQ(listeners[0].number, 41);
  EXPECT_EQ(text_of(listeners[0].at), "::ffff:127.0.0.1");
  EXPECT_EQ(listeners[1].at.port, 80);
  EXPECT_EQ(listeners[1].number, 42);
  EXPECT_EQ(text_of(listeners[1].at), "::1");
}

TEST(TcpListeners, OfThisProcessAreAmongThem) {
  for (const char* form : {"127.0.0.1:{}", "[::1]:{}"}) {
    const int port = free_port();
    const net::Listener listener(
        net::parse_listen({fmt::format(fmt::runtime(form), port)}).front());
    const auto found = net::receivers_of(there(form[0] == '[' ? "::1" : "127.0.0.1", port),
                                         net::tcp_listeners_of(::getpid()));
    ASSERT_EQ(found.size(), 1) << form;
    EXPECT_EQ(found.front().number, net::socket_number(listener.fd()));
  }
}

TEST(TcpListeners, OneOfItsAddressOrOfAllIsGivenAConnection) {
  const std::vector<At> all{{"127.0.0.1", 1}, {"127.0.0.2", 2}, {"::1", 3}, {"0.0.0.0", 4}};
  EXPECT_EQ(receivers("127.0.0.1", all), (Numbers{1, 4}));
  EXPECT_EQ(receivers("127.0.0.3", all), Numbers{4});
  EXPECT_EQ(receivers("::ffff:127.0.0.2", all), (Numbers{2, 4}));
  EXPECT_EQ(receivers("::1", all), Numbers{3});
  EXPECT_EQ(receivers("::2", all), Numbers{});
}

TEST(TcpListeners, OneOfAllOfIPv6IsGivenThoseOfIPv4ThatNobodyElseIs) {
  EXPECT_EQ(receivers("127.0.0.1", {{"::", 1}}), Numbers{1});
  EXPECT_EQ(receivers("127.0.0.1", {{"::", 1}, {"0.0.0.0", 2}}), Numbers{2});
  EXPECT_EQ(receivers("127.0.0.1", {{"::1", 1}}), Numbers{});
  EXPECT_EQ(receivers("127.0.0.1", {{"::ffff:127.0.0.1", 1}, {"::", 2}}), Numbers{1});
}

TEST(TcpListeners, WhoConnectsToNoAddressIsGivenLoopback) {
  EXPECT_EQ(receivers("0.0.0.0", {{"127.0.0.1", 1}}), Numbers{1});
  EXPECT_EQ(receivers("::", {{"::1", 1}}), Numbers{1});
}

TEST(TcpListeners, WhatIsNoWholeAddressLeadsNowhere) {
  net::Address address = address_of("127.0.0.1", 80);
  address.bytes.resize(8);
  EXPECT_FALSE(net::destination_of(address));
  address = address_of("::1", 80);
  address.bytes.resize(24);
  EXPECT_FALSE(net::destination_of(address));
}

TEST(TcpListeners, WhatIsLocal) {
  EXPECT_TRUE(net::is_local(::getpid(), there("127.0.0.1")));
  EXPECT_TRUE(net::is_local(::getpid(), there("127.7.7.7")));
  EXPECT_TRUE(net::is_local(::getpid(), there("::1")));
  EXPECT_FALSE(net::is_local(::getpid(), there("192.0.2.1")));  // of documentation alone
  EXPECT_FALSE(net::is_local(::getpid(), there("2001:db8::1")));
}

TEST(AskedAddresses, AreKnownOfTheLatestThousand) {
  net::AskedAddresses asked;
  const auto any_port = address_of("127.0.0.1", 0);
  for (net::SocketNumber number = 1; number <= 5000; ++number) asked.note(number, any_port);
  EXPECT_EQ(asked.size(), net::AskedAddresses::most);
  EXPECT_EQ(asked.of(5000), any_port);
  EXPECT_EQ(asked.of(4001), any_port);
  EXPECT_EQ(asked.of(4000), std::nullopt);
}

TEST(AskedAddresses, TheLastOfOneCounts) {
  net::AskedAddresses asked;
  asked.note(1, address_of("127.0.0.1", 0));
  asked.note(1, address_of("0.0.0.0", 0));
  EXPECT_EQ(asked.of(1), address_of("0.0.0.0", 0));
  EXPECT_EQ(asked.of(2), std::nullopt);
}

}  // namespace
}  // namespace reloadrun::test
