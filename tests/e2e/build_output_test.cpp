// What a build writes causes no build, and what anybody else writes meanwhile does: with real build
// tools, told apart by the kernel's word and by nothing else.

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class BuildOutput : public EndToEnd, public testing::WithParamInterface<const char*> {
 protected:
  [[nodiscard]] Invocation building(const std::string& build) const {
    return reloadrun({"--watcher", GetParam(), "--build", build}, target());
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(place.work() / name) << text;
  }
  void write_sources() const {
    write("main.c", "#include \"version.h\"\nint main(void) { return VERSION; }\n");
    write("version", "1\n");
  }
  void expect_start(const std::string& generation, const std::string& changed) {
    const auto start = reports.next("start");
    EXPECT_EQ(start["generation"], "'" + generation + "'");
    EXPECT_EQ(start["changed"], "'" + changed + "'");
    reports.next("ready");
  }
  /// Edits, each of one file, are one restart each, and nothing is one between them.
  void expect_one_restart_each(int generation, const Words& files) {
    for (const std::string& file : files) {
      const std::string number = std::to_string(generation++);
      place.edit(file, file == "main.c" ? content_of(place.work() / file) + "\n" : number + "\n");
      expect_start(number, file);
    }
  }
  /// What a build waits at.
  void close_gate() const { std::ofstream(place.beside("gate")) << "closed"; }
  void open_gate() const { fs::remove(place.beside("gate")); }
  void expect_at_gate() const {
    eventually("the build waits", [this] { return fs::exists(place.beside("at-gate")); });
    fs::remove(place.beside("at-gate"));
  }
  const std::string gate =
      "if test -e ../gate; then : > ../at-gate; while test -e ../gate; do sleep 0.01; done; fi";
};

INSTANTIATE_TEST_SUITE_P(Watcher, BuildOutput, testing::Values("auto", "stat"),
                         [](const auto& test) { return std::string(test.param); });

/// Without inotify it takes a look between two writes of one file to tell them apart.
class BuildOutputByHints : public BuildOutput {};

INSTANTIATE_TEST_SUITE_P(Watcher, BuildOutputByHints, testing::Values("auto"),
                         [](const auto& test) { return std::string(test.param); });

constexpr auto makefile =
    "app: main.o\n\tcc -o $@ main.o\n"
    "main.o: main.c version.h\n\tcc -c -o $@ main.c\n"
    "version.h: version\n\techo \"#define VERSION `cat version`\" > $@\n";

TEST_P(BuildOutput, OfMake) {
  write_sources();
  write("Makefile", makefile);
  Program program(building("make -j2"));
  expect_start("1", "");
  expect_one_restart_each(2, {"version", "main.c", "fence"});
  EXPECT_TRUE(fs::exists(place.work() / "app"));
  end(program);
}

TEST_P(BuildOutput, OfNinja) {
  write_sources();
  write("build.ninja",
        "rule cc\n  command = cc -MD -MF $out.d -c -o $out $in\n  depfile = $out.d\n  deps = gcc\n"
        "rule link\n  command = cc -o $out $in\n"
        "rule version\n  command = echo \"#define VERSION `cat $in`\" > $out\n"
        "build version.h: version version\n"
        "build main.o: cc main.c || version.h\n"
        "build app: link main.o\n");
  Program program(building("ninja"));
  expect_start("1", "");
  expect_one_restart_each(2, {"version", "main.c", "fence"});
  EXPECT_TRUE(fs::exists(place.work() / "app"));
  end(program);
}

TEST_P(BuildOutput, OfCMake) {
  write_sources();
  write("CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.20)\nproject(app C)\n"
        "file(READ version VERSION)\nstring(STRIP \"${VERSION}\" VERSION)\n"
        "set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS version)\n"
        "file(WRITE version.h.in \"#define VERSION @VERSION@\\n\")\n"
        "configure_file(version.h.in ${CMAKE_SOURCE_DIR}/version.h)\n"
        "add_executable(app main.c)\n");
  Program program(building("cmake -S . -B out && cmake --build out"));
  expect_start("1", "");
  expect_one_restart_each(2, {"version", "main.c", "fence"});
  EXPECT_TRUE(fs::exists(place.work() / "out/app"));
  end(program);
}

TEST_P(BuildOutput, IsToldFromASourceThatIsSavedMeanwhile) {
  write_sources();
  write("Makefile", makefile);
  Program program(building("make && " + gate));
  expect_start("1", "");
  close_gate();
  place.edit("version", "2\n");
  expect_at_gate();  // a header and an object file are written
  place.edit("main.c", "int main(void) { return 7; }\n");
  program.expect("main.c changed: building");
  open_gate();
  expect_start("2", "main.c\nversion");
  expect_one_restart_each(3, {"fence"});
  end(program);
}

TEST_P(BuildOutput, OfAFormatterThatRewritesASource) {
  write("app.c", "ugly");
  Program program(building("sed -i 's/ugly/pretty/' app.c"));
  expect_start("1", "");
  EXPECT_EQ(content_of(place.work() / "app.c"), "pretty");
  place.edit("app.c", "ugly again");
  expect_start("2", "app.c");
  EXPECT_EQ(content_of(place.work() / "app.c"), "pretty again");
  expect_one_restart_each(3, {"fence"});
  end(program);
}

