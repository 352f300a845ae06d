// The fixture of every test of looks: a place of its own, and eyes on it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "helpers/place.hpp"
#include "watch/look.hpp"

namespace reloadrun::watch {

namespace fs = std::filesystem;

/// As in "+new -old ~modified", sorted by path.
inline std::string text_of(Changes found) {
  std::stable_sort(found.begin(), found.end(),
                   [](const Change& a, const Change& b) { return a.path < b.path; });
  std::string text;
  for (const Change& change : found) {
    text += text.empty() ? "" : " ";
    text += std::string(1, "+-~"[static_cast<int>(change.kind)]) + change.path;
  }
  return text;
}

/// Somebody who looks, and has looked at everything once.
struct Eyes {
  /// `begun`: nothing has changed out of their view, unless a test says since when.
  explicit Eyes(Options wanted = {}, const std::vector<std::string>& executables = {},
                Hints* by = nullptr,
                const ChangeTime& begun = {std::numeric_limits<std::int64_t>::max(), 0})
      : options(std::move(wanted)),
        watched(options, executables, options.listed),
        rules(options),
        hints(by),
        looker(watched, rules, snapshot, {.content = options.content, .hints = by, .begun = begun}) {
    looker.look_at_everything(nullptr);
  }

  /// What has changed since the last look, to one at everything.
  std::string changes() {
    Changes found;
    looker.look_at_everything(&found);
    return text_of(found);
  }
  /// To one that goes where the hints lead.
  std::string hinted() {
    Changes found;
    looker.follow(hints->read(), &found);
    return text_of(found);
  }
  /// To what inotify does not cover, and a turn; with the default all of it.
  std::string turn(Duration budget = std::chrono::hours(1)) {
    Changes found;
    looker.look_at_uncovered(&found);
    looker.take_turn(budget, &found);
    return text_of(found);
  }
  std::vector<std::string> paths() { return looker.snapshot().paths(); }
  [[nodiscard]] std::map<std::string, Stamp> stamps() const {
    std::map<std::string, Stamp> all;
    looker.snapshot().for_each(
        [&all](const std::string& path, const Stamp& stamp) { all.emplace(path, stamp); });
    return all;
  }

  Options options;
  WatchSet watched;
  Rules rules;
  Hints* hints;
  Snapshot snapshot;
  Looker looker;
};

class Look : public testing::Test {
 protected:
  Look() { fs::current_path(place_.work()); }
  ~Look() override { fs::current_path("/"); }

  static void write(const fs::path& file, const std::string& content = "") {
    if (file.has_parent_path()) fs::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }
  static Options roots(std::vector<std::string> paths, std::vector<std::string> extensions = {}) {
    Options options;
    options.watch = std::move(paths);
    options.extensions = std::move(extensions);
    return options;
  }
  static std::vector<std::string> look_at(std::vector<std::string> paths,
                                          std::vector<std::string> extensions = {},
                                          const std::vector<std::string>& executables = {}) {
    return Eyes(roots(std::move(paths), std::move(extensions)), executables).paths();
  }
  using Paths = std::vector<std::string>;

  test::Place place_;
};

}  // namespace reloadrun::watch
