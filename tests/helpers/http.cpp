#include "helpers/http.hpp"

#include <httplib.h>
#include <sys/socket.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "fmt/format.h"
#include "helpers/address.hpp"
#include "helpers/deadline.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

/// The inode of the IPv4 socket that listens on `port`, from /proc/net/tcp; empty for none.
std::string listening_inode(int port) {
  std::ifstream table("/proc/net/tcp");
  const std::string address_end = fmt::format(":{:04X}", port);
  constexpr auto listening = "0A";
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string number, local, remote, state, skipped, inode;
    fields >> number >> local >> remote >> state;
    for (int i = 0; i < 5; ++i) fields >> skipped;
    fields >> inode;
    if (state == listening && local.ends_with(address_end)) return inode;
  }
  return {};
}

bool has_socket(const fs::path& process, const std::string& inode) {
  std::error_code error;
  for (fs::directory_iterator fd(process / "fd", error), end; !error && fd != end;
       fd.increment(error)) {
    std::error_code gone;
    if (fs::read_symlink(fd->path(), gone) == fmt::format("socket:[{}]", inode)) return true;
  }
  return false;
}

bool is_free(int port) {
  const Fd socket = require_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const sockaddr_in address = loopback(port);
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// An abstract name that one process at a time can have; no descriptor when another has it.
Fd claimed(int port) {
  Fd socket = require_fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  const auto [name, size] = unix_address(fmt::format("@reloadrun test on port {}", port));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0) return {};
  return socket;
}

}  // namespace

int free_port() {
  // Below those that the kernel gives to whoever asks for any (ip_local_port_range).
  static std::uniform_int_distribution ports(20000, 31999);
  static std::random_device random;
  static std::vector<Fd> claims;
  for (;;) {
    const int port = ports(random);
    auto claim = claimed(port);
    if (!claim || !is_free(port)) continue;
    claims.push_back(std::move(claim));
    return port;
  }
}

std::optional<std::string> get(int port, const std::string& path) {
  httplib::Client client("127.0.0.1", port);
  client.set_connection_timeout(patience);
  client.set_read_timeout(patience);
  const auto answer = client.Get(path);
  return answer ? std::optional(answer->body) : std::nullopt;
}

void expect_answer(int port, const std::string& path, const std::string& content) {
  eventually(fmt::format("the answer '{}'", content), [&] { return get(port, path) == content; });
}

pid_t listener_of(int port) {
  const std::string inode = listening_inode(port);
  if (inode.empty()) return -1;
  for (const auto& process : fs::directory_iterator("/proc")) {
    const std::string name = process.path().filename();
    pid_t pid = -1;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    if (has_socket(process.path(), inode)) return pid;
  }
  return -1;
}

}  // namespace reloadrun::test
