// What the target opens outside of the watched directories is watched, and what it opens to write
// is output (--follow).

#include <filesystem>
#include <fstream>

#include "fmt/format.h"
#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class Follow : public EndToEnd, public testing::WithParamInterface<const char*> {
 protected:
  Follow() { fs::create_directory(far); }

  /// A Python program in the place that does this and waits. tell(EVENT, NAME=VALUE...) reports.
  [[nodiscard]] Words python(const std::string& does) const {
    std::ofstream(place.work() / "app.py") << fmt::format(
        "import os, sys, time\n"
        "def tell(event, **fields):\n"
        "    fd = os.open('{}', os.O_WRONLY)\n"
        "    os.write(fd, (event + ''.join(f' {{k}}={{v}}' for k, v in fields.items()) + '\\n')"
        ".encode())\n"
        "    os.close(fd)\n"
        "def started(**fields):\n"
        "    tell('start', generation=os.environ['RELOADRUN_GENERATION'],\n"
        "         changed=os.environ['RELOADRUN_CHANGED'].replace('\\n', ','), **fields)\n"
        "far = '{}'\n"
        "sys.path.append(far)\n"
        "{}\n"
        "while True: time.sleep(100)\n",
        reports.path(), far.string(), does);
    return {"/usr/bin/python3", "app.py"};
  }
  [[nodiscard]] Invocation following(const std::string& does, Words more = {}) const {
    more.insert(more.end(), {"-v", "--follow", "--watcher", GetParam()});
    return reloadrun(more, python(does));
  }

  void edit_far(const std::string& name, const std::string& content) const {
    place.edit("../far/" + name, content);
  }
  [[nodiscard]] std::string in_far(const std::string& name) const { return (far / name).string(); }

  Report expect_start(int generation, const std::string& changed) {
    auto start = reports.next("start");
    EXPECT_EQ(start.number("generation"), generation);
    EXPECT_EQ(start["changed"], changed);
    return start;
  }
  /// Had anything before been a change, it would be named, or this be a later generation.
  void expect_only_the_fence(int generation) {
    place.edit("fence", std::to_string(generation));
    expect_start(generation, "fence");
  }

  const fs::path far = place.beside("far");
};

