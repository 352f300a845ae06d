// --listen: the sockets that every COMMAND is given, by systemd's protocol, and what becomes of
// them.

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "fmt/format.h"
#include "helpers/client.hpp"
#include "helpers/fixture.hpp"
#include "helpers/http.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class Listen : public EndToEnd {
 protected:
  /// reloadrun with nothing open but the standard descriptors.
  [[nodiscard]] Invocation listening(const Words& addresses, const Words& orders,
                                     Words options = {}) const {
    for (const std::string& address : addresses) {
      options.insert(options.end(), {"--listen", address});
    }
    auto invocation = reloadrun(options, target(orders));
    invocation.prepare = [] { ::closefrom(3); };
    return invocation;
  }
  [[nodiscard]] std::string bare() const { return std::to_string(port); }
  [[nodiscard]] std::string path() const { return place.beside("socket"); }
  /// Ends with this status and line, having started nothing.
  void expect_refusal(const Invocation& invocation, int status, const std::string& line) const {
    Program program(invocation);
    EXPECT_EQ(program.wait(), (Ending{false, status}));
    EXPECT_EQ(program.said(), "reloadrun: " + line + "\n");
    EXPECT_FALSE(fs::exists(place.work() / "started"));
  }

  int port = free_port();
};

TEST_F(Listen, GivesTheSocketsBySystemdsProtocol) {
  const Words addresses{bare(), "web=[::1]:" + bare(), "admin=unix:" + path(), "unix:@" + path()};
  Program program(listening(addresses, {"sockets"}));
  for (int generation = 1; generation <= 3; ++generation) {
    const auto start = reports.next("start");
    EXPECT_EQ(start["descriptors"], "0,1,2,3,4,5,6,");
    const auto sockets = reports.next("sockets");
    EXPECT_EQ(sockets["pid"], start["pid"]);
    EXPECT_EQ(sockets["listen_pid"], "'" + start["pid"] + "'");
    EXPECT_EQ(sockets["fds"], "'4'");
    EXPECT_EQ(sockets["names"], "'unknown:web:admin:unknown'");
    EXPECT_EQ(sockets["blocking"], "3,4,5,6,");
    reports.next("ready");
    EXPECT_TRUE(connect_to(port));
    EXPECT_TRUE(connect_to(port, true));
    EXPECT_TRUE(connect_to(path()));
    EXPECT_TRUE(connect_to("@" + path()));
    place.edit("app.py", std::to_string(generation));
  }
  reports.next("ready");
  end(program);
}

TEST_F(Listen, IsInTheEnvironmentWithNothingElse) {
  auto invocation = listening({bare()}, {"sockets"});
  invocation.environment = {"LISTEN_PID=1", "LISTEN_FDS=7", "LISTEN_FDNAMES=other",
                            "LISTEN_PIDFDID=5"};
  Program program(invocation);
  const std::string environment = " " + reports.next("start")["environment"];
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
    const auto at = environment.find(fmt::format(" {} ", name));
    ASSERT_NE(at, std::string::npos) << name;
    EXPECT_EQ(environment.find(fmt::format(" {} ", name), at + 1), std::string::npos) << name;
  }
  EXPECT_EQ(environment.find("LISTEN_PIDFDID"), std::string::npos);
  EXPECT_EQ(reports.next("sockets")["fds"], "'1'");
  end(program);
}

TEST_F(Listen, LeavesTheVariablesAloneWithoutSockets) {
  auto invocation = listening({}, {"sockets"});
  invocation.environment = {"LISTEN_PID=1", "LISTEN_FDS=7"};
  Program program(invocation);
  const auto sockets = reports.next("sockets");
  EXPECT_EQ(sockets["listen_pid"], "'1'");
  EXPECT_EQ(sockets["fds"], "'7'");
  EXPECT_EQ(sockets["names"], "unset");
  end(program);
}

TEST_F(Listen, GivesASocketThatBlocksWhateverTheLastTargetMadeOfIt) {
  Program program(listening({bare()}, {"sockets", "non-blocking=3"}));
  for (int generation = 1; generation <= 2; ++generation) {
    EXPECT_EQ(reports.next("sockets")["blocking"], "3,");
    reports.next("ready");
    place.edit("app.py", std::to_string(generation));
  }
  reports.next("ready");
  end(program);
}

