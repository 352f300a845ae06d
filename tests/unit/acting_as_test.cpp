// As whom something is done for another process, and what of its paths it is told of.

#include "net/acting_as.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>

#include "base/fd.hpp"
#include "fmt/format.h"
#include "helpers/place.hpp"
#include "helpers/processes.hpp"
#include "net/fields.hpp"
#include "net/opened.hpp"
#include "net/written.hpp"
#include "unit/filtered.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

pid_t this_thread() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

/// The lines that say as whom this thread acts.
std::string own_status() {
  const std::string status = read_kernel_file(fmt::format("/proc/{}/status", this_thread()));
  std::string lines;
  for (const char* name : {"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    lines += fmt::format("{} {}\n", name, net::field(status, name));
  }
  return lines;
}

net::Identity somebody() {
  net::Identity who = net::identity_of(::getpid()).value();
  who.user = who.file_user = 65534;
  who.group = who.file_group = 65533;
  who.groups = {65531, 65532};
  who.capabilities = 0;
  return who;
}

TEST(Identity, IsReadFromAStatus) {
  const auto identity = net::parse_identity(
      "Name:\tUid:\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 "
      "\nCapEff:\t00000000000000ff\n");
  ASSERT_TRUE(identity);
  EXPECT_EQ(*identity, (net::Identity{2, 6, 4, 8, {9, 10}, 0xff, 0}));
  for (const char* torn : {"", "Uid:\t1\t2\t3\t4\n", "Uid:\t1\nGid:\t1\t2\t3\t4\nCapEff:\t0\n",
                           "Uid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4\nGroups:\tx\nCapEff:\t0\n"}) {
    EXPECT_FALSE(net::parse_identity(torn)) << torn;
  }
  const auto own = net::identity_of(::getpid());
  ASSERT_TRUE(own);
  EXPECT_EQ(own->user, ::geteuid());
  EXPECT_EQ(own->group, ::getegid());
  EXPECT_FALSE(net::identity_of(0));
}

TEST(ActingAs, OneselfChangesNothing) {
  const std::string before = own_status();
  const net::ActingAs acting(net::identity_of(this_thread()));
  EXPECT_TRUE(acting);
  EXPECT_EQ(own_status(), before);
  EXPECT_TRUE(net::is_no_less_than_we(net::identity_of(this_thread()).value()));
}

TEST(ActingAs, NobodyKnownIsImpossible) { EXPECT_FALSE(net::ActingAs(std::nullopt)); }

TEST(ActingAs, WhoHasNoRightsCannotActAsAnother) {
  EXPECT_TRUE(in_child_without_rights([] {
    net::Identity other = somebody();
    other.user = other.file_user = 1;
    const std::string before = own_status();
    const bool acts = static_cast<bool>(net::ActingAs(other));
    return !acts && own_status() == before && !net::is_no_less_than_we(other);
  }));
}

class ActingAsAnother : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may become another";
  }
};

TEST_F(ActingAsAnother, ItIsThatOneUntilItsEnd) {
  Place place;
  std::ofstream(place.work() / "secret") << "x";
  const std::string secret = place.work() / "secret";
  const std::string before = own_status();
  ::prctl(PR_SET_PDEATHSIG, SIGCONT);
  std::promise<void> acts;
  auto other_may = std::async(std::launch::async, [&] {
    acts.get_future().wait();
    return static_cast<bool>(Fd(::open(secret.c_str(), O_RDONLY | O_CLOEXEC)));
  });
  {
    const net::ActingAs acting(somebody());
    ASSERT_TRUE(acting);
    const std::string status = own_status();
    EXPECT_NE(status.find("Uid 0\t65534\t0\t65534\n"), std::string::npos) << status;
    EXPECT_NE(status.find("Gid 0\t65533\t0\t65533\n"), std::string::npos) << status;
    EXPECT_NE(status.find("Groups 65531 65532"), std::string::npos) << status;
    EXPECT_NE(status.find("CapEff 0000000000000000\n"), std::string::npos) << status;
    EXPECT_EQ(::open(secret.c_str(), O_RDONLY | O_CLOEXEC), -1);
    EXPECT_EQ(errno, EACCES);
    acts.set_value();
    EXPECT_TRUE(other_may.get());
  }
  EXPECT_EQ(own_status(), before);
  EXPECT_TRUE(Fd(::open(secret.c_str(), O_RDONLY | O_CLOEXEC)));
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 1);
  int death_signal = 0;
  ::prctl(PR_GET_PDEATHSIG, &death_signal);
  EXPECT_EQ(death_signal, SIGCONT);
  ::prctl(PR_SET_PDEATHSIG, 0);
}

