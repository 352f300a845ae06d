// Looks where hints lead, on random trees that change at random: they must know what a look that
// comes fresh knows, and have told what differs.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

#include "fmt/format.h"
#include "helpers/deadline.hpp"
#include "unit/looking.hpp"
#include "watch/pending.hpp"

namespace reloadrun::watch {
namespace {

const int rounds = 500 / test::slowness();
constexpr int batches = 4;

/// Does one thing after the other to a tree, and to one beside it.
class Gremlin {
 public:
  Gremlin(std::uint32_t seed, fs::path outside) : random_(seed), outside_(std::move(outside)) {
    fs::create_directories(outside_);
  }

  /// Failures (what is not there, a directory that is moved into itself) are part of it.
  void act() {
    std::error_code ignored;
    const fs::path path = any_path();
    switch (below(14)) {
      case 0:
      case 1:
      case 2:
        write(path);
        break;
      case 3:
        fs::create_directories(path, ignored);
        break;
      case 4:
        fs::create_directories(path, ignored);
        write(path / any_name());
        break;
      case 5:
        fs::remove(path, ignored);
        break;
      case 6:
        fs::remove_all(path, ignored);
        break;
      case 7:
        fs::remove_all(path, ignored);
        fs::create_directories(path, ignored);
        write(path / any_name());
        break;
      case 8:
      case 9:
        fs::rename(path, any_path(), ignored);
        break;
      case 10:
        fs::rename(path, outside_ / any_name(), ignored);
        break;
      case 11:
        fs::rename(outside_ / any_name(), path, ignored);
        break;
      case 12:
        fs::create_symlink(fs::absolute(any_path()), path, ignored);
        break;
      case 13:
        fs::create_hard_link(any_path(), path, ignored);
        break;
    }
  }
  /// An ignore file somewhere, gone or with other patterns.
  void change_rules() {
    const fs::path file = any_directory() / (below(2) == 0 ? ".gitignore" : ".ignore");
    if (below(3) == 0) {
      std::error_code ignored;
      fs::remove(file, ignored);
    } else {
      std::ofstream(file) << fmt::format("{}\n!{}/\n#{}\n", any_name(), any_name(), ++written_);
    }
  }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

 private:
  std::string any_name() { return std::string(1, static_cast<char>('a' + below(4))); }
  fs::path any_directory() {
    fs::path path = ".";
    for (auto depth = below(4); depth > 0; --depth) path /= any_name();
    return path;
  }
  fs::path any_path() { return any_directory() / any_name(); }
  /// Never the size that a file had before: one write more can be told however coarse the clock is.
  void write(const fs::path& file) { std::ofstream(file) << std::string(++written_, 'x'); }

