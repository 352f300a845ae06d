// Other mounts, mount namespaces and roots, as sandboxes and containers have them, and other names
// of a file: what a build writes there causes no build (--build), and what COMMAND reads there is
// watched (--follow).

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>

#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class Mounts : public EndToEnd {
 protected:
  Mounts() {
    for (const auto& directory : {far, mount}) fs::create_directory(directory);
  }
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounts are root's";
  }

  /// It all happens in one mount namespace, in which the place is mounted a second time.
  static void mount_twice(Invocation& invocation) {
    const Words around{"unshare", "-m", "sh", "-c", "mount --bind . ../mnt && exec \"$@\"", "sh"};
    invocation.arguments.insert(invocation.arguments.begin(), around.begin(), around.end());
  }
  void expect_start(int generation, const std::string& changed) {
    const auto start = reports.next("start");
    EXPECT_EQ(start["generation"], "'" + std::to_string(generation) + "'");
    EXPECT_EQ(start["changed"], "'" + changed + "'");
    reports.next("ready");
  }
  /// Had anything before been a change, it would be named, or this be a later generation.
  void expect_only_the_fence(int generation) {
    place.edit("fence", std::to_string(generation));
    expect_start(generation, "fence");
  }

  const fs::path far = place.beside("far");
  const fs::path mount = place.beside("mnt");
};

// --build ----------------------------------------------------------------------------------------

struct Way {
  const char* name;
  const char* build;       ///< of out.txt in the working directory, which is there before
  bool is_linked = false;  ///< ... and far/name is the same
};

class BuildsThroughMounts : public Mounts,
                            public testing::WithParamInterface<std::tuple<Way, const char*>> {
 protected:
  [[nodiscard]] Invocation building() const {
    const auto& [way, watcher] = GetParam();
    return reloadrun(
        {"--watcher", watcher, "--build", std::string("echo >>../builds; ") + way.build}, target());
  }
  /// One build for each edit, and none for what it writes, which differs each time.
  void expect_one_build_each(const Invocation& invocation) {
    place.edit("out.txt", "before");
    if (std::get<0>(GetParam()).is_linked) {
      fs::create_hard_link(place.work() / "out.txt", far / "name");
    }
    Program program(invocation);
    expect_start(1, "");
    for (const int generation : {2, 3, 4}) expect_only_the_fence(generation);
    EXPECT_NE(content_of(place.work() / "out.txt"), "before");
    EXPECT_EQ(content_of(place.beside("builds")), "\n\n\n\n");
    end(program);
  }
};

TEST_P(BuildsThroughMounts, WriteNoChange) { expect_one_build_each(building()); }

INSTANTIATE_TEST_SUITE_P(
    Way, BuildsThroughMounts,
    testing::Combine(
        testing::Values(
            Way{"Bwrap",
                "bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /mnt --bind . /mnt "
                "sh -c 'date +%N >/mnt/out.txt'"},
            Way{"BwrapOfTheFileAlone",
                "bwrap --ro-bind / / --dev /dev --tmpfs /mnt --bind out.txt /mnt/made "
                "sh -c 'date +%N >/mnt/made'"},
            Way{"Unshare", "unshare -m sh -c 'mount --bind . ../mnt && date +%N >../mnt/out.txt'"},
            Way{"ARenameOver",
                "unshare -m sh -c 'mount --bind . ../mnt && cd ../mnt &&"
                " date +%N >aside && mv aside out.txt'"},
            Way{"AFileWithoutAName",
                "unshare -m sh -c 'mount --bind . ../mnt && cd ../mnt && rm -f out.txt && "
                "exec /usr/bin/python3 -c \"\n"
                "import os, time\n"
                "file = os.open(\\\".\\\", os.O_TMPFILE | os.O_RDWR)\n"
                "os.write(file, str(time.time()).encode())\n"
                "os.link(f\\\"/proc/self/fd/{file}\\\", \\\"out.txt\\\", src_dir_fd=file)\"'"},
            Way{"ADirectoryThatIsMadeAgain",
                "unshare -m sh -c 'mount --bind . ../mnt && cd ../mnt && rm -rf dist &&"
                " mkdir -p dist/js && date +%N >dist/js/$(date +%N) && date +%N >out.txt'"},
            Way{"ADirectoryThatIsReplaced",
                "unshare -m sh -c 'mount --bind . ../mnt && cd ../mnt && mkdir new &&"
                " date +%N >new/$(date +%N) && rm -rf dist && mv new dist && date +%N >out.txt'"},
            Way{"ChrootInANamespace",
                "mkdir -p ../root && unshare -m sh -c 'mount --bind / ../root &&"
                " mount --bind . ../root/mnt && chroot ../root sh -c \"date +%N >/mnt/out.txt\"'"},
            Way{"Chroot",
                "/usr/bin/python3 -c '\nimport os, time\nos.chroot(\"..\"); os.chdir(\"/far\")\n"
                "open(\"/work/out.txt\", \"w\").write(str(time.time()))'"},
            Way{"ALinkBelowAnotherRoot",
                "ln -sfn /work ../far/link && /usr/bin/python3 -c '\n"
                "import os, time\nos.chroot(\"..\"); os.chdir(\"/far\")\n"
                "open(\"link/out.txt\", \"w\").write(str(time.time()))'"},
            Way{"AnotherNameOfTheFile", "date +%N >../far/name", true}),
        testing::Values("auto", "stat")),
    [](const auto& test) {
      return std::string(std::get<0>(test.param).name) + "_" + std::get<1>(test.param);
    });

