// A client that asks a server under test again and again, and notes what becomes of each request.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"

namespace reloadrun::test {

/// What became of one request, and when.
struct Asked {
  enum class End { answered, refused, cut, unanswered } end = End::unanswered;
  std::chrono::steady_clock::time_point begun;
  std::chrono::steady_clock::time_point ended;
  std::string body{};

  [[nodiscard]] std::chrono::nanoseconds took() const { return ended - begun; }
};

/// Gets `/` once over this connection; waits for the answer for as long as any test does.
Asked ask(const Fd& connection);
/// The same over a connection of its own.
Asked ask(int port);

/// Asks every 2 ms, or as soon as the last answer has come, on a thread of its own.
class Client {
 public:
  explicit Client(int port);

  /// Waits until it was answered some more times.
  void expect_answers() const;
  /// Whether it has waited for its present answer for that long.
  [[nodiscard]] bool waits_for(std::chrono::nanoseconds time) const;

  /// Lets it end, and returns what became of all it asked.
  std::vector<Asked> stop();
  /// The most by which this machine has overslept a pause while it asked: how late a thread may come
  /// to what it has waited for. Once it has ended.
  [[nodiscard]] std::chrono::nanoseconds most_overslept() const { return most_overslept_; }

 private:
  void work(const std::stop_token& end);
  void oversleep(const std::stop_token& end);

  const int port_;
  std::atomic<int> answered_ = 0;
  std::atomic<std::chrono::steady_clock::time_point> waits_since_;
  std::vector<Asked> asked_;
  std::chrono::nanoseconds most_overslept_{};
  std::jthread sleeper_;  // the last two, so that they end first
  std::jthread thread_;
};

}  // namespace reloadrun::test
