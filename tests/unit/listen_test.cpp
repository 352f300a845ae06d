// A socket of --listen: opened, shut down by somebody, opened again, gone.

#include "net/listen.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "helpers/client.hpp"
#include "helpers/http.hpp"
#include "helpers/place.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::net {
namespace {

namespace fs = std::filesystem;
using test::connect_to;

class Listening : public testing::Test {
 protected:
  static ListenAddress address(const std::string& option) { return parse_listen({option}).front(); }
  static std::string fault_of(const std::string& option) {
    try {
      const Listener listener(address(option));
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_status(), 1);
      return std::string(error.what()) + ": " + error.what_to_do();
    }
    return "none";
  }
  [[nodiscard]] std::string path() const { return place_.work() / "socket"; }

  test::Place place_;
};

TEST_F(Listening, OnAPortThatTheKernelChooses) {
  const Listener listener(address("0"));
  const int port = std::stoi(listener.text().substr(listener.text().rfind(':') + 1));
  EXPECT_GT(port, 0);
  EXPECT_TRUE(connect_to(port));
  EXPECT_TRUE(listener.is_whole());
}

TEST_F(Listening, OnIPv6AndBoth) {
  const int port = test::free_port();
  {
    const Listener local(address("[::1]:" + std::to_string(port)));
    EXPECT_TRUE(connect_to(port, true));
    EXPECT_FALSE(connect_to(port));
  }
  const Listener both(address("[::]:" + std::to_string(port)));
  EXPECT_TRUE(connect_to(port, true));
  EXPECT_TRUE(connect_to(port));
}

TEST_F(Listening, AgainWhenShutDownThoughAnotherHoldsIt) {
  const int port = test::free_port();
  for (const std::string& option :
       {std::to_string(port), "[::]:" + std::to_string(port), "unix:" + path()}) {
    Listener listener(address(option));
    const Fd others(::dup(listener.fd()));
    for (const int how : {SHUT_RD, SHUT_RDWR}) {
      const Fd last(::dup(listener.fd()));
      EXPECT_FALSE(listener.was_shut_down());
      ASSERT_EQ(::shutdown(last.get(), how), 0);
      EXPECT_TRUE(listener.was_shut_down()) << option << " " << how;
      listener.open_again();
      EXPECT_TRUE(listener.is_whole());
      EXPECT_TRUE(option.starts_with("unix") ? connect_to(path()) : connect_to(port)) << option;
      // Whoever waits for a connection on the old one has been told of its end, and stays so. (Of a
      // unix socket it gets those that had connected before.)
      while (Fd(::accept(last.get(), nullptr, nullptr))) {
      }
      EXPECT_EQ(errno, EINVAL);
    }
  }
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(Listening, AbstractlyAgainOnceNobodyHoldsTheOldOne) {
  const std::string name = "@reloadrun-test-" + std::to_string(::getpid());
  Listener listener(address("unix:" + name));
  EXPECT_TRUE(connect_to(name));
  Fd others(::dup(listener.fd()));
  ::shutdown(others.get(), SHUT_RDWR);
  EXPECT_THROW(listener.open_again(), Error);
  EXPECT_TRUE(listener.is_lost());
  EXPECT_FALSE(listener.is_whole());
  others = Fd();
  listener.open_again();
  EXPECT_FALSE(listener.is_lost());
  EXPECT_TRUE(connect_to(name));
}

TEST_F(Listening, InUse) {
  const int port = test::free_port();
  const Listener listener(address(std::to_string(port)));
  EXPECT_EQ(fault_of(std::to_string(port)),
            "--listen '" + std::to_string(port) +
                "' cannot be listened on (Address already in use): stop what listens there, or "
                "give another address");
  const Listener file(address("unix:" + path()));
  EXPECT_EQ(fault_of("unix:" + path()),
            "--listen 'unix:" + path() +
                "' cannot be listened on (Address already in use): stop what listens there, or "
                "give another address");
  EXPECT_TRUE(connect_to(path()));  // and it is still there
}

TEST_F(Listening, InPlaceOfASocketThatNobodyListensOn) {
  {
    Listener stale(address("unix:" + path()));
    fs::rename(path(), path() + "2");
  }
  fs::rename(path() + "2", path());
  EXPECT_FALSE(connect_to(path()));
  const Listener listener(address("unix:" + path()));
  EXPECT_TRUE(connect_to(path()));
}

TEST_F(Listening, InPlaceOfNothingElse) {
  std::ofstream(path()) << "kept";
  EXPECT_EQ(fault_of("unix:" + path()), "--listen 'unix:" + path() +
                                            "' is there already, and is no socket: remove it, or "
                                            "give another path");
  EXPECT_EQ(test::content_of(path()), "kept");
  fs::remove(path());
  fs::create_symlink("elsewhere", path());
  EXPECT_NE(fault_of("unix:" + path()), "none");
}

TEST_F(Listening, RemovesItsFileAndNoOther) {
  { const Listener listener(address("unix:" + path())); }
  EXPECT_FALSE(fs::exists(path()));
  {
    const Listener listener(address("unix:" + path()));
    fs::remove(path());
    EXPECT_FALSE(listener.is_whole());
    std::ofstream(path()) << "of somebody else";
    EXPECT_FALSE(listener.is_whole());
  }
  EXPECT_EQ(test::content_of(path()), "of somebody else");
}

TEST_F(Listening, OnWhatIsNotThere) {
  EXPECT_EQ(fault_of("192.0.2.1:8080"),
            "--listen '192.0.2.1:8080' cannot be listened on (Cannot assign requested address): "
            "give an address of this machine, as 'ip address' lists them");
  EXPECT_EQ(fault_of("unix:" + path() + "/below"),
            "--listen 'unix:" + path() +
                "/below' cannot be listened on (No such file or directory): make its directory "
                "first");
}

TEST_F(Listening, MendsWhatIsNotWhole) {
  const int port = test::free_port();
  Listeners all(parse_listen({std::to_string(port), "unix:" + path()}));
  EXPECT_EQ(all.text(), "127.0.0.1:" + std::to_string(port) + ", unix:" + path());
  EXPECT_EQ(all.open_shut_down(), std::vector<std::size_t>{});
  const auto copies = all.copies();
  ASSERT_EQ(copies.size(), 2U);
  ::shutdown(copies[0].get(), SHUT_RDWR);
  EXPECT_EQ(all.open_shut_down(), std::vector<std::size_t>{0});
  EXPECT_TRUE(connect_to(port));
  fs::remove(path());
  EXPECT_EQ(all.open_shut_down(), std::vector<std::size_t>{});
  all.mend();
  EXPECT_TRUE(connect_to(path()));
}

TEST_F(Listening, LeavesWhatItCannotOpenAgainToBeMended) {
  Listeners all(parse_listen({"unix:" + path()}));
  const auto copies = all.copies();
  ::shutdown(copies[0].get(), SHUT_RDWR);
  fs::remove(path());
  std::ofstream(path()) << "in the way";
  EXPECT_EQ(all.open_shut_down(), std::vector<std::size_t>{});
  std::vector<pollfd> descriptors;
  all.wait_with(descriptors);
  EXPECT_TRUE(descriptors.empty());  // it would not let anybody wait
  fs::remove(path());
  all.mend();
  EXPECT_TRUE(connect_to(path()));
  all.wait_with(descriptors);
  EXPECT_EQ(descriptors.size(), 1U);
}

}  // namespace
}  // namespace reloadrun::net
