// A FIFO in a directory of its own, through which targets report when they were started.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/fd.hpp"

namespace reloadrun::bench {

class Reports {
 public:
  Reports();
  ~Reports();
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;

  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] std::string fifo() const { return directory_ + "/starts"; }
  /// The first start at `from` or later that is reported before `until`; earlier ones are dropped.
  std::optional<TimePoint> next(TimePoint from, TimePoint until);

 private:
  std::optional<TimePoint> take(TimePoint from);

  std::string directory_;
  Fd reading_;
  std::string unread_;
};

}  // namespace reloadrun::bench
