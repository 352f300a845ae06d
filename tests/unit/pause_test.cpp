#include "watch/pause.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "helpers/deadline.hpp"
#include "unit/looking.hpp"
#include "watch/content.hpp"

namespace reloadrun::watch {
namespace {

class Pauses : public Look {
 protected:
  static constexpr int some = 100;

  Pauses() {
    for (const std::string directory : {"a", "b", "c"}) {
      for (int i = 0; i < some; ++i) write(directory + "/" + std::to_string(i));
    }
    looker_.look_at_everything(nullptr);
    attended_ = 0;
  }
  /// At what has changed, when it is time for a pause.
  std::string look() {
    const TimePoint time = Clock::now() + Pause::apart;
    test::eventually("time for a pause", [&] { return Clock::now() >= time; });
    Changes found;
    const int before = attended_;
    looker_.look_at_uncovered(&found);
    EXPECT_GT(attended_, before);
    return text_of(std::move(found));
  }

  int attended_ = 0;
  bool goes_on_ = true;
  bool ends_ = false;
  Pause pause_{[this] {
    ++attended_;
    if (ends_) throw GivenUp();
    return goes_on_;
  }};
  Options options_;
  WatchSet watched_{options_, {}, {}};
  Rules rules_{options_};
  Snapshot snapshot_;
  Looker looker_{watched_, rules_, snapshot_, {.pause = &pause_}};
};

TEST_F(Pauses, EndALookThatIsOverWhereTheNextGoesOn) {
  write("a/0", "longer");
  write("c/0", "longer");
  goes_on_ = false;
  EXPECT_EQ(look(), "");
  EXPECT_TRUE(pause_.over());
  goes_on_ = true;
  EXPECT_EQ(look(), "~a/0 ~c/0");
  EXPECT_FALSE(pause_.over());
  EXPECT_EQ(look(), "");
}

TEST_F(Pauses, GiveUpALook) {
  ends_ = true;
  EXPECT_THROW(look(), GivenUp);
  ends_ = false;
  EXPECT_EQ(look(), "");
}

TEST_F(Pauses, ComeWhileOneFileIsRead) {
  write("large", std::string(std::size_t{8} << 20U, 'x'));
  const int before = attended_;
  test::eventually("a pause", [&] {
    EXPECT_NE(content_hash(AT_FDCWD, "large", &pause_), 0U);
    return attended_ != before;
  });
}

}  // namespace
}  // namespace reloadrun::watch
