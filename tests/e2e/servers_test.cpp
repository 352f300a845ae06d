// Real servers under reloadrun, run and stopped from a real shell on a terminal.

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "fmt/format.h"
#include "helpers/fixture.hpp"
#include "helpers/http.hpp"
#include "helpers/shell.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class Servers : public EndToEnd {
 protected:
  /// Ctrl-C at the shell's terminal ends what runs there; everything is as before.
  void expect_clean_end(Shell& shell, const std::string& modes_before) const {
    shell.program().type("\x03");
    shell.expect_prompt();
    EXPECT_EQ(shell.children(), 0U);
    EXPECT_EQ(listener_of(port), -1);
    EXPECT_EQ(shell.modes(), modes_before);
    shell.exit();
  }
  [[nodiscard]] std::string run(const std::string& options, const std::string& command) const {
    return fmt::format("{} --interval 20ms {} -- {}", reloadrun_path(), options, command);
  }

  int port = free_port();
};

TEST_F(Servers, PythonsHttpServerEditedTenTimes) {
  place.edit("page.html", "edit 0");
  Shell shell(place.work());
  const std::string modes = shell.modes();
  shell.start(run("", fmt::format("{} -m http.server --bind 127.0.0.1 {}", python, port)));
  expect_answer(port, "/page.html", "edit 0");
  std::set<pid_t> answered_by{listener_of(port)};
  for (int edit = 1; edit <= 10; ++edit) {
    const std::string content = fmt::format("edit {}", edit);
    place.edit("page.html", content);
    shell.program().expect("page.html changed");
    shell.program().expect("restarted in");
    expect_answer(port, "/page.html", content);
    EXPECT_TRUE(answered_by.insert(listener_of(port)).second) << "the same process, edit " << edit;
  }
  expect_clean_end(shell, modes);
}

TEST_F(Servers, DjangosRunserverEditedTenTimes) {
  // With Django's own reloader, which would take a RUN_MAIN that reached it for its own.
  std::ofstream(place.work() / "site_under_test.py")
      << "import os, sys\n"
         "from django.conf import settings\n"
         "from django.core.management import execute_from_command_line\n"
         "from django.http import HttpResponse\n"
         "from django.urls import path\n"
         "from content import TEXT\n"
         "def content(request): return HttpResponse(TEXT)\n"
         "def process(request): return HttpResponse(str(os.getpid()))\n"
         "settings.configure(DEBUG=True, SECRET_KEY='for a test', ALLOWED_HOSTS=['*'],\n"
         "                   ROOT_URLCONF='__main__')\n"
         "urlpatterns = [path('content', content), path('process', process)]\n"
         "execute_from_command_line(sys.argv)\n";
  place.edit("content.py", "TEXT = 'edit 0'\n");
  Shell shell(place.work());
  const std::string modes = shell.modes();
  // Python takes bytecode for fresh when the source's size and second are the same, as they are
  // here.
  shell.start("PYTHONDONTWRITEBYTECODE=1 " +
              run("-e py", fmt::format("{} site_under_test.py runserver {}", python, port)));
  expect_answer(port, "/content", "edit 0");
  std::set<std::string> answered_by{get(port, "/process").value_or("")};
  for (int edit = 1; edit <= 10; ++edit) {
    place.edit("content.py", fmt::format("TEXT = 'edit {}'\n", edit));
    shell.program().expect("content.py changed");
    shell.program().expect("restarted in");
    expect_answer(port, "/content", fmt::format("edit {}", edit));
    EXPECT_TRUE(answered_by.insert(get(port, "/process").value_or("")).second)
        << "the same process, edit " << edit;
  }
  expect_clean_end(shell, modes);
}

TEST_F(Servers, TheExampleServerFromAMakefile) {
  // As a linker makes it: a new file in the old one's place.
  const auto build = [this] {
    fs::copy_file(HELLO_SERVER_PATH, place.beside("linked"));
    fs::rename(place.beside("linked"), place.work() / "server");
  };
  build();
  std::ofstream(place.work() / "Makefile")
      << "dev:\n\t" << run("-w server", fmt::format("./server --port {}", port)) << "\n";
  Shell shell(place.work());
  const std::string modes = shell.modes();
  shell.start("make dev");
  eventually("the server listens", [this] { return listener_of(port) != -1; });
  const pid_t first = listener_of(port);
  EXPECT_EQ(get(port, "/"), fmt::format("Hello from process {}\n", first));
  build();
  shell.program().expect("restarted in");
  eventually("the new server listens", [&] {
    const pid_t now = listener_of(port);
    return now != -1 && now != first;
  });
  EXPECT_EQ(get(port, "/"), fmt::format("Hello from process {}\n", listener_of(port)));
  expect_clean_end(shell, modes);
}

}  // namespace
}  // namespace reloadrun::test
