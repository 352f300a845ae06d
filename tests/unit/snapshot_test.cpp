#include "watch/snapshot.hpp"

#include <gtest/gtest.h>

namespace reloadrun::watch {
namespace {

std::string text(const std::vector<Change>& found) {
  std::string all;
  for (const auto& change : found) {
    all += change.kind == Change::Kind::appeared   ? "+"
           : change.kind == Change::Kind::vanished ? "-"
                                                   : "~";
    all += change.path + " ";
  }
  return all;
}

TEST(Changes, OfEachKind) {
  const Stamp stamp{1000, 0, 10, 7, false};
  const Snapshot before{{"a", stamp}, {"b", stamp}, {"c", stamp}, {"d", stamp}, {"e", stamp}};
  const Snapshot after{{"a", {1000, 1, 10, 7, false}}, {"aa", stamp},
                       {"b", {999, 0, 10, 7, false}},  {"c", {1000, 0, 11, 7, false}},
                       {"d", {1000, 0, 10, 8, false}}, {"f", stamp}};
  EXPECT_EQ(text(changes(before, after)), "~a +aa ~b ~c ~d -e +f ");
  EXPECT_EQ(text(changes(before, before)), "");
  EXPECT_EQ(text(changes({}, before)), "+a +b +c +d +e ");
  EXPECT_EQ(text(changes(before, {})), "-a -b -c -d -e ");
}

TEST(Changes, AnXBitGivenAndNotOneTaken) {
  const Snapshot plain{{"a", {1, 0, 1, 1, false}}};
  const Snapshot runnable{{"a", {1, 0, 1, 1, true}}};
  EXPECT_EQ(text(changes(plain, runnable)), "~a ");
  EXPECT_EQ(text(changes(runnable, plain)), "");
}

}  // namespace
}  // namespace reloadrun::watch
