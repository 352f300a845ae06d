// The sockets of --listen. Opened by the supervisor before anything else is started, and its own
// until reloadrun ends: every target gets copies, and whoever connects while none runs waits in the
// socket's queue for the next. Driven by the supervisor's main thread.
//
// A program can end a socket for all who hold it, by shutdown(2). Another one is opened then: in
// the old one's place for the next target, while whoever waits in accept() on the old one is still
// told of its end.
#pragma once

#include <poll.h>

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "net/file_number.hpp"
#include "net/listen_address.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::net {

/// The file by which others find a unix socket. Removes it, if it is still the same.
class SocketFile {
 public:
  SocketFile() = default;
  /// One that was just made.
  explicit SocketFile(std::string path);
  SocketFile(SocketFile&& other) noexcept { *this = std::move(other); }
  SocketFile& operator=(SocketFile&& other) noexcept;
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile();

  /// Also when there is none to be: of a socket without a file.
  [[nodiscard]] bool is_there() const;

 private:
  std::string path_;
  std::optional<FileNumber> made_;  // nullopt: it was gone at once
};

/// One socket.
class Listener {
 public:
  /// Listens. Throws Error (status 1).
  explicit Listener(ListenAddress address);

  [[nodiscard]] int fd() const { return socket_.get(); }
  /// With the port that the kernel has chosen.
  [[nodiscard]] std::string text() const { return address_.address.text(); }

  [[nodiscard]] bool was_shut_down() const;
  /// Whether it listens, and is found by its address.
  [[nodiscard]] bool is_whole() const { return !was_shut_down() && file_.is_there(); }

  /// Another socket in its place; one that does not listen when that fails. Throws Error.
  void open_again();
  /// Whether open_again() has failed last.
  [[nodiscard]] bool is_lost() const { return is_lost_; }

 private:
  void open();
  void clear_the_way();
  void require(bool done);
  [[noreturn]] void refuse(int error) const;

  ListenAddress address_;
  Fd socket_;
  SocketFile file_;
  bool is_lost_ = false;
};

/// All of them, in the order of the options.
class Listeners {
 public:
  explicit Listeners(std::vector<ListenAddress> addresses);

  [[nodiscard]] bool empty() const { return all_.empty(); }
  /// "127.0.0.1:8080, unix:/path".
  [[nodiscard]] std::string text() const;

  /// Adds what is ready when one has been shut down.
  void wait_with(std::vector<pollfd>& descriptors) const;
  /// Opens those again. Returns which they are; without those that could not be opened, which are
  /// left to mend().
  std::vector<std::size_t> open_shut_down();
  /// Opens again what is not whole, for whatever reason. Returns why some could not be, which do
  /// not listen then. To be called while no target has copies.
  std::vector<Error> mend();

  /// Of one of them.
  [[nodiscard]] std::string text(std::size_t which) const { return all_[which].text(); }

  /// Close-on-exec. Throw std::system_error.
  [[nodiscard]] Fd copy(std::size_t which) const;
  [[nodiscard]] std::vector<Fd> copies() const;

 private:
  std::deque<Listener> all_;
};

}  // namespace reloadrun::net
