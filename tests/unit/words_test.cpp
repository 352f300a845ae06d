#include "app/words.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include "base/printable.hpp"

namespace reloadrun::app {
namespace {

using namespace std::chrono_literals;
using watch::Change;
using Kind = Change::Kind;

TEST(Words, Durations) {
  EXPECT_EQ(duration_text(850us), "0.8 ms");
  EXPECT_EQ(duration_text(9940us), "9.9 ms");
  EXPECT_EQ(duration_text(9960us), "10 ms");
  EXPECT_EQ(duration_text(14ms), "14 ms");
  EXPECT_EQ(duration_text(999ms), "999 ms");
  EXPECT_EQ(duration_text(999600us), "1.0 s");
  EXPECT_EQ(duration_text(1s), "1.0 s");
  EXPECT_EQ(duration_text(2340ms), "2.3 s");
  EXPECT_EQ(duration_text(185s), "3 min 5 s");
}

TEST(Words, Signals) {
  EXPECT_EQ(signals_text({SIGHUP}), "SIGHUP");
  EXPECT_EQ(signals_text({SIGUSR1, SIGHUP}), "SIGUSR1 and SIGHUP");
}

TEST(Words, Endings) {
  EXPECT_EQ(ending_text({false, 0, false}), "exited with status 0");
  EXPECT_EQ(ending_text({true, SIGSEGV, true}), "was ended by SIGSEGV (core dumped)");
  EXPECT_EQ(ending_text({true, SIGRTMIN + 1, false}), "was ended by SIGRTMIN+1");
  EXPECT_EQ(ending_text({.value = 1, .unknown = true}),
            "has ended, and who traces it keeps its status");
}

TEST(Words, Changes) {
  EXPECT_EQ(changes_text({{Kind::modified, "a", {}, {}}}), "a changed");
  EXPECT_EQ(changes_text({{Kind::appeared, "a", {}, {}},
                          {Kind::vanished, "b", {}, {}},
                          {Kind::vanished, "c", {}, {}},
                          {Kind::modified, "d", {}, {}}}),
            "d changed, a appeared, b, c are gone");
  std::vector<Change> many;
  for (const char* name : {"a", "b", "c", "d", "e"}) many.push_back({Kind::modified, name, {}, {}});
  EXPECT_EQ(changes_text(many), "a, b, c and 2 more changed");
}

TEST(Words, DetailsOfAChange) {
  const watch::Stamp before{.size = 5, .inode = 1, .mtime_nanoseconds = 1'000'000};
  const watch::Stamp after{.size = 7, .inode = 2, .runnable = true};
  EXPECT_EQ(change_detail({Kind::modified, "a", before, after}),
            "a: mtime 1.0 ms earlier, 5 -> 7 bytes, another inode, x bit given");
  EXPECT_EQ(change_detail({Kind::appeared, "a", {}, after}), "a: new, 7 bytes");
  EXPECT_EQ(change_detail({Kind::vanished, "a", before, {}}), "a: was 5 bytes");
}

TEST(Words, WhatAKernelLacks) {
  EXPECT_EQ(lacking_text({6, 14}), "");
  EXPECT_EQ(
      lacking_text({6, 13}),
      "on Linux 6.13 that another user's executable is being written is not seen (until 6.14)");
  const std::string all = lacking_text({5, 10});
  EXPECT_TRUE(all.starts_with("on Linux 5.10 a signal that is handled interrupts")) << all;
  for (const char* first : {"(until 5.19); ", "(until 6.6); ", "(until 6.13); ", "(until 6.14)"}) {
    EXPECT_NE(all.find(first), all.npos) << all;
  }
}

TEST(Words, NobodyIsLeftWithoutAName) {
  EXPECT_EQ(names_of({{{.pid = 5, .name = "server"}, true}, {{.pid = 6}, false}}),
            "server (pid 5, which may not be signalled), a process (pid 6)");
}

TEST(Words, NamesForATerminal) {
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f"
                      "e.py"),
            "gr\xc3\xbc\xc3\x9f"
            "e.py");
  EXPECT_EQ(printable("a\033[2J\n\x7f"), "a\\x1b[2J\\x0a\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\u009b2J");
  EXPECT_EQ(printable("\x9b"
                      "2J \xff\xe9"),
            "\\x9b2J \xff\xe9");
  EXPECT_EQ(printable("\xe2\x80\xae\xe2\x80\x8f\xd8\x9c\xe2\x81\xa6\xe2\x80\xa8\xe2\x80\xa9"),
            "\\u202e\\u200f\\u061c\\u2066\\u2028\\u2029");
  EXPECT_EQ(printable("\xe2\x80\x9c \xf0\x9f\x9a\x80 \xf0\x9f\x9a"),
            "\xe2\x80\x9c \xf0\x9f\x9a\x80 \xf0\\x9f\\x9a");
  EXPECT_EQ(count_text(1, "file"), "1 file");
  EXPECT_EQ(count_text(0, "file"), "0 files");
}

TEST(Words, NamesInAList) {
  const auto both = [](const std::string& name) {
    return quoted(name, Names::as_data) + " " + quoted(name, Names::for_a_terminal);
  };
  EXPECT_EQ(both("a b\\\"c"), "a b\\\"c a b\\\"c");
  EXPECT_EQ(both("\"a\\"), "\"\\\"a\\\\\" \"\\\"a\\\\\"");
  EXPECT_EQ(both("a\n\x1b\xff"), "\"a\\n\\033\xff\" \"a\\n\\033\xff\"");
  EXPECT_EQ(both("\t"), "\t \"\\t\"");
  EXPECT_EQ(both("\xe2\x80\xae"), "\xe2\x80\xae \"\\342\\200\\256\"");
}

}  // namespace
}  // namespace reloadrun::app
