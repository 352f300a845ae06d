// Never stale, by exhaustion: one file, everything that may happen to it and to reloadrun, in every
// order. The policy is the real one; looks, handovers, the target and the clock's tick are a model
// of what app and watch do. Wherever nothing is left to happen by itself, the last target that was
// started must have read the last version.
//
// That the model can tell is shown by flaws, each of which is found.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <compare>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/policy.hpp"

namespace reloadrun::core {
namespace {

enum class Flaw {
  none,
  looks_after_the_start,   // and not before, when a generation has no snapshot
  forgets_while_starting,  // what a look finds between the start and the news of it
  trusts_a_stamp,          // a write within the tick of the last look is not noticed
  starts_within_a_tick,    // where no hint tells of such a write
};

struct Kind {
  bool hints = true;  // otherwise looks come of themselves, and see the stamp alone
  Flaw flaw = Flaw::none;
};

enum class Target { none, unread, read };
enum class News { none, started, failed };

/// All that is, in plain values. Copied at each branch.
struct State {
  // The file.
  int version = 0;
  int stamp = 0;  // of several versions, when they were written within one tick
  bool tick = false;
  bool hint = false;
  // The snapshot, and the burst that it has led to.
  int seen = -1;  // the stamp; -1: there is no snapshot
  bool racy = false;
  bool burst = false;
  // The reloader and its target.
  bool begun = false;
  bool look_is_due = false;  // by flaw alone
  bool stopping = false;
  bool running = false;
  Target target = Target::none;
  News news = News::none;
  int read = -1;  // by the target that was started last
  // What may still happen to them.
  int edits = 3;
  int asked = 1;
  int ends = 1;
  int failures = 1;
  int drops = 1;

  friend auto operator<=>(const State&, const State&) = default;
};

class World {
 public:
  explicit World(Kind kind) : kind_(kind) { next_generation(); }

  [[nodiscard]] const State& state() const { return now_; }
  [[nodiscard]] bool is_stale() const { return now_.read != now_.version; }

  // What happens by itself ------------------------------------------------------------------------

  bool tick_ends() {
    if (!now_.tick) return false;
    now_.tick = false;
    return true;
  }
  /// The first look of a generation that was handed no snapshot.
  bool looks_at_everything() {
    if (now_.seen >= 0 && !now_.look_is_due) return false;
    now_.look_is_due = false;
    look();
    return true;
  }
  bool looks() {
    if (now_.seen < 0 || now_.look_is_due) return false;
    if (kind_.hints ? !now_.hint : now_.stamp == now_.seen) return false;
    const bool rewritten = kind_.hints && now_.racy && kind_.flaw != Flaw::trusts_a_stamp;
    const bool differs = now_.stamp != now_.seen || rewritten;
    look();
    if (kind_.flaw == Flaw::forgets_while_starting && now_.news != News::none) return true;
    now_.burst = now_.burst || differs;
    return true;
  }
  /// A generation starts its target: at once, or when the burst that it was handed is over.
  bool begins() {
    const bool looked = now_.seen >= 0 || kind_.flaw == Flaw::looks_after_the_start;
    if (now_.begun || !looked || in_tick()) return false;
    now_.look_is_due = now_.seen < 0;
    now_.burst = false;
    now_.begun = true;
    feed(Begin{});
    return true;
  }
  /// The stop begins with the first certain change.
  bool notices_a_certain_change() {
    if (!now_.begun || !now_.burst || now_.stopping) return false;
    feed(Changed{{"file"}});
    return true;
  }
  /// ... or when the burst is over.
  bool settles() {
    if (!now_.begun || !now_.burst || now_.stopping || in_tick()) return false;
    now_.burst = false;
    feed(Changed{{"file"}});
    return true;
  }
  bool target_reads() {
    if (now_.target != Target::unread) return false;
    now_.target = Target::read;
    now_.read = now_.version;
    return true;
  }
  bool news_comes() {
    const News news = std::exchange(now_.news, News::none);
    if (news == News::none) return false;
    now_.running = news == News::started;
    news == News::started ? feed(Started{}) : feed(StartFailed{});
    return true;
  }
  bool tree_goes() {
    if (!now_.stopping) return false;
    now_.target = Target::none;
    now_.news = News::none;
    now_.running = now_.stopping = false;
    feed(TreeGone{});
    return true;
  }

  // What may happen, or not -----------------------------------------------------------------------

