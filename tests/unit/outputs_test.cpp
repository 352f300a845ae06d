// What is output and what is a change, where nobody has the file open any more.

#include "app/outputs.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "helpers/place.hpp"

namespace reloadrun::app {
namespace {

using Kind = watch::Change::Kind;

class ClosedOutput : public testing::Test {
 protected:
  ClosedOutput() {
    place_.edit("file", "last words");
    identity_ = identity_of(path_).value();
  }

  /// Whether a look that finds this makes a change of it.
  bool is_change(Outputs& outputs, const watch::Change& change) {
    watch::Pending pending;
    pending.add(watch::Changes{change}, TimePoint());
    outputs.sort_out(pending, pending.paths(), TimePoint());
    return !pending.empty();
  }
  [[nodiscard]] watch::Change written() const { return {Kind::modified, path_, first_, last_}; }
  /// As a hint tells it that comes after the look.
  [[nodiscard]] watch::Change written_it_seems() const {
    return {Kind::modified, path_, last_, last_, true};
  }

  test::Place place_;
  const std::string path_ = (place_.work() / "file").string();
  FileIdentity identity_;
  const watch::Stamp first_{.mtime_seconds = 1};
  const watch::Stamp last_{.mtime_seconds = 2};
};

// The first change may have been seen before the last words were written.
TEST_F(ClosedOutput, IsOutputUntilItWasLookedAtOnceMore) {
  Outputs outputs({identity_});
  EXPECT_FALSE(is_change(outputs, written()));
  EXPECT_EQ(outputs.found_closed(), std::set{path_});
  EXPECT_FALSE(is_change(outputs, written()));
  outputs.forget_found_closed();
  EXPECT_TRUE(is_change(outputs, written()));
  EXPECT_TRUE(outputs.found_closed().empty());
}

TEST_F(ClosedOutput, IsWhatWasHeldOpenAMomentAgo) {
  Outputs outputs;
  std::ofstream writer(path_, std::ios::app);
  EXPECT_FALSE(is_change(outputs, written()));
  outputs.find_closed(TimePoint());
  EXPECT_TRUE(outputs.found_closed().empty());
  writer.close();
  EXPECT_FALSE(is_change(outputs, written()));
  EXPECT_EQ(outputs.found_closed(), std::set{path_});
  outputs.forget_found_closed();
  EXPECT_TRUE(is_change(outputs, written()));
}

TEST_F(ClosedOutput, HasHintsThatComeLate) {
  Outputs outputs({identity_});
  EXPECT_FALSE(is_change(outputs, written()));
  outputs.forget_found_closed();
  EXPECT_FALSE(is_change(outputs, written_it_seems()));
  EXPECT_TRUE(is_change(outputs, written()));
  EXPECT_TRUE(is_change(outputs, written_it_seems()));
}

TEST_F(ClosedOutput, HasThemInTheNextGenerationToo) {
  Outputs outputs({}, {identity_});
  EXPECT_FALSE(is_change(outputs, written_it_seems()));
  outputs.forget_closed();
  EXPECT_TRUE(is_change(outputs, written_it_seems()));
}

TEST_F(ClosedOutput, IsAnyFileThatWasNone) {
  Outputs outputs;
  EXPECT_TRUE(is_change(outputs, written_it_seems()));
}

}  // namespace
}  // namespace reloadrun::app
