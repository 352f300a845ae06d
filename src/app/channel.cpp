#include "app/channel.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "app/wire.hpp"
#include "base/format.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::app {
namespace {

// The first message, by which a process knows its socket, and what it is.
struct Mark {
  Role role;
  std::string_view text;
};
constexpr std::array marks{Mark{Role::reloader, "reloadrun " RELOADRUN_VERSION ": reloader"},
                           Mark{Role::builder, "reloadrun " RELOADRUN_VERSION ": builder"}};
constexpr std::string_view mark_of_any_version = "reloadrun ";
// How the two messages begin whose content may be larger than any message: it travels in a memory
// file, the first of the descriptors, or follows where there may be none. No other message begins
// so.
constexpr std::string_view begin_mark = "reloadrun: begin";
constexpr std::string_view handover_mark = "reloadrun: handover";

// Of content that follows. A socket takes 208 KiB, which others may have filled in part.
constexpr std::size_t most_in_the_message = std::size_t{64} << 10U;

// Far more than any list of files needs, and nothing that memory could not hold.
constexpr off_t largest_content = off_t{1} << 30;

bool is_seqpacket_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

/// Empty when it would be larger than a file may be here (ulimit -f).
Fd memory_file(std::string_view content) {
  Fd file = require_fd(::memfd_create("reloadrun", MFD_CLOEXEC), "memfd_create");
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EFBIG) return {};
    if (written < 0) throw_errno("write to a memory file");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

std::string content_of(const Fd& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_errno("fstat of a memory file");
  if (status.st_size > largest_content) throw wire::Torn();
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t got = ::pread(file.get(), content.data(), content.size(), 0);
  if (got != static_cast<ssize_t>(content.size())) throw wire::Torn();
  return content;
}

/// Of a parcel; takes its memory file from the descriptors.
std::string take_content(MessageSocket::Message& parcel, std::string_view mark) {
  if (parcel.bytes.size() > mark.size()) return parcel.bytes.substr(mark.size());
  if (parcel.descriptors.empty()) throw wire::Torn();
  const Fd file = std::move(parcel.descriptors.front());
  parcel.descriptors.erase(parcel.descriptors.begin());
  return content_of(file);
}

/// What came behind `from` others: those of `ports` first.
Descriptors descriptors_of(std::vector<Fd>& received, std::size_t from, std::size_t ports) {
  if (received.size() < from + ports || received.size() > from + ports + 2) throw wire::Torn();
  Descriptors with;
  for (; ports > 0; --ports) with.ports.push_back(std::move(received[from++]));
  if (received.size() > from) with.snapshot = std::move(received[from]);
  if (received.size() > from + 1) with.inotify = std::move(received[from + 1]);
  return with;
}

void append(std::vector<int>& numbers, const Descriptors& with) {
  for (const Fd& port : with.ports) numbers.push_back(port.get());
  if (!with.snapshot) return;
  numbers.push_back(with.snapshot.get());
  // The inotify instance is of use with the snapshot alone.
  if (with.inotify) numbers.push_back(with.inotify.get());
}

struct Found {
  Role role;
  int fd;
};

/// nullopt when there is none.
std::optional<int> number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return {};
  int number = 0;
  const char* const end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, number);
  if (read.ec != std::errc() || read.ptr != end) return {};
  return number;
}

/// The socket that this process was given, if it was; it stays where it is. Throws Error when it is
/// one of another version: a program that reloads itself was built anew.
std::optional<Found> find_inherited() {
  const char* run_main = std::getenv(run_main_variable);
  if (run_main == nullptr || std::strcmp(run_main, "true") != 0) return {};
  // What a program executes before it comes to reloadrun::run() has the variables and the socket,
  // too. Who has made the socket cannot be asked: a supervisor that is dying is not the parent any
  // more, and may have it open still.
  if (number_in(pid_variable) != ::getpid()) return {};
  const int fd = number_in(channel_variable).value_or(-1);
  if (!is_seqpacket_socket(fd)) return {};
  std::array<char, 64> first{};  // longer than any mark
  const ssize_t got = ::recv(fd, first.data(), first.size(), MSG_PEEK | MSG_DONTWAIT);
  const std::string_view text(first.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  const auto* const mark = std::ranges::find(marks, text, &Mark::text);
  if (mark != marks.end()) return Found{mark->role, fd};
  if (!text.starts_with(mark_of_any_version)) return {};
  throw Error(
      fmt::format("the program was built anew with another reloadrun ({})", RELOADRUN_VERSION),
      "end it and start it again", status_failure);
}

bool is_mark(std::string_view text) {
  return std::ranges::any_of(marks, [text](const Mark& mark) { return mark.text == text; });
}

}  // namespace