  bool is_edited() {
    if (now_.edits-- == 0) return false;
    ++now_.version;
    ++now_.stamp;
    now_.tick = now_.hint = true;
    return true;
  }
  bool is_edited_in_the_same_tick() {
    if (!now_.tick || now_.edits-- == 0) return false;
    ++now_.version;
    now_.hint = true;
    return true;
  }
  bool user_asks_for_a_restart() {
    if (now_.stopping || now_.asked-- == 0) return false;
    feed(RestartAsked{});
    return true;
  }
  bool target_ends() {
    if (!now_.running || now_.target != Target::read || now_.ends-- == 0) return false;
    now_.target = Target::none;
    now_.running = false;
    feed(TargetEnded{});
    return true;
  }
  bool start_fails() {
    if (now_.target != Target::unread || now_.news != News::started || now_.failures-- == 0) {
      return false;
    }
    now_.target = Target::none;
    now_.read = now_.version;
    now_.news = News::failed;
    return true;
  }
  /// The tree is gone, and what is handed over gets lost.
  bool tree_goes_and_the_handover_too() {
    if (!now_.stopping || now_.drops-- == 0) return false;
    dropped_ = true;
    return tree_goes();
  }

 private:
  void look() {
    now_.seen = now_.stamp;
    now_.racy = now_.tick;
    now_.hint = false;
  }
  [[nodiscard]] bool in_tick() const {
    if (kind_.hints || kind_.flaw == Flaw::starts_within_a_tick) return false;
    return now_.racy && now_.tick && now_.seen == now_.stamp;
  }
  void next_generation() {
    policy_ = Policy({.first_start = false});
    now_.begun = now_.look_is_due = false;
    if (!std::exchange(dropped_, false)) return;
    now_.seen = -1;
    now_.burst = false;
  }
  void feed(const Event& event) {
    for (const Action& action : policy_.on(event)) {
      if (std::holds_alternative<Start>(action)) {
        now_.target = Target::unread;
        now_.news = News::started;
      } else if (std::holds_alternative<StopTree>(action)) {
        now_.stopping = true;
      } else if (std::holds_alternative<Reload>(action)) {
        next_generation();
      }
    }
  }

  Kind kind_;
  State now_;
  Policy policy_{{}};
  bool dropped_ = false;
};

struct Step {
  const char* name;
  bool (World::*take)();
};

constexpr std::array by_itself{
    Step{"the tick ends", &World::tick_ends},
    Step{"a look at everything", &World::looks_at_everything},
    Step{"a look", &World::looks},
    Step{"the generation begins", &World::begins},
    Step{"a certain change", &World::notices_a_certain_change},
    Step{"the burst is over", &World::settles},
    Step{"the target reads", &World::target_reads},
    Step{"news of the start", &World::news_comes},
    Step{"the tree is gone", &World::tree_goes},
};
constexpr std::array by_others{
    Step{"an edit", &World::is_edited},
    Step{"an edit in the same tick", &World::is_edited_in_the_same_tick},
    Step{"a restart is asked for", &World::user_asks_for_a_restart},
    Step{"the target ends", &World::target_ends},
    Step{"the start fails", &World::start_fails},
    Step{"the tree is gone, the handover is lost", &World::tree_goes_and_the_handover_too},
};

struct Found {
  std::size_t states = 0;
  std::size_t ends = 0;  // states where nothing is left to happen by itself
  std::string stale{};   // how the first stale one of them is reached
};

/// Breadth first, so that what is found is found in the fewest steps.
Found explore(Kind kind) {
  struct Visit {
    World world;
    std::string story;
  };
  Found found;
  std::set<State> seen;  // the policy's own state follows from it: here it waits for nothing else
  std::vector<Visit> now{{World(kind), ""}};
  while (!now.empty() && found.stale.empty()) {
    std::vector<Visit> next;
    for (const auto& [world, story] : now) {
      const auto take = [&, &from = world, &told = story](const Step& step) {
        World after = from;
        if (!(after.*step.take)()) return false;
        if (seen.insert(after.state()).second) next.push_back({after, told + step.name + "\n"});
        return true;
      };
      ++found.states;
      const auto possible = std::ranges::count_if(by_itself, take);
      if (possible == 0) {
        ++found.ends;
        if (world.is_stale()) found.stale = story;
      }
      std::ranges::for_each(by_others, take);
    }
    now = std::move(next);
  }
  return found;
}

TEST(Protocol, LeavesNoTargetStaleInAnyOrder) {
  for (const bool hints : {true, false}) {
    const Found found = explore({hints});
    EXPECT_EQ(found.stale, "") << "hints: " << hints;
    EXPECT_GT(found.ends, 100U);
    RecordProperty(hints ? "states_with_hints" : "states_without", std::to_string(found.states));
  }
}

TEST(Protocol, WouldBeFoundStale) {
  const auto story = [](bool hints, Flaw flaw) { return explore({hints, flaw}).stale; };
  for (const bool hints : {true, false}) {
    // The lost update: the edit comes after the start, and the look takes it for what was there.
    const std::string lost = story(hints, Flaw::looks_after_the_start);
    EXPECT_NE(lost.find("an edit\na look at everything\n"), lost.npos) << lost;
    EXPECT_NE(story(hints, Flaw::forgets_while_starting), "");
  }
  EXPECT_NE(story(true, Flaw::trusts_a_stamp), "");
  EXPECT_NE(story(false, Flaw::starts_within_a_tick), "");
}

}  // namespace
}  // namespace reloadrun::core
