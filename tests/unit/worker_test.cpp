#include "proc/worker.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "base/fd.hpp"
#include "helpers/deadline.hpp"
#include "helpers/program.hpp"
#include "proc/child.hpp"
#include "proc/tree.hpp"

namespace reloadrun::proc {
namespace {

using test::eventually;

int told = -1;
char own_letter = '?';

/// From now on this process says its letter when it gets TERM, and goes on.
void say_when_asked(char letter) {
  own_letter = letter;
  ::signal(SIGTERM, [](int) { static_cast<void>(!::write(told, &own_letter, 1)); });
}

/// Forks, and waits until the child does nothing more than wait.
pid_t fork_one(const std::function<void()>& child) {
  Pipe ready = make_pipe();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ready.reading = Fd();
    child();
    static_cast<void>(!::write(ready.writing.get(), "x", 1));
    for (;;) ::pause();
  }
  ready.writing = Fd();
  char byte = 0;
  static_cast<void>(!::read(ready.reading.get(), &byte, 1));
  return pid;
}

void execute_sleep() { ::execlp("sleep", "sleep", "1000", nullptr); }

class WorkersTest : public testing::Test {
 protected:
  WorkersTest() {
    become_subreaper();
    told = pipe_.writing.get();
  }
  ~WorkersTest() override {
    TreeStop().kill();
    while (::wait(nullptr) > 0) {
    }
    set_subreaper(false);
  }

  /// Who has said something by now, in this order, once all have ended.
  std::string said() {
    TreeStop().kill();
    while (::wait(nullptr) > 0) {
    }
    pipe_.writing = Fd();
    std::string all;
    EXPECT_TRUE(read_all(pipe_.reading.get(), all));
    return all;
  }
  char next_word() {
    char word = 0;
    EXPECT_EQ(::read(pipe_.reading.get(), &word, 1), 1);
    return word;
  }
  static pid_t only_child_of(pid_t parent) {
    const auto children = children_of(parent);
    EXPECT_EQ(children.size(), 1U);
    return *children.begin();
  }
  static void expect_end_of_a_master(const TreeStop& stop) {
    std::vector<pollfd> ends;
    stop.wait_with(ends);
    ASSERT_EQ(ends.size(), 1U);
    wait_for(ends, Clock::now() + test::patience);
    EXPECT_NE(ends.front().revents, 0);
  }

