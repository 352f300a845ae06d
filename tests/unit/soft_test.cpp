// Which changes --soft answers, and by which signals.

#include "watch/soft.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "proc/signals.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun {
namespace {

using Signals = std::vector<int>;

TEST(Soft, TheLastPatternThatMatchesDecides) {
  const watch::Soft soft({{"*.mo", SIGHUP}, {"/locale/de.mo", SIGUSR1}, {"!no.mo", SIGHUP}},
                         "/home/me/app");
  EXPECT_EQ(soft.signal("a.mo"), SIGHUP);
  EXPECT_EQ(soft.signal("x/y/a.mo"), SIGHUP);
  EXPECT_EQ(soft.signal("locale/de.mo"), SIGUSR1);
  EXPECT_EQ(soft.signal("x/locale/de.mo"), SIGHUP);
  EXPECT_EQ(soft.signal("no.mo"), std::nullopt);
  EXPECT_EQ(soft.signal("a.py"), std::nullopt);
}

TEST(Soft, APatternOfADirectoryIsForWhatLiesBelow) {
  const watch::Soft soft({{"conf/", SIGHUP}, {"/deep/er", SIGUSR1}}, "/home/me/app");
  EXPECT_EQ(soft.signal("conf/a"), SIGHUP);
  EXPECT_EQ(soft.signal("x/conf/y/a"), SIGHUP);
  EXPECT_EQ(soft.signal("conf"), std::nullopt) << "a file";
  EXPECT_EQ(soft.signal("deep/er/a"), SIGUSR1);
  EXPECT_EQ(soft.signal("x/deep/er/a"), std::nullopt);
}

TEST(Soft, PathsAreThoseOfASnapshot) {
  const watch::Soft soft({{"/a", SIGHUP}, {"*.mo", SIGUSR1}}, "/home/me/app");
  EXPECT_EQ(soft.signal("/home/me/app/a"), SIGHUP);
  EXPECT_EQ(soft.signal("../app/a"), SIGHUP);
  EXPECT_EQ(soft.signal("../a"), std::nullopt);
  EXPECT_EQ(soft.signal("/elsewhere/x.mo"), SIGUSR1);
  EXPECT_EQ(watch::Soft({{"*.mo", SIGHUP}}, "").signal("x.mo"), SIGHUP) << "no such directory";
}

TEST(Soft, AllMustMatch) {
  const watch::Soft soft({{"*.mo", SIGUSR1}, {"*.conf", SIGHUP}}, "/app");
  EXPECT_EQ(soft.signals({"b.conf", "a.mo", "c.mo"}), (Signals{SIGUSR1, SIGHUP}));
  EXPECT_EQ(soft.signals({"a.mo"}), Signals{SIGUSR1});
  EXPECT_EQ(soft.signals({"a.mo", "a.py"}), Signals{});
  EXPECT_EQ(watch::Soft({}, "/app").signals({"a.mo"}), Signals{});
}

TEST(Soft, ABrokenPatternIsAnError) { EXPECT_THROW(watch::Soft({{"[a", SIGHUP}}, "/app"), Error); }

void take(int) {}

TEST(AnswersSignal, WhoCatchesOrReadsIt) {
  using proc::answers_signal;
  const auto mine = [](int signal, const proc::SignalsGiven& given = {}) {
    return answers_signal(::getpid(), signal, given);
  };
  EXPECT_FALSE(mine(SIGURG));
  ::signal(SIGURG, take);
  EXPECT_TRUE(mine(SIGURG));
  ::signal(SIGURG, SIG_IGN);
  EXPECT_FALSE(mine(SIGURG));
  ::signal(SIGURG, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGURG);
  ::pthread_sigmask(SIG_BLOCK, &only, nullptr);
  EXPECT_TRUE(mine(SIGURG)) << "it may be read from a descriptor";
  EXPECT_FALSE(mine(SIGURG, {.mask = std::uint64_t{1} << (SIGURG - 1)})) << "blocked by others";
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  EXPECT_FALSE(answers_signal(-1, SIGURG, {})) << "no such process";
}

}  // namespace
}  // namespace reloadrun
