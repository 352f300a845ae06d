// Looks while the rules change: what they alone bring into view or take out of it is no change.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "unit/looking.hpp"

namespace reloadrun::watch {
namespace {

/// With hints, or by a turn at everything without them.
class LookWithRules : public Look, public testing::WithParamInterface<bool> {
 protected:
  [[nodiscard]] Hints* hints() { return GetParam() ? &hints_ : nullptr; }
  static std::string look(Eyes& eyes) {
    return eyes.hints != nullptr ? eyes.hinted() : eyes.turn();
  }

  Hints hints_;
};
INSTANTIATE_TEST_SUITE_P(By, LookWithRules, testing::Values(true, false),
                         [](const auto& by) { return by.param ? "Hints" : "Turns"; });

TEST_P(LookWithRules, IsToldOfWhatHasChangedBeforeAnIgnoreFileBringsIt) {
  write("out/a");
  write("out/b");
  write(".gitignore", "out/\n");
  test::let_change_time_pass();
  Eyes eyes({}, {}, hints(), change_time_now());
  write("out/b", "longer");
  EXPECT_EQ(look(eyes), "");
  fs::remove(".gitignore");
  EXPECT_EQ(look(eyes), "-.gitignore +out/b");
  EXPECT_EQ(eyes.paths(), (Paths{"out/a", "out/b"}));
}

TEST_P(LookWithRules, IsToldNothingOfWhatAnIgnoreFileTakesOrBrings) {
  write("a.log");
  write("sub/b.log");
  write("sub/c.txt");
  write("out/d.txt");
  Eyes eyes({}, {}, hints());
  const Paths all{".gitignore", "out/d.txt", "sub/c.txt"};
  write(".gitignore", "*.lo*\nout/\n");
  EXPECT_EQ(look(eyes), "+.gitignore");
  EXPECT_EQ(eyes.paths(), (Paths{".gitignore", "sub/c.txt"}));
  write(".gitignore", "*.txt\n");
  EXPECT_EQ(look(eyes), "~.gitignore");
  EXPECT_EQ(eyes.paths(), Paths{".gitignore"});  // *.log is ignored by default
  write("out/d.txt", "longer");
  EXPECT_EQ(look(eyes), "");
  fs::remove(".gitignore");
  EXPECT_EQ(look(eyes), "-.gitignore");
  EXPECT_EQ(eyes.paths(), (Paths{"out/d.txt", "sub/c.txt"}));
  write("out/d.txt", "longer still");
  EXPECT_EQ(look(eyes), "~out/d.txt");
}

TEST_P(LookWithRules, IsToldNothingOfWhatIgnoringCaseTakesOrBrings) {
  fs::create_directory(".git");
  write(".git/HEAD", "ref: refs/heads/main");
  write("sub/.gitignore", "build\n");
  write("sub/Build/x");
  Eyes eyes({}, {}, hints());
  EXPECT_EQ(eyes.paths(), (Paths{"sub/.gitignore", "sub/Build/x"}));
  for (const bool ignored : {true, false}) {
    write(".git/config", ignored ? "[core]\nignoreCase = true\n" : "");
    ASSERT_TRUE(eyes.rules.outer_changed());
    eyes.looker.doubt_rules();
    EXPECT_EQ(eyes.changes(), "");
    EXPECT_EQ(eyes.paths().size(), ignored ? 1U : 2U);
  }
}

TEST_P(LookWithRules, FollowsNestedIgnoreFiles) {
  write("a/b/x.c");
  write("a/b/y.c");
  write("a/z.c");
  Eyes eyes({}, {}, hints());
  write("a/.ignore", "x.c\nz.c\n");
  EXPECT_EQ(look(eyes), "+a/.ignore");
  EXPECT_EQ(eyes.paths(), (Paths{"a/.ignore", "a/b/y.c"}));
  write("a/b/.gitignore", "!x.c\ny.c\n");
  EXPECT_EQ(look(eyes), "+a/b/.gitignore");
  EXPECT_EQ(eyes.paths(), (Paths{"a/.ignore", "a/b/.gitignore", "a/b/x.c"}));
  fs::remove("a/.ignore");
  EXPECT_EQ(look(eyes), "-a/.ignore");
  EXPECT_EQ(eyes.paths(), (Paths{"a/b/.gitignore", "a/b/x.c", "a/z.c"}));
}

TEST_P(LookWithRules, IsToldWhatHasChangedInTheSameMoment) {
  write("gone.txt");
  write("written.txt");
  write("leaves.txt");
  write(".gitignore", "comes.txt\n");
  write("comes.txt");
  Eyes eyes({}, {}, hints());
  fs::remove("gone.txt");
  write("written.txt", "longer");
  write("made.txt");
  write("deep/er/made.txt");
  write(".gitignore", "leaves.txt\n");
  EXPECT_EQ(look(eyes), "~.gitignore +deep/er/made.txt -gone.txt +made.txt ~written.txt");
  EXPECT_EQ(eyes.paths(),
            (Paths{".gitignore", "comes.txt", "deep/er/made.txt", "made.txt", "written.txt"}));
}

TEST_P(LookWithRules, IsToldOfWhatIsNoFileAnyMoreInTheSameMoment) {
  write(place_.beside("far"));
  fs::create_symlink(place_.beside("far"), "link");
  write("fifo");
  write("thing/a");
  Eyes eyes({}, {}, hints());
  fs::remove(place_.beside("far"));
  fs::remove("fifo");
  ASSERT_EQ(::mkfifo("fifo", 0600), 0);
  fs::remove_all("thing");
  write("thing");
  write(".gitignore", "other\n");
  EXPECT_EQ(look(eyes), "+.gitignore -fifo -link +thing -thing/a");
}

TEST_P(LookWithRules, KeepsTheLastGoodStateOfABrokenFile) {
  write("a.txt");
  write(".gitignore", "*.txt\n");
  Eyes eyes({}, {}, hints());
  write(".gitignore", "fine\n[a-\n");
  EXPECT_EQ(look(eyes), "~.gitignore");
  const auto warnings = eyes.looker.take_warnings();
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_TRUE(warnings[0].starts_with("line 2 of .gitignore: ")) << warnings[0];
  EXPECT_TRUE(warnings[0].ends_with("what the file said before stays")) << warnings[0];
  EXPECT_EQ(eyes.paths(), Paths{".gitignore"});
  write("b.txt");
  EXPECT_EQ(look(eyes), "");
  EXPECT_TRUE(eyes.looker.take_warnings().empty());  // once for each state
  write(".gitignore", "a.txt\n");
  EXPECT_EQ(look(eyes), "~.gitignore");
  EXPECT_EQ(eyes.paths(), (Paths{".gitignore", "b.txt"}));
}

TEST_P(LookWithRules, AsksForTheRulesFromOutsideAgain) {
  write(".git/HEAD", "ref: refs/heads/main\n");
  fs::create_directories(".git/objects");
  fs::create_directories(".git/refs");
  write(".git/info/exclude", "");
  write("sub/a.txt");
  write("sub/b.txt");
  Eyes eyes(roots({"sub"}), {}, hints());
  EXPECT_FALSE(eyes.rules.outer_changed());
  write(".git/info/exclude", "a.txt\n");
  EXPECT_TRUE(eyes.rules.outer_changed());
  eyes.looker.doubt_rules();
  EXPECT_EQ(eyes.changes(), "");
  EXPECT_EQ(eyes.paths(), Paths{"sub/b.txt"});
  EXPECT_FALSE(eyes.rules.outer_changed());
  write(".gitignore", "b.txt\n");  // above the root
  EXPECT_TRUE(eyes.rules.outer_changed());
  eyes.looker.doubt_rules();
  write("sub/b.txt", "changed, and out of view");
  write("sub/c.txt");
  EXPECT_EQ(eyes.changes(), "+sub/c.txt");
  EXPECT_EQ(eyes.paths(), Paths{"sub/c.txt"});
}

TEST_P(LookWithRules, AsksForTheRulesOfANestedRepositoryAgain) {
  write("in/.git/HEAD", "ref: refs/heads/main\n");
  fs::create_directories("in/.git/objects");
  fs::create_directories("in/.git/refs");
  write("in/.git/info/exclude", "");
  write("in/a.txt");
  write("in/b.txt");
  Eyes eyes({}, {}, hints());
  write("in/.git/info/exclude", "a.txt\n");
  EXPECT_TRUE(eyes.rules.outer_changed());
  eyes.looker.doubt_rules();
  EXPECT_EQ(eyes.changes(), "");
  EXPECT_EQ(eyes.paths(), Paths{"in/b.txt"});
}

TEST_P(LookWithRules, LeavesOutADirectoryThatBecomesAVirtualEnvironment) {
  write("env/lib/module.py");
  write("env/start.py");
  write("app.py");
  Eyes eyes({}, {}, hints());
  write("env/pyvenv.cfg");
  EXPECT_EQ(look(eyes), "");
  EXPECT_EQ(eyes.paths(), Paths{"app.py"});
  write("env/lib/module.py", "longer");
  EXPECT_EQ(look(eyes), "");
  fs::remove("env/pyvenv.cfg");
  EXPECT_EQ(look(eyes), "");
  EXPECT_EQ(eyes.paths(), (Paths{"app.py", "env/lib/module.py", "env/start.py"}));
  write("env/lib/module.py", "longer still");
  EXPECT_EQ(look(eyes), "~env/lib/module.py");
}

TEST_P(LookWithRules, LeavesOutAVirtualEnvironmentThatIsMade) {
  write("app.py");
  Eyes eyes({}, {}, hints());
  fs::create_directories("env/lib/package");
  EXPECT_EQ(look(eyes), "");
  write("env/pyvenv.cfg");
  EXPECT_EQ(look(eyes), "");
  write("env/lib/package/module.py");
  write("env/start.py");
  EXPECT_EQ(look(eyes), "");
  write("other/lib/module.py");
  write("other/pyvenv.cfg");
  EXPECT_EQ(look(eyes), "");
  EXPECT_EQ(eyes.paths(), Paths{"app.py"});
}

class LookAtContent : public LookWithRules {
 protected:
  static Options by_content() {
    Options options;
    options.content = true;
    return options;
  }
};
INSTANTIATE_TEST_SUITE_P(By, LookAtContent, testing::Values(true, false),
                         [](const auto& by) { return by.param ? "Hints" : "Turns"; });

TEST_P(LookAtContent, TakesTheSameBytesForNoChange) {
  write("a", "the same");
  Eyes eyes(by_content(), {}, hints());
  fs::last_write_time("a", fs::file_time_type());
  EXPECT_EQ(look(eyes), "");
  write("a", "the same");
  EXPECT_EQ(look(eyes), "");
  fs::remove("a");
  write("a", "the same");
  EXPECT_EQ(look(eyes), "");
  write("aside", "the same");
  fs::rename("aside", "a");
  EXPECT_EQ(look(eyes), "");
  write("a", "the sane");
  fs::last_write_time("a", fs::file_time_type());
  EXPECT_EQ(look(eyes), "~a");
  fs::remove("a");
  EXPECT_EQ(look(eyes), "-a");
}

}  // namespace
}  // namespace reloadrun::watch