class BuildsThroughASecondMount : public BuildsThroughMounts {};

TEST_P(BuildsThroughASecondMount, WriteNoChange) {
  auto invocation = building();
  mount_twice(invocation);
  expect_one_build_each(invocation);
}

INSTANTIATE_TEST_SUITE_P(
    Way, BuildsThroughASecondMount,
    testing::Combine(
        testing::Values(
            Way{"InPlace", "date +%N >../mnt/out.txt"},
            Way{"ANewFile",
                "cd ../mnt && rm -rf dist && mkdir dist && date +%N >dist/$(date +%N) &&"
                " rm out.txt && date +%N >out.txt"}),
        testing::Values("auto", "stat")),
    [](const auto& test) {
      return std::string(std::get<0>(test.param).name) + "_" + std::get<1>(test.param);
    });

class BuildsInAUserNamespace : public BuildsThroughMounts {};

// Of an ordinary user, who may mount in a namespace of his own alone.
TEST_P(BuildsInAUserNamespace, WriteNoChange) {
  constexpr auto permitted = "setpriv --reuid 65534 --clear-groups unshare -Urm true 2>/dev/null";
  if (std::system(permitted) != 0) GTEST_SKIP() << "not permitted here";  // NOLINT(cert-env33-c)
  for (const auto& path : {place.work().parent_path(), place.work()}) {
    fs::permissions(path, fs::perms::all);
  }
  ::chmod(reports.path().c_str(), 0666);
  auto invocation = building();
  invocation.prepare = [] {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(97);
  };
  std::ofstream(place.work() / "out.txt").close();
  fs::permissions(place.work() / "out.txt", fs::perms::all);
  expect_one_build_each(invocation);
}

INSTANTIATE_TEST_SUITE_P(
    Way, BuildsInAUserNamespace,
    testing::Combine(
        testing::Values(Way{"Unshare",
                            "unshare -Urm sh -c 'mount --bind . ../mnt && cd ../mnt &&"
                            " rm -f out.txt && date +%N >out.txt'"},
                        Way{"Bwrap",
                            "bwrap --ro-bind / / --dev /dev --tmpfs /mnt --bind . /mnt "
                            "sh -c 'rm -f /mnt/out.txt; date +%N >/mnt/out.txt'"}),
        testing::Values("auto", "stat")),
    [](const auto& test) {
      return std::string(std::get<0>(test.param).name) + "_" + std::get<1>(test.param);
    });

// What a user does by the tree's own path stays an edit, also of what is written through a mount.
TEST_F(Mounts, ASaveAfterABuildThroughAMountIsAChange) {
  place.edit("app.c", "ugly");
  Program program(reloadrun(
      {"--build", "unshare -m sh -c 'mount --bind . ../mnt && sed -i s/ugly/fine/ ../mnt/app.c'"},
      target()));
  expect_start(1, "");
  EXPECT_EQ(content_of(place.work() / "app.c"), "fine");
  for (const int generation : {2, 3}) {
    place.edit("app.c", "ugly " + std::to_string(generation));
    expect_start(generation, "app.c");
    EXPECT_EQ(content_of(place.work() / "app.c"), "fine " + std::to_string(generation));
  }
  std::ofstream(place.work() / "app.c") << "ugly, in place";
  expect_start(4, "app.c");
  expect_only_the_fence(5);
  end(program);
}

// A daemon that a sandboxed build has left goes on writing where no path of ours leads by its word.
TEST_F(Mounts, ALogThatABuildKeepsOpenInItsNamespaceIsNoChange) {
  Program program(
      reloadrun({"--build",
                 "test -e ../up || { : >../up; mkfifo ../more; unshare -m sh -c '"
                 "mount --bind . ../mnt && exec setsid sh -c \"exec >../mnt/log.txt; echo begun;"
                 " while read line; do echo \\$line; done <>../more\"' & "
                 "while ! test -s log.txt; do sleep 0.01; done; }"},
                target()));
  expect_start(1, "");
  for (const int generation : {2, 3}) {
    const std::string line = "line " + std::to_string(generation);
    std::ofstream(place.beside("more")) << line << '\n';
    eventually("it is written", [&] {
      return content_of(place.work() / "log.txt").find(line) != std::string::npos;
    });
    expect_only_the_fence(generation);
  }
  end(program);
}

// --follow ---------------------------------------------------------------------------------------