TEST_F(ActingAsAnother, ItHasTheCapabilitiesOfRootInOurUserNamespaceAlone) {
  const std::string before = own_status();
  net::Identity other = net::identity_of(this_thread()).value();
  other.capabilities = 1;  // CAP_CHOWN
  {
    const net::ActingAs acting(other);
    ASSERT_TRUE(acting);
    EXPECT_NE(own_status().find("CapEff 0000000000000001\n"), std::string::npos);
  }
  other.user_namespace += 1;
  {
    const net::ActingAs acting(other);
    EXPECT_TRUE(!acting || own_status().find("CapEff 0000000000000000\n") != std::string::npos);
  }
  EXPECT_EQ(own_status(), before);
  EXPECT_FALSE(net::is_no_less_than_we(other));
}

/// Where a path leads that is swapped for a link to a directory of root's while nobody opens it.
class ToldOfPaths : public ActingAsAnother {
 protected:
  void SetUp() override {
    ActingAsAnother::SetUp();
    if (IsSkipped()) return;
    fs::current_path(place.work());
    fs::permissions(place.work().parent_path(), fs::perms(0755));
    for (const char* name : {"mine", "mine/d"}) {
      fs::create_directory(name);
      ASSERT_EQ(::chown(name, 65534, 65534), 0);
    }
    fs::create_directory("protected");
    fs::permissions("protected", fs::perms(0700));
    std::ofstream("protected/secret") << "x";
    std::ofstream("mine/d/secret") << "x";
    ASSERT_EQ(::chown("mine/d/secret", 65534, 65534), 0);
    fs::create_symlink(place.work() / "protected", "mine/link");
  }

  /// Calls `tell` with each call of a program of nobody's that opens it a thousand times.
  template <typename Tell>
  void try_to_open(const net::CallFilter& filter, const std::string& flags, Tell tell) {
    FilteredProgram program({"/usr/bin/python3", "-ISc",
                             fmt::format(R"(
import ctypes, os
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
libc = ctypes.CDLL(None)
swapper = os.fork()
if swapper == 0:
    while True: libc.syscall({}, -100, b'mine/d', -100, b'mine/link', 2)
opened = 0
for _ in range(1000):
    try: os.close(os.open('mine/d/secret', {}))
    except OSError: continue
    opened += 1
os.kill(swapper, 9)
assert 0 < opened
)",
                                         SYS_renameat2, flags)},
                            filter);
    while (const auto call = program.next()) {
      if (call->is(calls::openat)) tell(*call);
      program.notifier.let_go_on(*call);
    }
    EXPECT_EQ(program.wait(), Ending{});
  }

  Place place;
  const std::string protected_path = place.work() / "protected";
  const std::string own_path = place.work() / "mine";
};

TEST_F(ToldOfPaths, AProgramIsNotToldOfWhatItMayNotOpen) {
  net::CallFilter filter;
  filter.notify(calls::openat);
  int own = 0;
  int protected_ones = 0;
  try_to_open(filter, "os.O_RDONLY", [&](const net::Call& call) {
    const auto opened = net::opened_by(call);
    own += static_cast<int>(opened && opened->path.starts_with(own_path));
    protected_ones += static_cast<int>(opened && opened->path.starts_with(protected_path));
  });
  EXPECT_GT(own, 0);
  EXPECT_EQ(protected_ones, 0);
}

TEST_F(ToldOfPaths, NorABuildOfWhatItMayNotWrite) {
  int own = 0;
  int protected_ones = 0;
  try_to_open(net::write_filter(), "os.O_WRONLY", [&](const net::Call& call) {
    for (const KnownFile& file : net::written_by(call)) {
      own += static_cast<int>(file.path.starts_with(own_path));
      protected_ones += static_cast<int>(file.path.starts_with(protected_path));
    }
  });
  EXPECT_GT(own, 0);
  EXPECT_EQ(protected_ones, 0);
}

}  // namespace
}  // namespace reloadrun::test