std::pair<Channel, Channel> Channel::make_pair(Role role) {
  auto sockets = MessageSocket::make_pair();
  const auto* const mark = std::ranges::find(marks, role, &Mark::role);
  if (!sockets.first.send(mark->text, {}, {})) throw_errno("sendmsg");
  return {Channel(std::move(sockets.first)), Channel(std::move(sockets.second))};
}

bool Channel::is_inherited() { return find_inherited().has_value(); }

std::optional<Channel::Inherited> Channel::inherited() {
  const auto found = find_inherited();
  if (!found) return {};
  if (::fcntl(found->fd, F_SETFD, FD_CLOEXEC) != 0) throw_errno("fcntl of an inherited socket");
  return Inherited{found->role, Channel(MessageSocket(Fd(found->fd)))};
}

bool Channel::send_begin(const Begin& begin) {
  std::vector<int> descriptors;
  if (begin.builds) descriptors.push_back(begin.builds.get());
  for (const Fd& socket : begin.sockets) descriptors.push_back(socket.get());
  append(descriptors, begin.with);
  if (send_parcel(begin_mark, wire::encode(begin), std::move(descriptors), {})) return true;
  // ECONNRESET: it has not even read the mark.
  if (errno != EPIPE && errno != ECONNRESET) throw_errno("sendmsg");
  return false;
}

std::optional<Begin> Channel::receive_begin() {
  auto message = socket_.receive();
  while (!closed() && (!message || is_mark(message->bytes))) {
    pollfd readable{socket_.fd(), POLLIN, 0};
    wait_for({&readable, 1}, std::nullopt);
    message = socket_.receive();
  }
  if (closed()) return std::nullopt;
  if (!message->bytes.starts_with(begin_mark)) throw wire::Torn();
  auto begin = wire::decode<Begin>(take_content(*message, begin_mark));
  auto& descriptors = message->descriptors;
  const std::size_t builds = begin.options.build.empty() ? 0 : 1;
  const std::size_t sockets = begin.options.listen.size();
  if (descriptors.size() < builds + sockets) throw wire::Torn();
  if (builds != 0) begin.builds = std::move(descriptors[0]);
  for (std::size_t i = 0; i < sockets; ++i) {
    begin.sockets.push_back(std::move(descriptors[builds + i]));
  }
  begin.with = descriptors_of(descriptors, builds + sockets, begin.handover.port_descriptors());
  return begin;
}

bool Channel::send_handover(const Handover& values, const Descriptors& with, Duration patience) {
  std::vector<int> descriptors;
  append(descriptors, with);
  return send_parcel(handover_mark, wire::encode(values), std::move(descriptors), patience);
}

std::optional<Order> Channel::receive_order() {
  auto message = socket_.receive();
  if (!message) return std::nullopt;
  auto order = wire::decode_one_of<Order>(message->bytes);
  if (auto* const one = std::get_if<SocketOrder>(&order)) {
    if (message->descriptors.empty()) throw wire::Torn();
    one->socket = std::move(message->descriptors.front());
  }
  return order;
}

std::optional<Received> Channel::receive_report() {
  auto message = socket_.receive();
  if (!message) return std::nullopt;
  if (message->bytes.starts_with(handover_mark)) {
    auto values = wire::decode<Handover>(take_content(*message, handover_mark));
    auto with = descriptors_of(message->descriptors, 0, values.port_descriptors());
    return HandedOver{std::move(values), std::move(with)};
  }
  auto report = wire::decode_one_of<Report>(message->bytes);
  return std::visit([](auto& what) { return Received(std::move(what)); }, report);
}

bool Channel::send(const Order& order, Duration patience) {
  std::vector<int> descriptors;
  if (const auto* one = std::get_if<SocketOrder>(&order)) descriptors = {one->socket.get()};
  return socket_.send(wire::encode_one_of(order), descriptors, patience);
}

bool Channel::send(const Report& report, Duration patience) {
  return socket_.send(wire::encode_one_of(report), {}, patience);
}

bool Channel::send_parcel(std::string_view mark, const std::string& content,
                          std::vector<int> descriptors, Duration patience) {
  if (const Fd file = memory_file(content)) {
    descriptors.insert(descriptors.begin(), file.get());
    return socket_.send(mark, descriptors, patience);
  }
  if (content.size() > most_in_the_message) {
    throw Error("what a COMMAND begins with is larger than a file may be here",
                "give it fewer arguments and paths, or a higher limit (ulimit -f)", status_failure);
  }
  return socket_.send(std::string(mark) + content, descriptors, patience);
}

}  // namespace reloadrun::app