INSTANTIATE_TEST_SUITE_P(Watcher, Follow, testing::Values("auto", "stat"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(Follow, AModuleFarAway) {
  edit_far("module.py", "value = 1");
  Program program(following("import module; started(value=module.value)"));
  EXPECT_EQ(expect_start(1, "")["value"], "1");
  for (int generation = 2; generation <= 4; ++generation) {
    // Of another size: by that and by whole seconds Python knows what it has compiled.
    edit_far("module.py", fmt::format("value = {}  {:#>{}}", generation, "", generation));
    EXPECT_EQ(expect_start(generation, in_far("module.py")).number("value"), generation);
  }
  program.expect("following " + in_far("module.py"));
  expect_only_the_fence(5);
  end(program);
}

TEST_P(Follow, AModuleOfWhichOnlyTheCompiledFormIsOpened) {
  edit_far("module.py", "value = 1");
  const std::string does = "import module; started(value=module.value)";
  {
    Program program(following(does));
    expect_start(1, "");
    end(program);
  }
  Program program(following(does));  // it finds __pycache__
  expect_start(1, "");
  edit_far("module.py", "value = 22");
  EXPECT_EQ(expect_start(2, in_far("module.py"))["value"], "22");
  end(program);
}

TEST_P(Follow, AModuleThatAppears) {
  Program program(
      following("try: import late; found = late.value\n"
                "except (ImportError, AttributeError): found = 'none'\n"
                "started(found=found)"));
  EXPECT_EQ(expect_start(1, "")["found"], "none");
  edit_far("notes.db", "of no interest");
  edit_far("late.py", "value = 5");
  EXPECT_EQ(expect_start(2, in_far("late.py"))["found"], "5");
  fs::remove(far / "late.py");
  EXPECT_EQ(expect_start(3, in_far("late.py"))["found"], "none");
  edit_far("late.py", "value = 66");
  EXPECT_EQ(expect_start(4, in_far("late.py"))["found"], "66");
  fs::remove(far / "late.py");
  expect_start(5, in_far("late.py"));
  fs::create_directory(far / "late");
  expect_start(6, in_far("late"));
  edit_far("late/__init__.py", "value = 7");
  EXPECT_EQ(expect_start(7, in_far("late/__init__.py"))["found"], "7");
  end(program);
}

TEST_P(Follow, WhatIsSeenBeforeItIsOpenedAgain) {
  edit_far("module.py", "value = 1");
  Program program(
      following("if os.environ['RELOADRUN_GENERATION'] == '1': import module\n"
                "started()"));
  expect_start(1, "");
  expect_only_the_fence(2);
  edit_far("module.py", "value = 22");
  expect_start(3, in_far("module.py"));
  edit_far("new.py", "");
  expect_start(4, in_far("new.py"));
  end(program);
}

TEST_P(Follow, OutputIsNoChangeWhoeverWritesIt) {
  Program program(
      following("import sqlite3\n"
                "def work():\n"
                "    with open('text.out', 'a') as out: out.write('line\\n')\n"
                "    open(far + '/report.txt', 'w').close()\n"
                "    with open('aside', 'w') as out: out.write(str(time.time()))\n"
                "    os.replace('aside', 'made.txt')\n"
                "    base = sqlite3.connect('base.data')\n"
                "    base.execute('create table if not exists t(x)')\n"
                "    base.execute('insert into t values (1)')\n"
                "    base.commit(); base.close()\n"
                "os.listdir(far)\n"
                "for _ in range(3): work()\n"
                "started()"));
  expect_start(1, "");
  expect_only_the_fence(2);
  expect_only_the_fence(3);
  for (const char* output : {"text.out", "made.txt", "base.data", "base.data-journal"}) {
    std::ofstream(place.work() / output, std::ios::app) << "\n";  // nobody holds it now
  }
  std::ofstream(far / "report.txt") << "by hand";
  expect_only_the_fence(4);
  program.expect("text.out is output");
  end(program);
}

TEST_P(Follow, AFileThatIsMissingAtFirst) {
  Program program(
      following("try: text = open(far + '/etc/app.toml').read()\n"
                "except OSError: text = 'none'\n"
                "started(text=text)"));
  EXPECT_EQ(expect_start(1, "")["text"], "none");
  fs::create_directory(far / "etc");
  edit_far("etc/app.toml", "one");
  EXPECT_EQ(expect_start(2, in_far("etc/app.toml"))["text"], "one");
  fs::remove_all(far / "etc");
  EXPECT_EQ(expect_start(3, in_far("etc/app.toml"))["text"], "none");
  fs::create_directory(far / "etc");
  edit_far("etc/app.toml", "two");
  EXPECT_EQ(expect_start(4, in_far("etc/app.toml"))["text"], "two");
  end(program);
}

TEST_P(Follow, ALinkThatComesToLeadElsewhere) {
  edit_far("one", "1");
  edit_far("two", "2");
  fs::create_symlink("one", far / "link");
  Program program(following("started(text=open(far + '/link').read())"));
  EXPECT_EQ(expect_start(1, "")["text"], "1");
  fs::create_symlink("two", far / "aside");
  fs::rename(far / "aside", far / "link");
  EXPECT_EQ(expect_start(2, in_far("link"))["text"], "2");
  end(program);
}

// Each as soon as it was read: whoever has to watch it may not have begun to.
TEST_P(Follow, AFileThatIsChangedAtOnceAfterItWasOpened) {
  constexpr int files = 12;
  for (int i = 1; i <= files; ++i) edit_far(std::to_string(i), "old");
  Program program(
      following("name = far + '/' + os.environ['RELOADRUN_GENERATION']\n"
                "with open(name) as file: file.read()\n"
                "started()"));
  expect_start(1, "");
  for (int i = 1; i < files; ++i) {
    edit_far(std::to_string(i), "newer");
    expect_start(i + 1, in_far(std::to_string(i)));
  }
  end(program);
}

TEST_P(Follow, OfWhateverTheProgramStarts) {
  edit_far("by-child", "1");
  edit_far("by-daemon", "1");
  Program program(
      following("import subprocess\n"
                "subprocess.run(['cat', far + '/by-child'], stdout=subprocess.DEVNULL)\n"
                "if os.fork() == 0:\n"
                "    os.setsid()\n"
                "    open(far + '/by-daemon').close()\n"
                "    started()\n"));
  expect_start(1, "");
  edit_far("by-child", "22");
  expect_start(2, in_far("by-child"));
  edit_far("by-daemon", "22");
  expect_start(3, in_far("by-daemon"));
  end(program);
}

TEST_P(Follow, AThousandFiles) {
  for (int i = 0; i < 1000; ++i) std::ofstream(far / std::to_string(i)) << "x";
  Program program(
      following("for name in range(1000): open(f'{far}/{name}').close()\n"
                "started()"));
  expect_start(1, "");
  edit_far("999", "22");
  expect_start(2, in_far("999"));
  edit_far("0", "22");
  expect_start(3, in_far("0"));
  end(program);
}

TEST_P(Follow, WhatIsIgnoredStaysSo) {
  edit_far("a.cfg", "1");
  edit_far("b.cfg", "1");
  fs::create_directory(far / "venv");
  edit_far("venv/c.cfg", "1");
  std::ofstream(place.work() / ".gitignore") << "local.cfg\n";
  place.edit("local.cfg", "1");
  Program program(
      following("for name in far + '/a.cfg', far + '/b.cfg', far + '/venv/c.cfg', 'local.cfg':\n"
                "    open(name).close()\n"
                "started()",
                {"-i", "a.cfg"}));
  expect_start(1, "");
  edit_far("a.cfg", "22");
  edit_far("venv/c.cfg", "22");
  place.edit("local.cfg", "22");
  expect_only_the_fence(2);
  edit_far("b.cfg", "22");
  expect_start(3, in_far("b.cfg"));
  end(program);
}

TEST_P(Follow, WhatLiesBesideAWatchedDirectory) {
  fs::create_directory(place.work() / "src");
  place.edit("app.cfg", "1");
  Program program(following("open('app.cfg').close(); started()", {"-w", "src"}));
  expect_start(1, "");
  place.edit("app.cfg", "22");
  expect_start(2, "app.cfg");
  place.edit("src/fence", "");
  expect_start(3, "src/fence");
  end(program);
}

TEST_P(Follow, WhatIsOfTheSystemIsNot) {
  Program program(following("import json, email, http.server; started()"));
  expect_start(1, "");
  program.expect("following the names in " + far.string());
  EXPECT_EQ(program.said().find("following /usr"), std::string::npos) << program.said();
  EXPECT_EQ(program.said().find("following /etc"), std::string::npos) << program.said();
  end(program);
}

TEST_P(Follow, WithKeptPorts) {
  edit_far("module.py", "value = 1");
  Program program(
      following("import module, socket\n"
                "s = socket.create_server(('127.0.0.1', 0))\n"
                "started(value=module.value)",
                {"--keep-ports"}));
  expect_start(1, "");
  edit_far("module.py", "value = 22");
  EXPECT_EQ(expect_start(2, in_far("module.py"))["value"], "22");
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
