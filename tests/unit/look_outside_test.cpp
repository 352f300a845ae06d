// What is watched outside of the roots, from a state that was known before.

#include <sys/stat.h>

#include "unit/looking.hpp"
#include "watch/stamps.hpp"

namespace reloadrun::watch {
namespace {

class LookOutside : public Look, public testing::WithParamInterface<bool> {
 protected:
  LookOutside() {
    fs::create_directory(far);
    if (GetParam()) hints = std::make_unique<Hints>();
    eyes.emplace(Options{}, std::vector<std::string>{}, hints.get());
  }
  static std::optional<struct stat> status_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? std::optional(status) : std::nullopt;
  }
  static std::optional<Stamp> stamp_of(const std::string& path) {
    const auto status = status_of(path);
    return status ? std::optional(plain_stamp(*status)) : std::nullopt;
  }
  std::string watch_file(const std::string& path, const std::optional<Stamp>& before) {
    Changes found;
    eyes->looker.watch_file(path, before, &found);
    return relative(text_of(found));
  }
  std::string watch_names(const std::string& path, const std::optional<struct stat>& before,
                          const ChangeTime& moment = change_time_now()) {
    Changes found;
    eyes->looker.watch_names(path, path, before, moment, &found);
    return relative(text_of(found));
  }
  std::string changes() {
    if (!hints) return relative(eyes->changes());
    Changes found;
    eyes->looker.follow(hints->read(), &found);
    eyes->looker.look_at_uncovered(&found);
    return relative(text_of(found));
  }
  std::string relative(std::string text) const {
    for (auto at = text.find(far); at != text.npos; at = text.find(far)) text.erase(at, far.size());
    return text;
  }

  const std::string far = place_.beside("far");
  std::unique_ptr<Hints> hints;
  std::optional<Eyes> eyes;
};

INSTANTIATE_TEST_SUITE_P(ByHints, LookOutside, testing::Bool());

TEST_P(LookOutside, AFileThatWasAsItIs) {
  write(far + "/a", "1");
  write(far + "/b", "1");
  EXPECT_EQ(watch_file(far + "/a", stamp_of(far + "/a")), "");
  write(far + "/a", "22");
  write(far + "/b", "22");
  EXPECT_EQ(changes(), "~/a");
  fs::remove(far + "/a");
  EXPECT_EQ(changes(), "-/a");
  EXPECT_EQ(changes(), "");
  write(far + "/a", "22");
  EXPECT_EQ(changes(), "+/a");
}

TEST_P(LookOutside, AFileThatHasChangedSince) {
  write(far + "/a", "1");
  const auto before = stamp_of(far + "/a");
  write(far + "/a", "22");
  EXPECT_EQ(watch_file(far + "/a", before), "~/a");
  EXPECT_EQ(watch_file(far + "/b", before), "-/b");
  EXPECT_EQ(watch_file(far + "/a", before), "");  // it is watched
  write(far + "/c");
  EXPECT_EQ(watch_file(far + "/c", std::nullopt), "+/c");
}

TEST_P(LookOutside, AFileInADirectoryThatIsMissing) {
  EXPECT_EQ(watch_file(far + "/no/such/a", std::nullopt), "");
  EXPECT_EQ(changes(), "");
  write(far + "/no/such/a");
  EXPECT_EQ(changes(), "+/no/such/a");
  fs::remove_all(far + "/no");
  EXPECT_EQ(changes(), "-/no/such/a");
}

TEST_P(LookOutside, NewNames) {
  write(far + "/a", "1");
  EXPECT_EQ(watch_names(far, status_of(far)), "");
  write(far + "/a", "22");
  EXPECT_EQ(changes(), "");
  write(far + "/b");
  write(far + "/c.log");
  fs::create_directory(far + "/d");
  fs::create_directory(far + "/__pycache__");
  EXPECT_EQ(changes(), "+/b +/d");
  write(far + "/d/e");
  fs::create_directory(far + "/d/f");
  EXPECT_EQ(changes(), "+/d/e +/d/f");
  write(far + "/d/f/g");
  EXPECT_EQ(changes(), "");
  write(far + "/b", "22");
  EXPECT_EQ(changes(), "~/b");
  eyes->looker.let_go_of_new_names();
  write(far + "/b", "333");
  EXPECT_EQ(changes(), "");
  fs::remove(far + "/b");
  EXPECT_EQ(changes(), "");
  write(far + "/b");
  EXPECT_EQ(changes(), "+/b");
}

TEST_P(LookOutside, NamesThatHaveComeSince) {
  write(far + "/old");
  test::let_change_time_pass();
  const auto before = status_of(far);
  const ChangeTime moment = change_time_now();
  test::let_change_time_pass();
  write(far + "/new");
  EXPECT_EQ(watch_names(far, before, moment), "+/new");
  EXPECT_EQ(changes(), "");
}

TEST_P(LookOutside, NamesInADirectoryThatIsMissing) {
  EXPECT_EQ(watch_names(far + "/none", std::nullopt), "");
  EXPECT_EQ(changes(), "");
  write(far + "/none/a");
  EXPECT_EQ(changes(), "+/none/a");
  fs::remove_all(far + "/none");
  EXPECT_EQ(changes(), "-/none/a");
  write(far + "/none/a");
  EXPECT_EQ(changes(), "+/none/a");
}

TEST_P(LookOutside, ANameThatIsWatchedAsAFileToo) {
  EXPECT_EQ(watch_file(far + "/a", std::nullopt), "");
  EXPECT_EQ(watch_names(far, status_of(far)), "");
  write(far + "/a");
  EXPECT_EQ(changes(), "+/a");
  write(far + "/b");
  EXPECT_EQ(changes(), "+/b");
  EXPECT_EQ(watch_file(far + "/b", stamp_of(far + "/b")), "");
  eyes->looker.let_go_of_new_names();
  write(far + "/b", "22");
  EXPECT_EQ(changes(), "~/b");  // it was opened since
}

}  // namespace
}  // namespace reloadrun::watch