TEST_F(Listen, KeepsDescriptorsThatItWasStartedWith) {
  auto invocation = listening({bare()}, {});
  invocation.prepare = [] {
    ::closefrom(3);
    ::dup2(STDIN_FILENO, 4);
    ::dup2(STDIN_FILENO, 200);
  };
  Program program(invocation);
  for (int generation = 1; generation <= 2; ++generation) {
    EXPECT_EQ(reports.next("start")["descriptors"], "0,1,2,3,4,200,");
    reports.next("ready");
    place.edit("app.py", std::to_string(generation));
  }
  reports.next("ready");
  end(program);
}

TEST_F(Listen, GivesAsManySocketsAsItMay) {
  const Words addresses(48, "0");
  Program program(listening(addresses, {"sockets"}));
  for (int generation = 1; generation <= 2; ++generation) {
    EXPECT_EQ(reports.next("sockets")["fds"], "'48'");
    reports.next("ready");
    place.edit("app.py", std::to_string(generation));
  }
  reports.next("ready");
  end(program);
}

TEST_F(Listen, TellsThePortThatTheKernelHasChosen) {
  Program program(listening({"0", "[::1]:0"}, {}));
  const std::string line = program.expect("listening on 127.0.0.1:");
  const int first = std::stoi(line.substr(line.find("1:") + 2));
  const int second = std::stoi(line.substr(line.find("]:", 20) + 2));
  reports.next("ready");
  place.edit("app.py", "changed");
  reports.next("ready");
  EXPECT_TRUE(connect_to(first));
  EXPECT_TRUE(connect_to(second, true));
  end(program);
}

TEST_F(Listen, ServesWhoeverConnectedWhileNoTargetRan) {
  place.edit("gate", "");
  // Postponed: nobody runs at first.
  Program program(listening({bare()}, {"serve=3"}, {"--postpone"}));
  program.expect("waiting for the first change");
  const Fd early = connect_to(port);
  ASSERT_TRUE(early);
  place.edit("gate", "open");
  EXPECT_EQ(all_from(early), "1");
  end(program);
}

TEST_F(Listen, HidesTheSocketsFromABuild) {
  const std::string build =
      fmt::format("readlink /proc/$$/fd/* >{0}; env | grep LISTEN_ >>{0}; exit 1", path());
  auto invocation = listening({bare()}, {}, {"--build", build});
  Program program(invocation);
  program.expect("the next change builds again");
  const std::string seen = content_of(path());
  EXPECT_TRUE(seen.starts_with("/dev/null\n")) << seen;  // its stdin
  EXPECT_EQ(seen.find("socket:["), std::string::npos) << seen;
  EXPECT_EQ(seen.find("LISTEN_"), std::string::npos) << seen;
  EXPECT_TRUE(connect_to(port));  // it listened before the build
  end(program);
}

// shutdown() of a socket is seen by all who hold it
// --------------------------------------------------

TEST_F(Listen, ListensAgainWhenATargetHasShutItsSocketsDown) {
  const Words orders{"first=shut-down=3", "first=shut-down=4", "serve=3"};
  Program program(listening({bare(), "unix:" + path()}, orders, {"--stop-timeout", "20s"}));
  reports.next("shut-down");
  reports.next("shut-down");
  reports.next("served");  // accept() fails at once
  eventually("the port listens", [this] { return static_cast<bool>(connect_to(port)); });
  eventually("the path listens", [this] { return static_cast<bool>(connect_to(path())); });
  const Fd waiting = connect_to(port);
  place.edit("app.py", "changed");
  EXPECT_EQ(all_from(waiting), "2");
  end(program);
}