TEST_P(BuildOutputByHints, IsToldFromASaveOfTheSameFileAfterIt) {
  write("app.c", "ugly");
  Program program(building("sed -i 's/ugly/pretty/' app.c && " + gate));
  expect_start("1", "");
  close_gate();
  place.edit("fence", "new");
  expect_at_gate();
  ::usleep(200'000);  // an author sees what the formatter has done, and saves again
  place.edit("app.c", "ugly as well");
  program.expect("app.c changed: building");
  open_gate();
  expect_start("2", "app.c\nfence");
  expect_one_restart_each(3, {"fence"});
  end(program);
}

TEST_P(BuildOutputByHints, IsToldFromASaveOfTheSameFileByAFormatterThatGoesOnComputing) {
  write("app.c", "ugly");
  Program program(
      building("/usr/bin/python3 -c '\n"
               "import os\n"
               "text = open(\"app.c\").read()\n"
               "open(\"app.c\", \"w\").write(text.replace(\"ugly\", \"fine\"))\n"
               "if os.path.exists(\"../gate\"): open(\"../at-gate\", \"w\")\n"
               "while os.path.exists(\"../gate\"):\n"
               "  for i in range(100000): pass\n'"));
  expect_start("1", "");
  close_gate();
  place.edit("fence", "new");
  expect_at_gate();
  ::usleep(1'000'000);  // the formatter computes on, and its author saves again
  place.edit("app.c", "ugly as well");
  program.expect("app.c changed: building");
  open_gate();
  expect_start("2", "app.c\nfence");
  EXPECT_EQ(content_of(place.work() / "app.c"), "fine as well");
  end(program);
}

TEST_P(BuildOutput, IsToldFromASaveBelowADirectoryThatIsTouched) {
  write("app.c", "saved before");
  Program program(building("touch . && chmod 755 . && " + gate));
  expect_start("1", "");
  close_gate();
  place.edit("fence", "new");
  expect_at_gate();
  place.edit("app.c", "saved meanwhile");
  program.expect("app.c changed: building");
  open_gate();
  expect_start("2", "app.c\nfence");
  end(program);
}

TEST_P(BuildOutput, OfWholeDirectoriesThatTakeEachOthersPlace) {
  fs::create_directory(place.work() / "src");
  write("src/a.js", "a");
  write("src/b.js", "b");
  Program program(building("rm -rf new && cp -r src new && rm -rf dist && mv new dist"));
  expect_start("1", "");
  expect_one_restart_each(2, {"src/a.js", "src/b.js", "fence"});
  end(program);
}

TEST_P(BuildOutput, OfADaemonThatABuildHasLeft) {
  close_gate();
  Program program(building(
      "test -e ../up || { : > ../up; " +
      std::string(
          "setsid sh -c 'while test -e ../gate; do sleep 0.01; done; echo late > late' & }")));
  expect_start("1", "");
  open_gate();
  eventually("it writes", [this] { return fs::exists(place.work() / "late"); });
  expect_one_restart_each(2, {"fence"});
  place.edit("late", "by somebody else");
  expect_start("3", "late");
  end(program);
}

TEST_P(BuildOutput, OfADaemonThatKeepsItsLogOpen) {
  const Words daemon = target({"log=out.txt", "daemon", "exit=0"});
  std::string line = "test -e ../up || { : > ../up;";
  for (const std::string& word : daemon) line += " '" + word + "'";
  Program program(building(line + "; }"));
  const int pid = reports.next("daemon").number("pid");
  while (reports.next("start")["generation"] != "'1'") {
  }
  reports.next("ready");
  for (const char* generation : {"2", "3"}) {
    ::kill(pid, SIGUSR2);
    reports.next("logged");
    place.edit("fence", generation);
    expect_start(generation, "fence");
  }
  end(program);
}

/// In the child: the kernel refuses filters from now on, as a container may do.
void forbid_filters() {
  std::array filter{sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                    sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
                    sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
                    sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{filter.size(), filter.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) ::_exit(97);
}

TEST_P(BuildOutput, ThatTheKernelDoesNotTellLeadsToOneMoreBuild) {
  write("app.c", "1");
  auto invocation = building("echo line >> ../builds; cp app.c out.c");
  invocation.prepare = forbid_filters;
  Program program(invocation);
  program.expect("the kernel does not tell what a build writes");
  expect_start("1", "");
  EXPECT_EQ(content_of(place.beside("builds")), "line\nline\n");
  expect_one_restart_each(2, {"app.c", "fence"});
  EXPECT_EQ(content_of(place.beside("builds")), "line\nline\nline\nline\nline\nline\n");
  end(program);
  EXPECT_EQ(program.said().find("the kernel does not"),
            program.said().rfind("the kernel does not"));
}

}  // namespace
}  // namespace reloadrun::test
