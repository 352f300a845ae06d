#include "base/log.hpp"

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/printable.hpp"

// A program that reloads itself may have spdlog too, of another version or with other options: both
// have their state in inline functions, which the linker would merge into one.
#define spdlog reloadrun_spdlog
#include "spdlog/async_logger.h"
#include "spdlog/details/null_mutex.h"
#include "spdlog/details/thread_pool.h"
#include "spdlog/sinks/base_sink.h"
#include "spdlog/spdlog.h"

namespace reloadrun::log {
namespace {

using spdlog::level::level_enum;

constexpr std::size_t waiting_lines = 1024;  // the oldest are dropped when stderr blocks for long

level_enum threshold(Verbosity verbosity) {
  switch (verbosity) {
    case Verbosity::quiet:
      return spdlog::level::err;
    case Verbosity::verbose:
      return spdlog::level::debug;
    case Verbosity::normal:
      break;
  }
  return spdlog::level::info;
}

level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      break;
  }
  return spdlog::level::err;
}

Level from_spdlog(level_enum level) {
  if (level <= spdlog::level::debug) return Level::debug;
  if (level == spdlog::level::info) return Level::info;
  return level == spdlog::level::warn ? Level::warn : Level::error;
}

bool wants_color(Color color) {
  if (color != Color::automatic) return color == Color::always;
  const char* no_color = std::getenv("NO_COLOR");  // https://no-color.org: present and not empty
  if (no_color != nullptr && *no_color != '\0') return false;
  return understands_escapes(STDERR_FILENO);
}

const char* color_of(level_enum level) {
  switch (level) {
    case spdlog::level::err:
    case spdlog::level::critical:
      return "\033[31m";
    case spdlog::level::warn:
      return "\033[33m";
    case spdlog::level::info:
      return "\033[36m";
    default:
      return "\033[2m";
  }
}

/// Writes each line with one write(), so that it cannot be torn apart by the target's own output.
class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  void use_color(bool color) { color_ = color; }

  /// Waits for the flush that was posted last; false when `until` came first.
  bool wait_for_flush(std::size_t number, TimePoint until) {
    std::unique_lock lock(mutex_);
    return flushed_.wait_until(lock, until, [&] { return flushes_ >= number; });
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    const std::string line =
        color_ ? fmt::format("{}[reloadrun]\033[0m {}\n", color_of(message.level), text)
               : fmt::format("[reloadrun] {}\n", text);
    std::string_view left = line;
    while (!left.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0 && errno == EAGAIN) {  // somebody made the terminal non-blocking: node does
        pollfd writable{STDERR_FILENO, POLLOUT, 0};
        wait_for({&writable, 1}, std::nullopt);
        continue;
      }
      if (written < 0) return;  // stderr is gone, and with it the place to say so
      left.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void flush_() override {
    {
      const std::lock_guard lock(mutex_);
      ++flushes_;
    }
    flushed_.notify_all();
  }

 private:
  std::atomic<bool> color_ = false;
  std::mutex mutex_;
  std::condition_variable flushed_;
  std::size_t flushes_ = 0;
};

class ForwardingSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit ForwardingSink(std::function<void(Level, std::string_view)> take)
      : take_(std::move(take)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    take_(from_spdlog(message.level), {message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

 private:
  std::function<void(Level, std::string_view)> take_;
};

// Never destroyed: the writing thread may be stuck in a write when the process ends, and the
// destructor would wait for it.
struct StderrVoice {
  std::shared_ptr<StderrSink> sink;
  std::shared_ptr<spdlog::details::thread_pool> writer;
  std::shared_ptr<spdlog::logger> logger;
  std::size_t flushes_asked = 0;
};
StderrVoice* stderr_voice = nullptr;

void speak_through(std::shared_ptr<spdlog::logger> logger, Verbosity verbosity) {
  logger->set_level(threshold(verbosity));
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace

bool is_heard(Level level) {
  const auto* logger = spdlog::default_logger_raw();
  return logger != nullptr && logger->should_log(to_spdlog(level));
}

void say(Level level, std::string_view line) {
  auto* logger = spdlog::default_logger_raw();
  if (logger == nullptr) return;
  const std::string text = printable(line);
  logger->log(to_spdlog(level), spdlog::string_view_t(text.data(), text.size()));
}

bool understands_escapes(int fd) {
  const char* term = std::getenv("TERM");
  return ::isatty(fd) == 1 && term != nullptr && std::strcmp(term, "dumb") != 0;
}

void to_stderr(Verbosity verbosity, Color color) {
  if (stderr_voice == nullptr) {
    const auto sink = std::make_shared<StderrSink>();
    const auto writer = std::make_shared<spdlog::details::thread_pool>(waiting_lines, 1);
    stderr_voice = new StderrVoice{
        sink, writer,
        std::make_shared<spdlog::async_logger>("reloadrun", sink, writer,
                                               spdlog::async_overflow_policy::overrun_oldest)};
  }
  stderr_voice->sink->use_color(wants_color(color));
  speak_through(stderr_voice->logger, verbosity);
}

void to(std::function<void(Level, std::string_view)> take, Verbosity verbosity) {
  speak_through(std::make_shared<spdlog::logger>("reloadrun",
                                                 std::make_shared<ForwardingSink>(std::move(take))),
                verbosity);
}

void drain(TimePoint until) {
  if (stderr_voice == nullptr) return;
  spdlog::default_logger_raw()->flush();
  stderr_voice->sink->wait_for_flush(++stderr_voice->flushes_asked, until);
}

}  // namespace reloadrun::log
