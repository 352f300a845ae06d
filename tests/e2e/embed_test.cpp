// reloadrun::run(): a program that reloads itself. What its main function may do, and what becomes
// of it then.

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "e2e/embedding.hpp"
#include "net/listen.hpp"
#include "net/listen_address.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

class Embed : public Embedding {
 protected:
  Embed() { link_host(1); }
};

TEST_F(Embed, IsStartedAgainWhenItIsLinkedAnew) {
  Program program(hosting());
  auto start = expect_start("1", 1);
  EXPECT_NE(start.number("pid"), program.pid());
  EXPECT_EQ(start["changed"], "''");
  EXPECT_EQ(start["run_main"], "unset");
  EXPECT_EQ(start["reloader"], "true");
  reports.next("ready");
  for (int version = 2; version <= 4; ++version) {
    link_host(version);
    start = expect_start(std::to_string(version), version);
    EXPECT_EQ(start["changed"], "'" + host.string() + "'");
    reports.next("ready");
  }
  end_host(program);
}

TEST_F(Embed, IsAskedToEndBeforeThat) {
  Program program(hosting({"option=tells-restart"}));
  reports.next("ready");
  link_host(2);
  reports.next("asked-to-end");
  reports.next("on-restart");
  expect_start("2", 2);
  reports.next("ready");
  end_host(program);
  EXPECT_FALSE(reports.has("on-restart"));
}

TEST_F(Embed, DoesNotWaitForEver) {
  Program program(hosting({"deaf", "option=timeout=200"}));
  reports.next("ready");
  link_host(2);
  expect_start("2", 2);
  program.expect("the main function has not ended");
  reports.next("ready");
  end_host(program);
}

TEST_F(Embed, WatchesNothingElseUnlessAsked) {
  Program program(hosting({"option=watch=page.html"}));
  // Not there: an error, as on the command line.
  EXPECT_EQ(reports.next("error")["what"],
            "--watch 'page.html' cannot be watched (No such file or directory)");
  program.wait();
  place.edit("page.html", "one");
  place.edit("other.html", "one");
  Program another(hosting({"option=watch=page.html"}));
  reports.next("ready");
  place.edit("other.html", "two");
  place.edit("page.html", "two");
  EXPECT_EQ(reports.next("start")["changed"], "'page.html'");
  reports.next("ready");
  end_host(another);
}

TEST_F(Embed, WatchesWhatItHasLoaded) {
  const auto library = place.beside("part.so");
  const auto compile = [&](int number) {
    const auto source = place.beside("part.c");
    std::ofstream(source) << fmt::format("int number(void) {{ return {}; }}\n", number);
    const auto command =
        fmt::format("c++ -x c -shared -fPIC -o '{}' '{}'", library.string(), source.string());
    ASSERT_EQ(std::system(command.c_str()), 0);
  };
  compile(1);
  Program program(hosting({"load=" + library.string(), "option=verbose"}));
  reports.next("loaded");
  reports.next("ready");
  program.expect("part.so is loaded: watching it");
  compile(2);
  EXPECT_EQ(reports.next("start")["changed"], "'" + library.string() + "'");
  reports.next("ready");
  compile(3);  // known from the last generation
  EXPECT_EQ(reports.next("start")["changed"], "'" + library.string() + "'");
  reports.next("ready");
  end_host(program);
}

struct EndOfMain {
  const char* name;
  const char* order;
  const char* told;
  Ending ending;
};
void PrintTo(const EndOfMain& end, std::ostream* out) { *out << end.name; }

class EmbedEnds : public Embed, public testing::WithParamInterface<EndOfMain> {};

