#include "net/listen.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/clock.hpp"
#include "base/format.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::net {
namespace {

const char* what_to_do(int error, bool is_unix) {
  switch (error) {
    case EADDRINUSE:
      return "stop what listens there, or give another address";
    case EADDRNOTAVAIL:
      return "give an address of this machine, as 'ip address' lists them";
    case EACCES:
    case EPERM:
      return is_unix ? "give a path in a directory that you may write to"
                     : "give a port from 1024 on";
    case ENOENT:
    case ENOTDIR:
      return "make its directory first";
    default:
      return "give another address";
  }
}

/// errno of connecting there, or 0.
int connect_error(const Address& address) {
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno;
  return ::connect(socket.get(), address.generic(), address.size()) == 0 ? 0 : errno;
}

}  // namespace

SocketFile::SocketFile(std::string path) : path_(std::move(path)), made_(entry_at(path_)) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(made_, other.made_);
  return *this;
}

SocketFile::~SocketFile() {
  if (!path_.empty() && is_there()) ::unlink(path_.c_str());
}

bool SocketFile::is_there() const { return path_.empty() || (made_ && entry_at(path_) == made_); }

Listener::Listener(ListenAddress address) : address_(std::move(address)) { open(); }

void Listener::open_again() {
  is_lost_ = true;
  open();
  is_lost_ = false;
}

void Listener::open() {
  Address& address = address_.address;
  const bool is_internet = address.is_internet();
  file_ = SocketFile();
  const int socket = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  require(socket >= 0);
  socket_ = Fd(socket);
  if (!is_internet) {
    clear_the_way();
  } else {
    // What connections have left (TIME_WAIT) is no hindrance, nor is a socket that was shut down.
    const int on = 1;
    require(::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
  }
  require(::bind(socket, address.generic(), address.size()) == 0);
  if (!address.path().empty()) file_ = SocketFile(address.path());
  require(::listen(socket, SOMAXCONN) == 0);
  if (is_internet) address = Address::of_socket(socket);  // with the port, when it was 0
}

/// Removes the socket that nobody listens on any more, of a program that was killed.
void Listener::clear_the_way() {
  const std::string path = address_.address.path();
  struct stat status {};
  if (path.empty() || ::lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) {
    throw Error(address_.option + " is there already, and is no socket",
                "remove it, or give another path", status_failure);
  }
  const int error = connect_error(address_.address);
  if (error == ENOENT) return;  // gone meanwhile
  if (error == EACCES || error == EMFILE || error == ENFILE) refuse(error);
  if (error != ECONNREFUSED) refuse(EADDRINUSE);
  require(::unlink(path.c_str()) == 0 || errno == ENOENT);
}

void Listener::require(bool done) {
  if (!done) refuse(errno);
}

void Listener::refuse(int error) const {
  throw Error(fmt::format("{} cannot be listened on ({})", address_.option,
                          std::generic_category().message(error)),
              what_to_do(error, !address_.address.is_internet()), status_failure);
}

bool Listener::was_shut_down() const {
  // POLLHUP alone would not tell of a unix socket of which only reading was shut down.
  return (readiness(socket_.get(), POLLRDHUP) & (POLLHUP | POLLRDHUP)) != 0;
}

Listeners::Listeners(std::vector<ListenAddress> addresses) {
  for (ListenAddress& address : addresses) all_.emplace_back(std::move(address));
}

std::string Listeners::text() const {
  std::string text;
  for (const Listener& one : all_) {
    if (!text.empty()) text += ", ";
    text += one.text();
  }
  return text;
}

void Listeners::wait_with(std::vector<pollfd>& descriptors) const {
  for (const Listener& one : all_) {
    if (!one.is_lost()) descriptors.push_back({one.fd(), POLLRDHUP, 0});
  }
}

std::vector<std::size_t> Listeners::open_shut_down() {
  std::vector<std::size_t> opened;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    Listener& one = all_[i];
    if (one.is_lost() || !one.was_shut_down()) continue;
    try {
      one.open_again();
      opened.push_back(i);
    } catch (const Error&) {
      // Told by mend(), if it is so still.
    }
  }
  return opened;
}

std::vector<Error> Listeners::mend() {
  std::vector<Error> errors;
  for (Listener& one : all_) {
    if (one.is_whole()) continue;
    try {
      one.open_again();
    } catch (const Error& error) {
      errors.push_back(error);
    }
  }
  return errors;
}

Fd Listeners::copy(std::size_t which) const {
  return require_fd(::fcntl(all_[which].fd(), F_DUPFD_CLOEXEC, 0), "fcntl");
}

std::vector<Fd> Listeners::copies() const {
  std::vector<Fd> copies;
  for (std::size_t i = 0; i < all_.size(); ++i) copies.push_back(copy(i));
  return copies;
}

}  // namespace reloadrun::net