  std::mt19937 random_;
  fs::path outside_;
  std::size_t written_ = 0;
};

using Files = std::map<std::string, Stamp>;

/// A link that leads nowhere is there, too: rules may take it out of view.
bool is_there(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

Changes difference(const Files& before, const Files& after) {
  Pending pending;
  Changes all;
  for (const auto& [path, stamp] : before) {
    if (!after.contains(path)) all.push_back({Change::Kind::vanished, path, stamp, {}});
  }
  for (const auto& [path, stamp] : after) {
    const auto old = before.find(path);
    if (old == before.end()) {
      all.push_back({Change::Kind::appeared, path, {}, stamp});
    } else if (differs(old->second, stamp)) {
      all.push_back({Change::Kind::modified, path, old->second, stamp});
    }
  }
  pending.add(all, {});
  return pending.take();
}

Changes folded(const Changes& found) {
  Pending pending;
  pending.add(found, {});
  return pending.take();
}

/// A hint may come after the look that has seen what it tells: then a racy file looks as if it were
/// written again.
Changes without_late_hints(Changes changes) {
  std::erase_if(changes, [](const Change& change) {
    return change.rewritten && !differs(change.before, change.after);
  });
  return changes;
}

std::string text_of(const Files& files) {
  std::string text;
  for (const auto& [path, stamp] : files) {
    text += fmt::format("{}:{}:{} ", path, stamp.size, stamp.inode);
  }
  return text;
}

class RandomLook : public Look {
 protected:
  RandomLook() { std::cout << "seed " << seed_ << '\n'; }
  /// A place of its own for each round, so that one round can be tried alone.
  void enter(int round) {
    const fs::path work = place_.work() / std::to_string(round) / "work";
    fs::create_directories(work);
    fs::current_path(work);
  }
  void leave(int round) {
    fs::current_path(place_.work());
    fs::remove_all(std::to_string(round));
  }
  static bool is_walked(const Eyes& eyes, const std::string& directory) {
    const auto& all = eyes.looker.snapshot().directories;
    const auto known = all.find(directory.empty() ? "." : directory);
    return known != all.end() && known->second.walked;
  }
  /// Fails unless these eyes know what fresh ones see.
  static bool knows_everything(const Eyes& eyes) {
    const auto known = text_of(eyes.stamps());
    const auto there = text_of(Eyes(eyes.options).stamps());
    EXPECT_EQ(known, there);
    EXPECT_TRUE(knows_what_is_covered(eyes.snapshot));
    return known == there;
  }
  static bool knows_what_is_covered(const Snapshot& snapshot) {
    const auto is_right = [&snapshot](const auto& one) {
      return one.second.covered() != snapshot.uncovered.contains(one.first);
    };
    const auto is_there = [&snapshot](const Text& path) {
      return snapshot.directories.contains(path);
    };
    return std::ranges::all_of(snapshot.directories, is_right) &&
           std::ranges::all_of(snapshot.uncovered, is_there);
  }

  /// Whether a file here has another name.
  static bool has_other_names() {
    return std::ranges::any_of(fs::recursive_directory_iterator("."), [](const auto& entry) {
      return entry.symlink_status().type() == fs::file_type::regular && entry.hard_link_count() > 1;
    });
  }

  /// RELOADRUN_SEED in the environment tries a round again.
  static std::uint32_t first_seed() {
    const char* given = std::getenv("RELOADRUN_SEED");
    if (given != nullptr) return static_cast<std::uint32_t>(std::stoul(given));
    return std::random_device()() % 1'000'000'000;
  }
  const std::uint32_t seed_ = first_seed();
};

TEST_F(RandomLook, FollowsEveryHint) {
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    enter(round);
    const auto seed = seed_ + static_cast<std::uint32_t>(round);
    Gremlin gremlin(seed, "../outside");
    for (int i = 0; i < 20; ++i) gremlin.act();
    Hints hints;
    Options options;
    if (seed % 3 == 1) options.watch = {"a", "b/a", "."};
    Eyes eyes(options, {}, &hints);
    for (int batch = 0; batch < batches; ++batch) {
      SCOPED_TRACE(fmt::format("seed {}, batch {}", seed, batch));
      const Files before = eyes.stamps();
      for (auto acts = 1 + gremlin.below(12); acts > 0; --acts) gremlin.act();
      Changes found;
      eyes.looker.follow(hints.read(), &found);
      // Of a file that has got another name only a turn learns what was written by that.
      eyes.looker.look_at_uncovered(&found);
      eyes.looker.take_turn(std::chrono::hours(1), &found);
      if (!knows_everything(eyes)) break;
      EXPECT_EQ(text_of(folded(found)), text_of(difference(before, eyes.stamps())));
    }
    leave(round);
  }
}

TEST_F(RandomLook, FollowsWhatGoesOnWhileItLooks) {
  for (int round = 0; round < rounds / 10 && !HasFailure(); ++round) {
    enter(round);
    const auto seed = seed_ + static_cast<std::uint32_t>(round);
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Gremlin gremlin(seed, "../outside");
    for (int i = 0; i < 20; ++i) gremlin.act();
    Hints hints;
    Eyes eyes({}, {}, &hints);
    const Files before = eyes.stamps();
    Changes found;
    std::atomic<bool> done = false;
    std::thread other([&] {
      for (int i = 0; i < 200; ++i) gremlin.act();
      done = true;
    });
    while (!done) eyes.looker.follow(hints.read(), &found);
    other.join();
    eyes.looker.follow(hints.read(), &found);
    eyes.looker.look_at_uncovered(&found);
    eyes.looker.take_turn(std::chrono::hours(1), &found);
    if (knows_everything(eyes)) {
      EXPECT_EQ(text_of(without_late_hints(folded(found))),
                text_of(difference(before, eyes.stamps())));
    }
    leave(round);
  }
}

TEST_F(RandomLook, FollowsTheRules) {
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    enter(round);
    const auto seed = seed_ + static_cast<std::uint32_t>(round);
    Gremlin gremlin(seed, "../outside");
    for (int i = 0; i < 20; ++i) gremlin.act();
    Hints hints;
    Eyes eyes({}, {}, &hints);
    for (int batch = 0; batch < batches; ++batch) {
      SCOPED_TRACE(fmt::format("seed {}, batch {}", seed, batch));
      const Files before = eyes.stamps();
      for (auto acts = 1 + gremlin.below(6); acts > 0; --acts) {
        gremlin.act();
        if (gremlin.below(2) == 0) gremlin.change_rules();
      }
      Changes found;
      eyes.looker.follow(hints.read(), &found);
      eyes.looker.look_at_uncovered(&found);
      // See above; without other names, the hints have to do.
      if (has_other_names()) eyes.looker.take_turn(std::chrono::hours(1), &found);
      if (!knows_everything(eyes)) break;
      // What the rules brought or took is not told, nor what went on in a directory that they took;
      // but nothing else is kept back.
      const auto told = folded(found);
      for (const Change& change : difference(before, eyes.stamps())) {
        const bool is_told = std::any_of(told.begin(), told.end(), [&](const Change& one) {
          return one.path == change.path && one.kind == change.kind;
        });
        const bool is_kept = change.kind == Change::Kind::modified ||
                             (change.kind == Change::Kind::vanished && !is_there(change.path) &&
                              is_walked(eyes, fs::path(change.path).parent_path()));
        EXPECT_TRUE(is_told || !is_kept) << change.path;
      }
    }
    leave(round);
  }
}

}  // namespace
}  // namespace reloadrun::watch
