// What the test target tells: lines through a FIFO beside the watched directory, each written at
// once, so that lines of several processes do not mix and a killed one leaves no half line.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/fd.hpp"

namespace reloadrun::test {

/// "start pid=7 generation=1 ...": an event and its fields, unescaped.
struct Report {
  std::string event;
  std::map<std::string, std::string> fields;

  [[nodiscard]] const std::string& operator[](const std::string& name) const;
  [[nodiscard]] int number(const std::string& name) const;
};

class Reports {
 public:
  explicit Reports(const std::filesystem::path& fifo);

  [[nodiscard]] const std::string& path() const { return path_; }

  /// The next report of this event, passing over others; throws TimedOut.
  Report next(const std::string& event);
  /// Whether a report of this event has come by now; takes all that came before it too.
  bool has(const std::string& event);

 private:
  bool read_more(int milliseconds);
  bool take(const std::string& event, Report& report);

  std::string path_;
  Fd fifo_;
  std::string text_;
};

}  // namespace reloadrun::test
