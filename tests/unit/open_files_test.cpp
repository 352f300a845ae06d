// Who writes a file, with real processes.

#include "proc/open_files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/fd.hpp"
#include "helpers/deadline.hpp"
#include "helpers/place.hpp"
#include "helpers/processes.hpp"
#include "proc/child.hpp"
#include "proc/signals.hpp"
#include "proc/tree.hpp"

namespace reloadrun::proc {
namespace {

namespace fs = std::filesystem;
using test::Holder;
using test::in_child;

class OpenFiles : public testing::Test {
 protected:
  OpenFiles() { make(file_); }

  static void make(const std::string& path) { std::ofstream(path) << "something\n"; }
  [[nodiscard]] std::string beside(const std::string& name) const { return place_.beside(name); }
  [[nodiscard]] static std::set<FileIdentity> all_of_ours(std::set<FileIdentity> files) {
    auto [tree, group] = written_by_ours(std::move(files));
    tree.merge(group);
    return tree;
  }
  [[nodiscard]] bool file_is_ours() const {
    return all_of_ours({id_.value()}) == std::set{id_.value()};
  }

  test::Place place_;
  const std::string file_ = place_.work() / "file.log";
  std::optional<FileIdentity> id_ = (make(file_), identity_of(file_));
};

class OpenForWriting : public OpenFiles {};

TEST_F(OpenForWriting, TellsWhetherSomebodyWrites) {
  EXPECT_EQ(open_for_writing(file_), Writing::no);
  {
    const Holder reader(file_, O_RDONLY);
    EXPECT_EQ(open_for_writing(file_), Writing::no);
    const Holder writer(file_, O_WRONLY | O_APPEND);
    EXPECT_EQ(open_for_writing(file_), Writing::yes);
    fs::create_symlink(file_, beside("link"));
    EXPECT_EQ(open_for_writing(beside("link")), Writing::yes);
  }
  EXPECT_EQ(open_for_writing(file_), Writing::no);
  const Fd own(::open(file_.c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(open_for_writing(file_), Writing::yes);
  EXPECT_EQ(open_for_writing(own.get()), Writing::yes);
}

TEST_F(OpenForWriting, AMappingOutlivesItsDescriptor) {
  void* mapped = nullptr;
  {
    const Fd file(::open(file_.c_str(), O_RDWR | O_CLOEXEC));
    mapped = ::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    ASSERT_NE(mapped, MAP_FAILED);
  }
  EXPECT_EQ(open_for_writing(file_), Writing::yes);
  ::munmap(mapped, 1);
  EXPECT_EQ(open_for_writing(file_), Writing::no);
}

TEST_F(OpenForWriting, LeavesNoLeaseBehind) {
  const Fd reading(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(open_for_writing(reading.get()), Writing::no);
  // A lease would refuse this one, which does not wait for it.
  EXPECT_TRUE(Fd(::open(file_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)));
}

TEST_F(OpenForWriting, IsUnknownOfWhatIsNoFile) {
  EXPECT_EQ(open_for_writing(beside("missing")), Writing::unknown);
  EXPECT_EQ(open_for_writing(place_.work().string()), Writing::unknown);
  EXPECT_EQ(open_for_writing(std::string("/dev/null")), Writing::unknown);
  EXPECT_EQ(open_for_writing(-1), Writing::unknown);
}

TEST_F(OpenForWriting, IsUnknownOfOtherPeoplesFiles) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  fs::permissions(place_.beside("."), fs::perms(0755));
  EXPECT_TRUE(test::in_child_without_rights(
      [&] { return identity_of(file_) && open_for_writing(file_) == Writing::unknown; }));
}

TEST_F(OpenForWriting, AFifosWriterSeesNoReader) {
  const std::string fifo = beside("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const pid_t writer = ::fork();
  if (writer == 0) {
    const int end = ::open(fifo.c_str(), O_WRONLY);  // waits for a reader
    ::_exit(::write(end, "x", 1) == 1 ? 0 : 1);      // and dies when that is gone already
  }
  const std::string status = "/proc/" + std::to_string(writer) + "/stat";
  test::eventually("a writer that waits",
                   [&] { return read_kernel_file(status).find(") S ") != std::string::npos; });
  for (int i = 0; i < 100; ++i) EXPECT_EQ(open_for_writing(fifo), Writing::unknown);
  const Fd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_EQ(wait_for_child(writer), (Ending{false, 0}));
}

TEST_F(OpenForWriting, AWriterThatComesMeanwhileDisturbsNobody) {
  const pid_t writer = ::fork();
  if (writer == 0) {
    for (;;) ::close(::open(file_.c_str(), O_WRONLY | O_CLOEXEC));
  }
  // SIGIO ends who does not block it. That it is pending proves that the two have met.
  EXPECT_TRUE(in_child([&] {
    take_signals();
    test::eventually("a writer during a lease", [&] {
      for (int i = 0; i < 1000; ++i) open_for_writing(file_);
      sigset_t pending;
      return ::sigpending(&pending) == 0 && sigismember(&pending, SIGIO) == 1;
    });
    return true;
  }));
  ::kill(writer, SIGKILL);
  ::waitpid(writer, nullptr, 0);
}

class WrittenByOurs : public OpenFiles {};

TEST_F(WrittenByOurs, ThisProcessAndItsChildren) {
  EXPECT_FALSE(file_is_ours());
  {
    const Holder reader(file_, O_RDONLY);
    EXPECT_FALSE(file_is_ours());
    const Holder writer(file_, O_WRONLY);
    EXPECT_TRUE(file_is_ours());
  }
  EXPECT_FALSE(file_is_ours());
  {
    const Holder both(file_, O_RDWR);
    EXPECT_TRUE(file_is_ours());
  }
  const Fd own(::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  EXPECT_TRUE(file_is_ours());
}

TEST_F(WrittenByOurs, TheParent) {
  Fd held(::open(file_.c_str(), O_WRONLY | O_CLOEXEC));
  const auto asks = [&] {
    ::close(held.get());  // the child's copy
    return file_is_ours();
  };
  EXPECT_TRUE(in_child(asks));
  held = Fd();
  EXPECT_FALSE(in_child([&] { return file_is_ours(); }));
}

TEST_F(WrittenByOurs, ADaemonBelowUs) {
  become_subreaper();
  {
    const Holder daemon(file_, O_WRONLY, [] {
      ::setsid();
      if (::fork() != 0) ::_exit(0);
    });
    ASSERT_NE(::getpgid(daemon.pid()), ::getpgrp());
    EXPECT_TRUE(file_is_ours());
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_F(WrittenByOurs, AChildsChild) {
  const Holder deep(file_, O_WRONLY, [] {
    if (const pid_t child = ::fork(); child != 0) {
      ::waitpid(child, nullptr, 0);
      ::_exit(0);
    }
    ::setpgid(0, 0);
  });
  EXPECT_TRUE(file_is_ours());
}

TEST_F(WrittenByOurs, AProcessWhoseFirstThreadHasEnded) {
  Pipe ready = make_pipe();
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::thread([&] {
      if (::open(file_.c_str(), O_WRONLY | O_CLOEXEC) < 0) ::_exit(1);
      test::eventually("the first thread's end", [] {
        return read_kernel_file("/proc/self/stat").find(") Z ") != std::string::npos;
      });
      static_cast<void>(!::write(ready.writing.get(), "x", 1));
      for (;;) ::pause();
    }).detach();
    ::syscall(SYS_exit, 0);  // this thread's alone
  }
  ready.writing = Fd();
  char byte = 0;
  EXPECT_EQ(::read(ready.reading.get(), &byte, 1), 1);
  EXPECT_TRUE(file_is_ours());
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

TEST_F(WrittenByOurs, TeeInOurPipelineAndNobodyElses) {
  Pipe pipeline = make_pipe();
  const std::string log = place_.work() / "dev.log";
  const pid_t tee = ::fork();
  if (tee == 0) {
    ::setpgid(0, 0);
    ::dup2(pipeline.reading.get(), STDIN_FILENO);
    ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
    ::execlp("tee", "tee", log.c_str(), nullptr);
    ::_exit(127);
  }
  test::eventually("tee's file", [&] { return open_for_writing(log) == Writing::yes; });
  id_ = identity_of(log);
  EXPECT_TRUE(in_child([&] { return ::setpgid(0, tee) == 0 && file_is_ours(); }));
  // To a sibling in another group, tee is a stranger.
  EXPECT_FALSE(in_child([&] { return file_is_ours(); }));
  pipeline = Pipe();
  EXPECT_EQ(wait_for_child(tee), (Ending{false, 0}));
}

TEST_F(WrittenByOurs, OnlyThoseAskedForAndAllOfThem) {
  const std::string second = place_.work() / "second";
  const std::string third = place_.work() / "third";
  make(second);
  make(third);
  const auto id2 = identity_of(second).value();
  const auto id3 = identity_of(third).value();
  const Holder one(file_, O_WRONLY);
  const Holder two(second, O_WRONLY);
  EXPECT_EQ(all_of_ours({id_.value(), id2, id3}), (std::set{id_.value(), id2}));
  EXPECT_EQ(all_of_ours({id3}), std::set<FileIdentity>{});
  EXPECT_EQ(all_of_ours({}), std::set<FileIdentity>{});
}

TEST_F(WrittenByOurs, AFileThatHasLostItsName) {
  const Holder writer(file_, O_WRONLY);
  fs::remove(file_);
  EXPECT_EQ(identity_of(file_), std::nullopt);
  EXPECT_TRUE(file_is_ours());
}

TEST_F(WrittenByOurs, WhoMayNotBeInspectedIsPassedOver) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const Holder writer(file_, O_WRONLY);
  const auto asks = [&] { return ::setpgid(0, writer.pid()) == 0 && file_is_ours(); };
  EXPECT_TRUE(in_child(asks));
  EXPECT_FALSE(in_child([&] {
    if (::setpgid(0, writer.pid()) != 0 || ::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    return file_is_ours();
  }));
}

}  // namespace
}  // namespace reloadrun::proc
