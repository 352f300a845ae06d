// What a look has found is sorted by what the builder answers, and kept while it does not answer.

#include "app/build_outputs.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "helpers/place.hpp"

namespace reloadrun::app {
namespace {

namespace fs = std::filesystem;

class BuildOutputsTest : public testing::Test {
 protected:
  using Known = std::map<std::string, WrittenFiles::Writes>;

  BuildOutputsTest() { fs::current_path(place.work()); }

  static watch::Changes changes(const std::vector<std::string>& paths) {
    watch::Changes changes;
    for (const std::string& path : paths) {
      watch::tell(&changes, watch::Change::Kind::vanished, path, {}, {});
    }
    return changes;
  }
  /// Sorts while a builder answers that knows of these.
  std::vector<std::string> sorted(watch::Changes found, const Known& known = {}) {
    std::jthread builder([&](const std::stop_token& end) {
      while (!end.stop_requested()) {
        pollfd readable{service.fd(), POLLIN, 0};
        ::poll(&readable, 1, 1);
        const auto request = service.next();
        if (!request) continue;
        const auto* question = std::get_if<WritesQuestion>(&*request);
        if (question == nullptr) continue;
        WritesAnswer answer{question->number, {}, 0};
        for (const auto& path : question->paths) {
          const auto one = known.find(fs::path(path).filename());
          answer.writes.push_back(one == known.end() ? WrittenFiles::Writes{} : one->second);
        }
        service.report(answer);
      }
    });
    outputs.sort_out(found);
    return watch::paths_of(found);
  }

  test::Place place;
  std::pair<MessageSocket, MessageSocket> ends = MessageSocket::make_pair();
  BuildLink link{ends.first.release()};
  BuildService service{ends.second.release()};
  BuildOutputs outputs{&link};
};

TEST_F(BuildOutputsTest, WhatABuildHasWrittenIsLeftOut) {
  EXPECT_EQ(sorted(changes({"a", "b", "c"}), {{"b", {7, true}}}),
            (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(sorted(changes({"b"})), std::vector<std::string>{"b"});
}

TEST_F(BuildOutputsTest, WhatIsBeingWrittenIsAskedForAgain) {
  sorted(changes({"a"}), {{"a", {7, false}}});
  EXPECT_TRUE(outputs.any_left());
  sorted({}, {});
  EXPECT_FALSE(outputs.any_left());
}

TEST_F(BuildOutputsTest, WithoutAnAnswerNothingIsAccountedFor) {
  watch::Changes found = changes({"a"});
  outputs.sort_out(found);  // nobody answers
  outputs.account_all(1);
  const auto request = service.next();
  ASSERT_TRUE(request && std::holds_alternative<WritesQuestion>(*request));
  EXPECT_FALSE(service.next());
}

TEST_F(BuildOutputsTest, WithoutAnAnswerChangesAreKept) {
  watch::Changes found = changes({"a", "b"});
  EXPECT_TRUE(outputs.sort_out(found).empty());  // nobody answers
  EXPECT_TRUE(found.empty());
  EXPECT_TRUE(outputs.any_left());
  EXPECT_EQ(sorted(changes({"c"}), {{"b", {7, true}}}), (std::vector<std::string>{"a", "c"}));
  EXPECT_TRUE(outputs.take_unanswered().empty());
}

}  // namespace
}  // namespace reloadrun::app
