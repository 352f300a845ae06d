// What --listen takes for an address. What is said of others: tests/e2e/listen_test.cpp.

#include "net/listen_address.hpp"

#include <gtest/gtest.h>

#include "reloadrun/error.hpp"

namespace reloadrun::net {
namespace {

using Texts = std::vector<std::string>;

std::string meaning_of(const std::string& option) {
  return parse_listen({option}).front().address.text();
}

std::string fault_of(const Texts& options) {
  try {
    static_cast<void>(parse_listen(options));
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_status(), 2);
    EXPECT_NE(error.what_to_do(), "");
    return error.what();
  }
  return "none";
}

TEST(ListenAddress, OfTheInternet) {
  EXPECT_EQ(meaning_of("8080"), "127.0.0.1:8080");
  EXPECT_EQ(meaning_of("localhost:8080"), "127.0.0.1:8080");
  EXPECT_EQ(meaning_of("127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(meaning_of("0.0.0.0:1"), "0.0.0.0:1");
  EXPECT_EQ(meaning_of("[::1]:65535"), "[::1]:65535");
  EXPECT_EQ(meaning_of("[::]:8080"), "[::]:8080");
  EXPECT_EQ(meaning_of("[2001:DB8:0:0::1]:80"), "[2001:db8::1]:80");
  EXPECT_EQ(meaning_of("0"), "127.0.0.1:0");
}

TEST(ListenAddress, OfAUnixSocket) {
  EXPECT_EQ(meaning_of("unix:/run/app.sock"), "unix:/run/app.sock");
  EXPECT_EQ(meaning_of("unix:app.sock"), "unix:app.sock");
  EXPECT_EQ(meaning_of("unix:@app"), "unix:@app");
  EXPECT_EQ(meaning_of("unix:/a=b:c"), "unix:/a=b:c");
  EXPECT_EQ(parse_listen({"unix:a"}).front().address.path(), "a");
  EXPECT_EQ(parse_listen({"unix:@a"}).front().address.path(), "");
  const std::string longest(107, 'x');
  EXPECT_EQ(meaning_of("unix:" + longest), "unix:" + longest);
  EXPECT_EQ(meaning_of("unix:@" + longest.substr(1)), "unix:@" + longest.substr(1));
}

TEST(ListenAddress, Names) {
  const auto addresses =
      parse_listen({"web=8080", "8081", "a b-c=unix:/d=e", "local=[::1]:8080", "5=unix:@x=y"});
  EXPECT_EQ(addresses[0].name, "web");
  EXPECT_EQ(addresses[1].name, "");
  EXPECT_EQ(addresses[2].name, "a b-c");
  EXPECT_EQ(addresses[2].address.path(), "/d=e");
  EXPECT_EQ(addresses[3].address.text(), "[::1]:8080");
  EXPECT_EQ(addresses[4].address.text(), "unix:@x=y");
  EXPECT_EQ(names_of(addresses), "web:unknown:a b-c:local:5");
  const std::string longest = std::string(255, 'n') + "=80";
  EXPECT_EQ(parse_listen({longest}).front().name.size(), 255U);
  EXPECT_EQ(names_of({}), "");
}

TEST(ListenAddress, None) {
  for (const char* text : {"",
                           "x",
                           "http",
                           "-1",
                           "+1",
                           "80 ",
                           " 80",
                           "80x",
                           "0x50",
                           ":80",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:http",
                           "1.2.3:80",
                           "example.org:80",
                           "*:80",
                           "[::1]",
                           "[::1]:",
                           "[]:80",
                           "[127.0.0.1]:80",
                           "[::1:80",
                           "::1]:80",
                           "[fe80::1%lo]:80",
                           "http://127.0.0.1:80",
                           "unixx:/a",
                           "/a",
                           "web=",
                           "web=x",
                           "a:b=80"}) {
    EXPECT_TRUE(fault_of({text}).starts_with("--listen '" + std::string(text) + "' is no address"))
        << fault_of({text});
  }
  EXPECT_EQ(fault_of({"::1:80"}), "--listen '::1:80' has an IPv6 address without brackets");
  EXPECT_EQ(fault_of({"65536"}), "--listen '65536' has a port above 65535");
  EXPECT_EQ(fault_of({"99999999999999999999999"}),
            "--listen '99999999999999999999999' has a port above 65535");
  EXPECT_EQ(fault_of({"unix:"}), "--listen 'unix:' names no socket");
  EXPECT_EQ(fault_of({"unix:@"}), "--listen 'unix:@' names no socket");
  const std::string long_path = "unix:" + std::string(108, 'x');
  EXPECT_EQ(fault_of({long_path}),
            "--listen '" + long_path + "' has a path of 108 bytes, where 107 are the most");
}

TEST(ListenAddress, NoGoodName) {
  for (const std::string& name :
       {std::string(), std::string("a\tb"), std::string("\xc3\xa4"), std::string(256, 'n')}) {
    const std::string option = name + "=80";
    EXPECT_EQ(fault_of({option}), "--listen '" + option + "' has no good NAME");
  }
}

TEST(ListenAddress, GivenTwice) {
  EXPECT_EQ(fault_of({"8080", "localhost:8080"}),
            "--listen 'localhost:8080' has the address of --listen '8080'");
  EXPECT_EQ(fault_of({"a=unix:x", "b=unix:x"}),
            "--listen 'b=unix:x' has the address of --listen 'a=unix:x'");
  EXPECT_EQ(fault_of({"a=1", "a=2"}), "--listen 'a=2' has the NAME of --listen 'a=1'");
  // Different ones of the kernel's choice.
  EXPECT_EQ(fault_of({"0", "0", "[::1]:0"}), "none");
  EXPECT_EQ(fault_of({"8080", "[::1]:8080", "unix:8080", "unix:@8080"}), "none");
}

TEST(ListenAddress, MoreThanAMessageHolds) {
  Texts options(most_sockets, "0");
  EXPECT_EQ(fault_of(options), "none");
  options.emplace_back("0");
  EXPECT_EQ(fault_of(options), "--listen is given 49 times");
}

}  // namespace
}  // namespace reloadrun::net