INSTANTIATE_TEST_SUITE_P(
    By, EmbedEnds,
    testing::Values(
        EndOfMain{"Return", "return=0", "exited with status 0", Ending{}},
        EndOfMain{"ReturnOf7", "return=7", "exited with status 7", Ending{false, 7}},
        EndOfMain{"Exception", "throw=no such luck", "no such luck", Ending{false, 1}},
        EndOfMain{"Exit", "exit=5", "exited with status 5", Ending{false, 5}},
        EndOfMain{"ExitLikeAReload", "exit=3", "exited with status 3", Ending{false, 3}},
        EndOfMain{"QuickExitLikeAReload", "quick=3", "exited with status 3", Ending{false, 3}},
        EndOfMain{"Crash", "die=6", "was ended by SIGABRT", Ending{true, SIGABRT}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_P(EmbedEnds, IsWaitedForUntilItIsLinkedAnew) {
  Program program(hosting({std::string("first=") + GetParam().order}));
  expect_start("1", 1);
  program.expect(GetParam().told);
  program.expect("waiting for ");
  link_host(2);
  expect_start("2", 2);
  reports.next("ready");
  EXPECT_FALSE(reports.has("start"));
  end_host(program);
}

TEST_P(EmbedEnds, IsTheEndIfThatIsWanted) {
  Program program(hosting({GetParam().order, "option=exit"}));
  const Ending ending = program.wait();
  EXPECT_EQ(ending.by_signal, GetParam().ending.by_signal);
  EXPECT_EQ(ending.value, GetParam().ending.value);
}

TEST_F(Embed, AnExitDestroysWhatIsStatic) {
  Program program(hosting({"exit=5"}));
  const int pid = reports.next("start").number("pid");
  EXPECT_EQ(reports.next("destroyed").number("pid"), pid);
  program.expect("waiting for ");
  end_host(program);
}

TEST_F(Embed, AReloadDoesNot) {
  Program program(hosting());
  const int pid = reports.next("start").number("pid");
  reports.next("ready");
  link_host(2);
  expect_start("2", 2);
  reports.next("ready");
  end_host(program);
  EXPECT_NE(reports.next("destroyed").number("pid"), pid);  // but in its first process
}

TEST_F(Embed, OneThatCrashesBeforeItRunsIsWaitedFor) {
  Program program(hosting());
  reports.next("ready");
  link(LINK_HOST, host,
       "#include <cstdlib>\n"
       "extern const int version;\n"
       "const int version = std::getenv(\"RUN_MAIN\") != nullptr ? (std::abort(), 0) : 0;\n");
  program.expect("was ended by SIGABRT");
  program.expect("waiting for it to be built anew");
  link_host(3);
  expect_start("3", 3);
  reports.next("ready");
  end_host(program);
}

TEST_F(Embed, OneThatCannotBeExecutedIsWaitedFor) {
  namespace fs = std::filesystem;
  const auto may_run = [this](bool may) {
    fs::permissions(host, fs::perms::owner_exec,
                    may ? fs::perm_options::add : fs::perm_options::remove);
    fs::permissions(host, fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::remove);
  };
  Program program(hosting({"option=watch=."}));
  reports.next("ready");
  may_run(false);  // which is no change
  place.edit("page.html", "one");
  program.expect("cannot be executed (Permission denied): waiting for it");
  may_run(true);
  expect_start("2", 1);
  reports.next("ready");
  may_run(false);
  place.edit("other.html", "two");
  program.expect("waiting for it");
  end_host(program);
}

TEST_F(Embed, OneOfAnotherVersionSaysSo) {
  std::array<int, 2> ends{};
  const std::string_view mark = "reloadrun 0.0.0: reloader";
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  ASSERT_GT(::send(ours.get(), mark.data(), mark.size(), 0), 0);
  auto invocation = hosting();
  invocation.environment = {"RUN_MAIN=true", "RELOADRUN_CHANNEL=100"};
  invocation.prepare = [&] {
    ::setenv("RELOADRUN_PID", std::to_string(::getpid()).c_str(), 1);
    if (::dup2(theirs.get(), 100) < 0) ::_exit(98);
  };
  Program program(invocation);
  program.expect("reloadrun: the program was built anew with another reloadrun (");
  EXPECT_EQ(program.wait(), (Ending{false, 1}));
}

TEST_F(Embed, OneThatIsReplacedBeforeItRunsIsTheNewOne) {
  const std::string go = place.beside("go").string();
  Program program(hosting({"waits-for=" + go}));
  link_host(2);
  std::ofstream(go) << "";
  expect_start("1", 2);
  reports.next("ready");
  end_host(program);
}

TEST_F(Embed, WhatItExecutesBeforeItRunsIsNoReloader) {
  const auto tool = place.beside("tool");
  std::ofstream(tool) << "#!/bin/sh\nexec " << reloadrun_path() << " --version\n";
  std::filesystem::permissions(tool, std::filesystem::perms::owner_all);
  Program program(hosting({"executes=" + tool.string()}));
  expect_start("1", 1);
  reports.next("ready");
  EXPECT_TRUE(content_of(tool.string() + ".out").starts_with("reloadrun "));
  end_host(program);
}

TEST_F(Embed, AChildThatExitsIsNoEndOfIt) {
  auto invocation = hosting({"fork-exit", "option=exit"});
  // A child of one of several threads hangs when AddressSanitizer looks for its leaks.
  invocation.environment = {"ASAN_OPTIONS=detect_leaks=0"};
  Program program(invocation);
  reports.next("ready");
  link_host(2);
  expect_start("2", 2);
  reports.next("ready");
  end_host(program);
}

TEST_F(Embed, AThreadThatReadsHoldsNothingUp) {
  auto invocation = hosting({"read", "option=exit"});
  invocation.terminal = true;  // nobody types
  Program program(invocation);
  reports.next("ready");
  link_host(2);
  expect_start("2", 2);
  reports.next("ready");
  program.type("\x03");
  EXPECT_EQ(program.wait(), Ending{});
  EXPECT_EQ(program.said().find("killing"), std::string::npos) << program.said();
}

TEST_F(Embed, GivesSignalsBackWhenItCannotBegin) {
  const net::Listeners other(net::parse_listen({"unix:@" + host.string()}));
  Program program(hosting({"option=listen=unix:@" + host.string()}));
  EXPECT_NE(reports.next("error")["what"].find("cannot be listened on"), std::string::npos);
  EXPECT_EQ(reports.next("returned")["blocks_term"], "0");
  program.wait();
}

TEST_F(Embed, CrashesLeaveNoZombies) {
  Program program(hosting({"fork", "option=watch=.", "die=6"}));
  for (int crash = 1; crash <= 3; ++crash) {
    program.expect("was ended by SIGABRT");
    program.expect("waiting for ");
    EXPECT_EQ(proc::children_of(program.pid()).size(), 1U);
    place.edit("page.html", std::to_string(crash));
  }
  end_host(program);
}

TEST_F(Embed, ACrashAfterAHandledChangeIsWaitedFor) {
  Program program(hosting({"option=watch=.", "option=handles=page.html"}));
  const int first = reports.next("start").number("pid");
  reports.next("ready");
  place.edit("page.html", "one");
  program.expect("page.html appeared: handled by");
  ::kill(first, SIGABRT);
  program.expect("was ended by SIGABRT");
  program.expect("waiting for ");
  EXPECT_FALSE(reports.has("start"));
  end_host(program);
}

TEST_F(Embed, TwoHundredRestartsGrowNothing) {
  Program program(hosting({"option=watch=.", "fork"}));
  reports.next("ready");
  const auto descriptors = [&] {
    return std::distance(
        std::filesystem::directory_iterator("/proc/" + std::to_string(program.pid()) + "/fd"), {});
  };
  const auto before = descriptors();
  for (int restart = 1; restart <= 200; ++restart) {
    // Another one each time: the same one over and over would be slowed down.
    place.edit(fmt::format("page{}.html", restart), "");
    reports.next("asked-to-end");
    reports.next("ready");
  }
  EXPECT_EQ(descriptors(), before);
  EXPECT_EQ(proc::children_of(program.pid()).size(), 1U);
  end_host(program);
}

TEST_F(Embed, IsBuiltBeforeEachStart) {
  place.edit("version.cpp", source_of(2));
  Program program(hosting({"option=watch=version.cpp",
                           fmt::format("option=build=sh '{}' version.cpp new && mv new '{}'",
                                       LINK_HOST, host.string())}));
  expect_start("1", 2);
  reports.next("ready");
  place.edit("version.cpp", "no C++");
  program.expect("goes on, and the next change builds again");
  place.edit("version.cpp", source_of(3));
  reports.next("asked-to-end");
  EXPECT_EQ(expect_start("2", 3)["changed"], "'version.cpp'");
  reports.next("ready");
  end_host(program);
}

TEST_F(Embed, MayHandleAChangeItself) {
  Program program(hosting({"option=watch=.", "option=handles=page.html"}));
  reports.next("ready");
  place.edit("page.html", "one");
  EXPECT_EQ(reports.next("on-change")["path"], "page.html");
  program.expect("page.html appeared: handled by");
  place.edit("other.html", "one");
  EXPECT_EQ(reports.next("on-change")["path"], "other.html");
  EXPECT_EQ(reports.next("start")["changed"], "'other.html'");
  reports.next("ready");
  end_host(program);
}

TEST_F(Embed, AnExceptionOfAHookIsTold) {
  Program program(hosting({"option=watch=.", "option=throws"}));
  reports.next("ready");
  place.edit("page.html", "one");
  program.expect("on_change: on purpose");
  expect_start("2", 1);
  reports.next("ready");
  end_host(program);
}

TEST_F(Embed, AHookMayThrowAnything) {
  Program program(hosting({"option=watch=.", "option=throws-int"}));
  reports.next("ready");
  place.edit("page.html", "one");
  program.expect("on_change: it has thrown no std::exception");
  EXPECT_EQ(reports.next("start")["changed"], "'page.html'");
  reports.next("ready");
  end_host(program);
}

TEST_F(Embed, TakesItsOwnLines) {
  Program program(hosting({"option=log"}));
  EXPECT_TRUE(reports.next("log")["line"].starts_with("watching "));
  EXPECT_NE(reports.next("log")["line"].find("started"), std::string::npos);
  end_host(program);
  EXPECT_EQ(program.said(), "");
}

TEST_F(Embed, SaysWhatItCannotDo) {
  for (const char* option : {"follow", "on_exit", "interval", "stop_timeout", "stop_signal"}) {
    Program program(hosting({std::string("option=wrong=") + option}));
    const auto error = reports.next("error");
    EXPECT_NE(error["what"].find(option), std::string::npos);
    EXPECT_EQ(error["status"], "2");
    program.wait();
  }
  Program program(hosting({"twice"}));
  EXPECT_EQ(reports.next("error")["what"], "reloadrun::run() was called before");
  reports.next("ready");
  end_host(program);
}

TEST_F(Embed, LeavesNothingOfItsTree) {
  Program program(hosting({"fork", "daemon"}));
  const int child = reports.next("child").number("pid");
  const int daemon = reports.next("child").number("pid");
  link_host(2);
  expect_start("2", 2);
  EXPECT_FALSE(is_alive(child));
  EXPECT_FALSE(is_alive(daemon));
  reports.next("ready");
  end_host(program);
}

TEST_F(Embed, WaitsForItsOwnChildren) {
  Program program(hosting({"wait"}));
  EXPECT_EQ(reports.next("waited")["status"], "5");
  reports.next("ready");
  end_host(program);
}

TEST_F(Embed, LeavesAloneWhatItHadBefore) {
  Program program(hosting({"child-before"}));
  reports.next("ready");
  program.signal(SIGTERM);
  EXPECT_EQ(reports.next("left")["there"], "true");
  reports.next("returned");
  EXPECT_EQ(program.wait(), Ending{});
  wait_until_nothing_is_left();
}

TEST_F(Embed, EndsByTheSignalThatHasKilledItsReloader) {
  Program program(hosting({"fork"}));
  const int pid = reports.next("start").number("pid");
  reports.next("ready");
  ::kill(pid, SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
  wait_until_nothing_is_left();
}

TEST_F(Embed, IsGoneWhenItsFirstProcessIsKilled) {
  Program program(hosting({"daemon"}));
  reports.next("ready");
  program.signal(SIGKILL);
  EXPECT_EQ(program.wait(), (Ending{true, SIGKILL}));
  wait_until_nothing_is_left();
}

TEST_F(Embed, OnATerminalIsEndedByCtrlC) {
  auto invocation = hosting({"fork"});
  invocation.terminal = true;
  Program program(invocation);
  reports.next("ready");
  program.type("\x03");
  reports.next("asked-to-end");
  EXPECT_EQ(reports.next("returned")["status"], "0");
  EXPECT_EQ(program.wait(), Ending{});
}

}  // namespace
}  // namespace reloadrun::test
