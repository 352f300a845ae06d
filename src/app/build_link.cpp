#include "app/build_link.hpp"

#include <array>
#include <chrono>
#include <span>
#include <utility>

#include "app/messages.hpp"
#include "app/wire.hpp"
#include "base/log.hpp"

namespace reloadrun::app {

template <class Archive>
void members(Archive& a, BuildOrder& order) {
  a(order.number);
}
template <class Archive>
void members(Archive&, StopBuildOrder&) {}
template <class Archive>
void members(Archive& a, WritesQuestion& question) {
  a(question.number, question.paths);
}
template <class Archive>
void members(Archive& a, WritesSeen& seen) {
  a(seen.until);
}
template <class Archive>
void members(Archive& a, AllWritesSeen& seen) {
  a(seen.until);
}
template <class Archive>
void members(Archive& a, BuildRuns& runs) {
  a(runs.number, runs.refusal);
}
template <class Archive>
void members(Archive& a, BuildOver& over) {
  a(over.number, over.error, over.ending, over.ran, over.settled);
}
template <class Archive>
void members(Archive& a, WrittenFiles::Writes& writes) {
  a(writes.last, writes.done);
}
template <class Archive>
void members(Archive& a, WritesAnswer& answer) {
  a(answer.number, answer.writes, answer.settled);
}

namespace {

using namespace std::chrono_literals;

// The other end reads at once, unless it is stopped with everything else.
constexpr Duration patience = 1s;

// Of paths of the greatest length, one message still takes so many.
constexpr std::size_t most_in_a_message = 32;

/// nullopt when there is none now, or a torn one, which nobody sends.
template <class Message>
std::optional<Message> receive_one(MessageSocket& socket) {
  try {
    const auto message = socket.receive();
    if (message) return wire::decode_one_of<Message>(message->bytes);
  } catch (const wire::Torn& torn) {
    log::debug("{}", torn.what());
  }
  return std::nullopt;
}

}  // namespace

std::optional<BuildNews> BuildLink::next() {
  if (news_.empty()) {
    // An answer that was waited for no longer is passed over.
    while (const auto report = receive()) {
      if (!news_.empty()) break;
    }
  }
  if (news_.empty()) return std::nullopt;
  auto news = news_.front();
  news_.pop_front();
  return news;
}

/// Puts news of the last build among the others.
std::optional<BuildReport> BuildLink::receive() {
  auto report = receive_one<BuildReport>(socket_);
  if (!report) return std::nullopt;
  const auto* runs = std::get_if<BuildRuns>(&*report);
  const auto* over = std::get_if<BuildOver>(&*report);
  if (runs != nullptr && runs->number == build_) news_.emplace_back(*runs);
  if (over != nullptr && over->number == build_) news_.emplace_back(*over);
  return report;
}

std::optional<std::vector<WrittenFiles::Writes>> BuildLink::writes_of(
    const std::vector<std::string>& paths) {
  std::vector<WrittenFiles::Writes> all;
  for (std::size_t at = 0; at < paths.size(); at += most_in_a_message) {
    const auto some = std::span(paths).subspan(at, std::min(most_in_a_message, paths.size() - at));
    const auto answer = ask({some.begin(), some.end()});
    if (!answer || answer->writes.size() != some.size()) return std::nullopt;
    all.insert(all.end(), answer->writes.begin(), answer->writes.end());
  }
  return all;
}

WrittenFiles::Settling BuildLink::settle() {
  const auto answer = ask({});
  return answer ? answer->settled : 0;
}

std::optional<WritesAnswer> BuildLink::ask(std::vector<std::string> paths) {
  const std::uint64_t question = ++number_;
  send(WritesQuestion{question, std::move(paths)});
  const TimePoint until = Clock::now() + patience;
  while (!socket_.closed()) {
    while (auto report = receive()) {
      auto* answer = std::get_if<WritesAnswer>(&*report);
      if (answer != nullptr && answer->number == question) return std::move(*answer);
    }
    if (Clock::now() >= until) break;
    pollfd readable{socket_.fd(), POLLIN, 0};
    wait_for({&readable, 1}, until);
  }
  if (!socket_.closed()) log::debug("the builder does not answer");
  return std::nullopt;
}

void BuildLink::account(const std::map<std::string, WrittenFiles::Number>& until) {
  WritesSeen some;
  for (const auto& [path, number] : until) {
    some.until.emplace(path, number);
    if (some.until.size() < most_in_a_message) continue;
    send(std::exchange(some, {}));
  }
  if (!some.until.empty()) send(std::move(some));
}

void BuildLink::send(const BuildRequest& request) {
  // It fails for a builder that has gone: then this process is about to be ended.
  static_cast<void>(socket_.send(wire::encode_one_of(request), {}, patience));
}

std::optional<BuildRequest> BuildService::next() { return receive_one<BuildRequest>(socket_); }

void BuildService::report(const BuildReport& report) {
  if (!socket_.send(wire::encode_one_of(report), {}, patience)) {
    log::debug("the reloader does not listen");
  }
}

}  // namespace reloadrun::app
