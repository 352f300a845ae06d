#include "helpers/http_client.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <string_view>
#include <utility>

#include "helpers/client.hpp"
#include "helpers/deadline.hpp"

namespace reloadrun::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using End = Asked::End;

constexpr std::string_view request = "GET / HTTP/1.0\r\n\r\n";
constexpr auto pace = 2ms;

End end_by_errno() {
  if (errno == ECONNREFUSED) return End::refused;
  return errno == EAGAIN || errno == EINPROGRESS ? End::unanswered : End::cut;
}

/// Whether it is a good answer, and whole.
bool take_body(const std::string& answer, std::string& body) {
  const auto end_of_head = answer.find("\r\n\r\n");
  if (end_of_head == std::string::npos || answer.find(" 200 ") > answer.find('\r')) return false;
  std::string head = answer.substr(0, end_of_head);
  std::ranges::transform(head, head.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::string_view field = "content-length: ";
  const auto length = head.find(field);
  body = answer.substr(end_of_head + 4);
  if (length == std::string::npos) return true;  // it ends with the connection
  return std::stoul(head.substr(length + field.size())) == body.size();
}

End exchange(const Fd& socket, std::string& body) {
  if (!socket) return end_by_errno();
  const timeval most{patience.count(), 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return end_by_errno();
  std::string answer;
  for (std::array<char, 4096> block{};;) {
    const ssize_t got = ::recv(socket.get(), block.data(), block.size(), 0);
    if (got < 0) return end_by_errno();
    if (got == 0) return take_body(answer, body) ? End::answered : End::cut;
    answer.append(block.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Asked ask(const Fd& connection) {
  Asked asked;
  asked.begun = Clock::now();
  asked.end = exchange(connection, asked.body);
  asked.ended = Clock::now();
  return asked;
}

Asked ask(int port) {
  const auto begun = Clock::now();
  Asked asked = ask(connect_to(port));
  asked.begun = begun;
  return asked;
}

Client::Client(int port)
    : port_(port),
      sleeper_([this](const std::stop_token& end) { oversleep(end); }),
      thread_([this](const std::stop_token& end) { work(end); }) {}

void Client::work(const std::stop_token& end) {
  for (auto next = Clock::now(); !end.stop_requested(); next += pace) {
    waits_since_ = Clock::now();
    asked_.push_back(ask(port_));
    waits_since_ = Clock::time_point{};
    if (asked_.back().end == End::answered) ++answered_;
    next = std::max(next, asked_.back().ended - pace);
    std::this_thread::sleep_until(next + pace);
  }
}

void Client::oversleep(const std::stop_token& end) {
  while (!end.stop_requested()) {
    const auto until = Clock::now() + pace;
    std::this_thread::sleep_until(until);
    most_overslept_ = std::max<std::chrono::nanoseconds>(most_overslept_, Clock::now() - until);
  }
}

void Client::expect_answers() const {
  const int before = answered_;
  eventually("the client is answered", [&] { return answered_ >= before + 5; });
}

bool Client::waits_for(std::chrono::nanoseconds time) const {
  const Clock::time_point since = waits_since_;
  return since != Clock::time_point{} && Clock::now() - since >= time;
}

std::vector<Asked> Client::stop() {
  for (std::jthread* const one : {&thread_, &sleeper_}) {
    one->request_stop();
    one->join();
  }
  return std::move(asked_);
}

}  // namespace reloadrun::test