TEST_F(Listen, IsNeverDownForATargetThatShutsDownWhenItIsStopped) {
  // As cpp-httplib's stop() does: it ends because accept() fails, so that must not be undone.
  Program program(listening({bare()}, {"serve=3"}, {"--stop-timeout", "60s"}));
  for (int generation = 1; generation <= 10; ++generation) {
    reports.next("ready");
    const Fd connection = connect_to(port);
    ASSERT_TRUE(connection);
    EXPECT_EQ(all_from(connection), std::to_string(generation));
    place.edit(fmt::format("app{}.py", generation), "");
    reports.next("served");
  }
  reports.next("ready");
  program.signal(SIGTERM);
  reports.next("served");
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(Listen, GivesTheNewSocketToATargetThatIsStartedAgainInTheSameGeneration) {
  const Words orders{"first=shut-down=3", "first=exit=0", "serve=3"};
  Program program(listening({"unix:" + path()}, orders, {"--on-exit", "restart"}));
  reports.next("shut-down");
  eventually("an answer", [this] {
    const Fd connection = connect_to(path());
    return connection && all_from(connection).value_or("").size() == 1;
  });
  end(program);
}

// Unix sockets -----------------------------------------------------------------------------------

TEST_F(Listen, RemovesAUnixSocketAtEveryEndButOne) {
  const std::string address = "unix:" + path();
  {
    Program program(listening({address}, {}));
    reports.next("ready");
    EXPECT_TRUE(fs::is_socket(path()));
    end(program);
    EXPECT_FALSE(fs::exists(path()));
  }
  {
    Program program(listening({address}, {"exit=5"}, {"--on-exit", "exit"}));
    EXPECT_EQ(program.wait(), (Ending{false, 5}));
    EXPECT_FALSE(fs::exists(path()));
  }
  {
    Program program(listening({address}, {"die=9"}, {"--on-exit", "exit"}));
    EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
    EXPECT_FALSE(fs::exists(path()));
  }
  {
    auto invocation = reloadrun({"--listen", address}, {"./nowhere"});
    invocation.prepare = [] { ::closefrom(3); };
    Program program(invocation);
    EXPECT_EQ(program.wait(), (Ending{false, 127}));
    EXPECT_FALSE(fs::exists(path()));
  }
  {
    Program program(listening({address}, {}));
    reports.next("ready");
    ::kill(reloader_below(program.pid()), SIGKILL);
    EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
    EXPECT_FALSE(fs::exists(path()));
  }
  Program program(listening({address}, {}));
  reports.next("ready");
  program.signal(SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
  wait_until_nothing_is_left();
  EXPECT_TRUE(fs::exists(path()));
  EXPECT_FALSE(connect_to(path()));
  // The next reloadrun puts its own there.
  Program next(listening({address}, {"serve=3"}));
  reports.next("ready");
  EXPECT_EQ(all_from(connect_to(path())), "1");
  end(next);
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(Listen, LeavesAPathThatIsNoLongerItsOwn) {
  Program program(listening({"unix:" + path()}, {}));
  reports.next("ready");
  fs::remove(path());
  std::ofstream(path()) << "of somebody else";
  end(program);
  EXPECT_EQ(content_of(path()), "of somebody else");
}

TEST_F(Listen, ListensAgainWhereATargetHasRemovedThePath) {
  Program program(listening({"unix:app.sock"}, {"serve=3"}));
  reports.next("ready");
  fs::remove(place.work() / "app.sock");
  place.edit("app.py", "changed");
  reports.next("ready");
  EXPECT_EQ(all_from(connect_to(place.work() / "app.sock")), "2");
  end(program);
  EXPECT_FALSE(fs::exists(place.work() / "app.sock"));
}

// What is refused before anything is started
// ----------------------------------------------------------

class ListenRefused : public Listen {
 protected:
  [[nodiscard]] Invocation touching(const std::string& address) const {
    auto invocation = reloadrun({"--listen", address}, {"touch", "started"});
    invocation.prepare = [] { ::closefrom(3); };
    return invocation;
  }
  /// The line of an address on which one cannot listen.
  static std::string cannot(const std::string& address, const char* why) {
    return fmt::format("--listen '{}' cannot be listened on {}", address, why);
  }
};

TEST_F(ListenRefused, WhereSomebodyElseListens) {
  constexpr auto why = "(Address already in use): stop what listens there, or give another address";
  Program program(listening({bare(), "unix:" + path()}, {}));
  reports.next("ready");
  for (const std::string& address : {bare(), "0.0.0.0:" + bare(), "unix:" + path()}) {
    expect_refusal(touching(address), 1, cannot(address, why));
  }
  auto one_is_free = touching(bare());
  one_is_free.arguments.insert(one_is_free.arguments.begin() + 1, {"--listen", "unix:free"});
  expect_refusal(one_is_free, 1, cannot(bare(), why));
  EXPECT_FALSE(fs::exists(place.work() / "free"));
  EXPECT_TRUE(connect_to(port));
  EXPECT_TRUE(connect_to(path()));
  end(program);
}

TEST_F(ListenRefused, BeforeABuild) {
  auto invocation = touching("192.0.2.1:80");
  invocation.arguments.insert(invocation.arguments.begin() + 1, {"--build", "touch started"});
  expect_refusal(invocation, 1,
                 cannot("192.0.2.1:80",
                        "(Cannot assign requested address): give an address of this machine, as "
                        "'ip address' lists them"));
}

TEST_F(ListenRefused, WhereAFileIs) {
  std::ofstream(path()) << "kept";
  expect_refusal(touching("unix:" + path()), 1,
                 "--listen 'unix:" + path() +
                     "' is there already, and is no socket: remove it, or give another path");
  EXPECT_EQ(content_of(path()), "kept");
}

TEST_F(ListenRefused, WhereThereIsNoDirectory) {
  expect_refusal(touching("unix:nowhere/s"), 1,
                 cannot("unix:nowhere/s", "(No such file or directory): make its directory first"));
}

TEST_F(ListenRefused, AtAPrivilegedPortOrPath) {
  if (::geteuid() != 0) GTEST_SKIP() << "an ordinary user is made of root";
  const auto as_nobody = [this](const std::string& address) {
    auto invocation = touching(address);
    fs::permissions(place.work(), fs::perms::all);
    invocation.prepare = [] {
      ::closefrom(3);
      if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(97);
    };
    return invocation;
  };
  std::ifstream first_unprivileged("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  int first = 0;
  first_unprivileged >> first;
  if (first > 80) {
    expect_refusal(as_nobody("80"), 1,
                   cannot("80", "(Permission denied): give a port from 1024 on"));
  }
  fs::create_directory(place.work() / "locked");
  fs::permissions(place.work() / "locked", fs::perms::owner_all);
  expect_refusal(as_nobody("unix:locked/s"), 1,
                 cannot("unix:locked/s",
                        "(Permission denied): give a path in a directory that you may write to"));
}

TEST_F(ListenRefused, OverADescriptorThatIsOpen) {
  for (const int fd : {3, 4}) {
    auto invocation = touching(bare());
    invocation.arguments.insert(invocation.arguments.begin() + 1, {"--listen", "unix:" + path()});
    invocation.prepare = [fd] {
      ::closefrom(3);
      ::dup2(STDIN_FILENO, fd);
    };
    expect_refusal(invocation, 1,
                   fmt::format("descriptor {0} is open, where --listen gives COMMAND a socket: "
                               "close it for reloadrun, as '{0}>&-' does in a shell",
                               fd));
    EXPECT_FALSE(fs::exists(path()));
  }
}

TEST_F(ListenRefused, WhatIsNoAddress) {
  constexpr auto as_in = "write it like 8080, 127.0.0.1:8080, [::1]:8080, [::]:8080 or unix:/path";
  for (const char* address : {"http", "example.org:80", "::1:80"}) {
    const char* what = address == std::string("::1:80") ? "has an IPv6 address without brackets"
                       : address == std::string("http") ? "is no address"
                                                        : "is no address in numbers";
    expect_refusal(touching(address), 2, fmt::format("--listen '{}' {}: {}", address, what, as_in));
  }
  expect_refusal(touching("70000"), 2,
                 fmt::format("--listen '70000' has a port above 65535: {}", as_in));
  expect_refusal(touching(""), 2, "--listen is empty: give an address, as in 8080 or unix:/path");
  const std::string long_path = "unix:" + std::string(108, 'x');
  expect_refusal(touching(long_path), 2,
                 "--listen '" + long_path +
                     "' has a path of 108 bytes, where 107 are the most: give a shorter one, "
                     "relative to the current directory perhaps");
  expect_refusal(touching("=80"), 2,
                 "--listen '=80' has no good NAME: give it 1 to 255 printable ASCII characters, "
                 "without a colon");
}

TEST_F(ListenRefused, WhatIsGivenTwice) {
  expect_refusal(listening({"8080", "127.0.0.1:8080"}, {}), 2,
                 "--listen '127.0.0.1:8080' has the address of --listen '8080': give each address "
                 "once");
  expect_refusal(listening({"a=1", "a=2"}, {}), 2,
                 "--listen 'a=2' has the NAME of --listen 'a=1': give each NAME once");
  expect_refusal(listening(Words(49, "0"), {}), 2,
                 "--listen is given 49 times: give it at most 48 times");
}

}  // namespace
}  // namespace reloadrun::test