  Pipe pipe_ = make_pipe();
  TreeStop stop_{{}, SignalsGiven{}};
};

TEST_F(WorkersTest, AreLeftToTheirMasterUntilItHasEnded) {
  const pid_t master = fork_one([] {
    say_when_asked('m');
    fork_one([] { say_when_asked('w'); });
  });
  stop_.ask(SIGTERM);
  EXPECT_EQ(next_word(), 'm');
  stop_.ask_again();
  ::kill(master, SIGKILL);
  expect_end_of_a_master(stop_);
  stop_.ask_again();
  std::vector<pollfd> ends;
  stop_.wait_with(ends);
  EXPECT_TRUE(ends.empty()) << "it has been heard";
  EXPECT_EQ(next_word(), 'w');
  stop_.ask_again();
  EXPECT_EQ(said(), "") << "each is asked once";
}

TEST_F(WorkersTest, OfAMasterThatDoesNotAnswerAreAsked) {
  fork_one([] { fork_one([] { say_when_asked('w'); }); });
  stop_.ask(SIGTERM);
  EXPECT_EQ(next_word(), 'w');
}

TEST_F(WorkersTest, AreAskedWhereAllAre) {
  fork_one([] {
    say_when_asked('m');
    fork_one([] { say_when_asked('w'); });
  });
  TreeStop().ask(SIGTERM);
  EXPECT_EQ((std::set{next_word(), next_word()}), (std::set{'m', 'w'}));
}

TEST_F(WorkersTest, Of32BitsAreKnownToo) {
  if (const auto why = test::why_no_program_32(); !why.empty()) GTEST_SKIP() << why;
  const std::string path = test::program_32_path();
  const pid_t master = ::fork();
  if (master == 0) {
    ::execl(path.c_str(), path.c_str(), "wait", nullptr);
    ::_exit(1);
  }
  eventually("it waits", [&] { return waits_for_a_child(master); });
  const pid_t child = only_child_of(master);
  EXPECT_FALSE(waits_for_a_child(child));
  ASSERT_TRUE(image_of(master));
  EXPECT_EQ(image_of(child), image_of(master));
}

TEST_F(WorkersTest, WhoHasExecutedIsNone) {
  const pid_t master = fork_one([] {
    say_when_asked('m');
    fork_one(execute_sleep);
  });
  const pid_t other = only_child_of(master);
  stop_.ask(SIGTERM);
  eventually("its end", [&] { return is_zombie(other); });
  EXPECT_EQ(said(), "m");
}

TEST_F(WorkersTest, WhoExecutesLaterIsOneNoMore) {
  Pipe go_on = make_pipe();
  const pid_t master = fork_one([&] {
    say_when_asked('m');
    go_on.writing = Fd();
    if (::fork() != 0) return;
    char byte = 0;
    static_cast<void>(!::read(go_on.reading.get(), &byte, 1));
    ::signal(SIGTERM, SIG_DFL);
    execute_sleep();
  });
  const pid_t worker = only_child_of(master);
  stop_.ask(SIGTERM);
  stop_.ask_again();
  go_on.writing = Fd();
  eventually("its end", [&] {
    stop_.ask_again();
    return is_zombie(worker);
  });
}

TEST_F(WorkersTest, AreAskedWhenSomebodyElseHasAdoptedThem) {
  const pid_t adopter = fork_one([] {
    set_subreaper(true);
    say_when_asked('a');
    fork_one([] {
      say_when_asked('m');
      fork_one([] { say_when_asked('w'); });
    });
  });
  const pid_t master = only_child_of(adopter);
  stop_.ask(SIGTERM);
  EXPECT_EQ(next_word(), 'a');
  ::kill(master, SIGKILL);
  eventually("its end", [&] { return is_zombie(master); });
  stop_.ask_again();
  EXPECT_EQ(next_word(), 'w');
  EXPECT_EQ(said(), "");
}

TEST_F(WorkersTest, TheSameProgramAtTheSamePlacesIsAnotherExecution) {
  const auto without_randomization = [] {
    ::personality(ADDR_NO_RANDOMIZE);
    execute_sleep();
  };
  const pid_t one = fork_one(without_randomization);
  const pid_t other = fork_one(without_randomization);
  const auto of_one = image_of(one);
  const auto of_other = image_of(other);
  ASSERT_TRUE(of_one && of_other);
  EXPECT_EQ(of_one->auxiliary_vector, of_other->auxiliary_vector);
  EXPECT_NE(of_one, of_other);
}

TEST(Image, IsThatOfWhoeverItHasForked) {
  const pid_t child = fork_one([] {});
  const auto own = image_of(::getpid());
  EXPECT_TRUE(own.has_value());
  EXPECT_EQ(image_of(child), own);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(image_of(child), std::nullopt);
}

TEST(Shells, AreKnownByName) {
  const auto is = [](const char* name) { return is_shell({.pid = -1, .name = name}); };
  for (const char* name : {"sh", "bash", "rbash", "dash", "zsh5", "ksh93", "mksh", "fish",
                           "busybox", "bash-static", "busybox.static"}) {
    EXPECT_TRUE(is(name)) << name;
  }
  for (const char* name : {"", "python3", "celery", "nginx", "shutdown", "bashful", "fisher"}) {
    EXPECT_FALSE(is(name)) << name;
  }
}

}  // namespace
}  // namespace reloadrun::proc