class FollowsThroughMounts : public Mounts, public testing::WithParamInterface<const char*> {
 protected:
  /// COMMAND: `does` and then the test target, whose words are "$@".
  [[nodiscard]] Invocation following(const Words& around, const std::string& does) const {
    Words command = around;
    command.insert(command.end(), {"sh", "-c", does, "sh"});
    const Words last = target();
    command.insert(command.end(), last.begin(), last.end());
    return reloadrun({"-v", "--follow", "--watcher", GetParam()}, command);
  }
  [[nodiscard]] std::string in_far(const std::string& name) const { return (far / name).string(); }
  void edit_far(const std::string& name, const std::string& content) const {
    place.edit("../far/" + name, content);
  }
  /// COMMAND reads far/conf, and looks for far/more, by whatever paths.
  void expect_followed(const Invocation& invocation) {
    edit_far("conf", "1");
    Program program(invocation);
    expect_start(1, "");
    edit_far("conf", "22");
    expect_start(2, in_far("conf"));
    edit_far("more", "new");
    expect_start(3, in_far("more"));
    expect_only_the_fence(4);
    EXPECT_EQ(program.said().find("is gone"), std::string::npos) << program.said();
    end(program);
  }
};

INSTANTIATE_TEST_SUITE_P(Watcher, FollowsThroughMounts, testing::Values("auto", "stat"),
                         [](const auto& test) { return std::string(test.param); });

constexpr auto reading = "cat conf more 2>/dev/null; exec \"$@\"";

TEST_P(FollowsThroughMounts, ABindMount) {
  expect_followed(following({"unshare", "-m"},
                            std::string("mount --bind ../far ../mnt && cd ../mnt && ") + reading));
}

TEST_P(FollowsThroughMounts, ADirectoryOfASandbox) {
  expect_followed(following({"bwrap", "--dev-bind", "/", "/", "--bind", far.string(), "/mnt"},
                            "cat /mnt/conf /mnt/more 2>/dev/null; exec \"$@\""));
}

TEST_P(FollowsThroughMounts, AFileWhereTheSystemHasItsOwn) {
  edit_far("conf", "1");
  edit_far("hostname", "");
  Program program(following({"unshare", "-m"},
                            "mount --bind ../far/conf /etc/hostname &&"
                            " cat /etc/hostname /etc/passwd && exec \"$@\""));
  expect_start(1, "");
  edit_far("hostname", "of no interest");
  std::ofstream(far / "conf") << "22";  // a mount of a file keeps it
  expect_start(2, in_far("conf"));
  program.expect("following " + in_far("conf"));
  EXPECT_EQ(program.said().find("following /etc"), std::string::npos) << program.said();
  expect_only_the_fence(3);
  end(program);
}

TEST_P(FollowsThroughMounts, ADirectoryBelowAnotherRoot) {
  fs::create_directory(place.beside("root"));
  fs::create_directory_symlink("/mnt", far / "link");
  expect_followed(following(
      {"unshare", "-m"},
      "mount --bind / ../root && mount --bind ../far ../root/mnt &&"
      " chroot ../root sh -c 'cat /mnt/link/conf; cd /mnt && cat more' 2>/dev/null; exec \"$@\""));
}

TEST_P(FollowsThroughMounts, WhatIsNotToBeReachedFromHereIsLeftOut) {
  Program program(following({"unshare", "-m"},
                            "mount -t tmpfs none ../mnt && echo 1 >../mnt/conf && cat ../mnt/conf "
                            "../mnt/none 2>/dev/null;"
                            " echo 2 >../mnt/other; cat ../mnt/other; exec \"$@\""));
  expect_start(1, "");
  program.expect("such files are not followed");
  for (const int generation : {2, 3}) expect_only_the_fence(generation);
  end(program);
  EXPECT_EQ(count(program.said(), "not followed"), 1U) << program.said();
  EXPECT_EQ(program.said().find("is gone"), std::string::npos) << program.said();
}

TEST_P(FollowsThroughMounts, OutputIsNoChange) {
  std::ofstream(place.work() / "log.txt").close();
  Program program(following({"unshare", "-m"},
                            "mount --bind . ../mnt && date +%N >>../mnt/log.txt &&"
                            " date +%N >../mnt/aside && mv ../mnt/aside ../mnt/made.txt &&"
                            " exec \"$@\""));
  expect_start(1, "");
  for (const int generation : {2, 3}) expect_only_the_fence(generation);
  end(program);
}

TEST_P(FollowsThroughMounts, OutputByASecondMountOrNameIsNoChange) {
  std::ofstream(far / "name") << "before";
  fs::create_hard_link(far / "name", place.work() / "log.txt");
  auto invocation = following({},
                              "date +%N >>../far/name && date +%N >../mnt/made.txt &&"
                              " date +%N >../mnt/aside && mv ../mnt/aside ../mnt/moved.txt &&"
                              " exec \"$@\"");
  mount_twice(invocation);
  Program program(invocation);
  expect_start(1, "");
  for (const int generation : {2, 3}) expect_only_the_fence(generation);
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
