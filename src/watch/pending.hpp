// What differs from what the target was started with. Plain values; the reloader's main thread adds
// what its looks find.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "watch/snapshot.hpp"

namespace reloadrun::watch {

/// Changes add up: what appears and vanishes again, or is put back as it was, is none.
class Pending {
 public:
  struct Item {
    Change change;
    Deadline missing_since{};  ///< of a file that has vanished, or whose bytes have (--content)
  };

  Pending() = default;
  /// What another had: its items(), first() and last().
  Pending(std::vector<Item> items, TimePoint first, TimePoint last);

  /// Takes the changes that a look at `now` has found.
  void add(const Changes& found, TimePoint now);
  /// Takes a change that was found before what is here, and was kept back until `now`.
  void add_earlier(const Change& change, TimePoint now);
  /// Takes a change back: it is none.
  void drop(const std::string& path);
  /// Takes back what lies in a working directory that is another now.
  void drop_relative();
  /// Takes all, in the order of paths, and is empty then.
  Changes take();

  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] const std::map<std::string, Item>& items() const { return items_; }
  [[nodiscard]] std::vector<std::string> paths() const;
  /// When the first and the latest of these changes were found; of no meaning while empty().
  [[nodiscard]] TimePoint first() const { return first_; }
  [[nodiscard]] TimePoint last() const { return last_; }

 private:
  void add(const Change& change, TimePoint now);

  std::map<std::string, Item> items_;
  TimePoint first_{};
  TimePoint last_{};
};

}  // namespace reloadrun::watch
