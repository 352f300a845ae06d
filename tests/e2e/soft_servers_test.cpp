// --soft with real servers: nginx, which reads its configuration again on HUP, and a Django program
// that forgets its translations, as Django's own reloader makes it do.

#include <filesystem>
#include <fstream>
#include <string>

#include "fmt/format.h"
#include "helpers/deadline.hpp"
#include "helpers/fixture.hpp"
#include "helpers/http.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

class SoftServers : public EndToEnd {
 protected:
  /// The pid in the next line that tells of a start.
  static pid_t pid_of_next(Program& program, const char* started) {
    const std::string line = program.expect(started);
    return std::stoi(line.substr(line.rfind(' ') + 1));
  }

  int port = free_port();
};

class Nginx : public SoftServers {
 protected:
  /// A configuration that answers this, and writes nothing outside of the test's place.
  void configure(const std::string& answer) const {
    std::string text =
        fmt::format("daemon off;\nworker_processes 2;\npid {};\nevents {{}}\nhttp {{\n",
                    place.beside("nginx.pid").string());
    text += "access_log off;\n";
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      text += fmt::format("{}_temp_path {};\n", kind, place.beside(kind).string());
    }
    text += fmt::format("server {{ listen 127.0.0.1:{}; location / {{ return 200 '{}'; }} }}\n}}\n",
                        port, answer);
    place.edit("site.conf", text);
  }
  [[nodiscard]] Words nginx() const {
    return {"/usr/sbin/nginx", "-e", "stderr", "-c", place.work() / "site.conf"};
  }
};

TEST_F(Nginx, ServesAnEditedConfigurationFromTheSameProcess) {
  configure("one");
  // Long enough for two edits to be one burst on a busy machine.
  Program program(reloadrun({"--soft", "*.conf=HUP", "--settle", "1s"}, nginx()));
  const pid_t master = pid_of_next(program, "started, pid");
  expect_answer(port, "/", "one");
  for (const char* answer : {"two", "three"}) {
    configure(answer);
    program.expect("site.conf changed: SIGHUP to /usr/sbin/nginx");
    expect_answer(port, "/", answer);
    EXPECT_TRUE(is_alive(master));
  }
  EXPECT_EQ(program.said().find("restarted in"), std::string::npos);
  configure("four");
  place.edit("page.html", "new");
  program.expect("site.conf changed, page.html appeared: stopping");
  EXPECT_NE(pid_of_next(program, "restarted in"), master);
  expect_answer(port, "/", "four");
  EXPECT_FALSE(is_alive(master));
  end(program);
  EXPECT_EQ(listener_of(port), -1);
}

class Django : public SoftServers {
 protected:
  /// A site that greets in German, and forgets on HUP what it has read.
  void write_site() const {
    std::ofstream(place.work() / "site_under_test.py")
        << "import gettext, os, signal, sys\n"
           "from asgiref.local import Local\n"
           "from django.conf import settings\n"
           "from django.core.management import execute_from_command_line\n"
           "from django.http import HttpResponse\n"
           "from django.urls import path\n"
           "from django.utils.translation import gettext as _, trans_real\n"
           "def reset_translations(number, frame):\n"
           "    gettext._translations = {}\n"
           "    trans_real._translations = {}\n"
           "    trans_real._default = None\n"
           "    trans_real._active = Local()\n"
           "signal.signal(signal.SIGHUP, reset_translations)\n"
           "def greet(request): return HttpResponse(_('greeting'))\n"
           "def process(request): return HttpResponse(str(os.getpid()))\n"
           "settings.configure(DEBUG=True, SECRET_KEY='for a test', ALLOWED_HOSTS=['*'],\n"
           "                   ROOT_URLCONF='__main__', USE_I18N=True, LANGUAGE_CODE='de',\n"
           "                   LOCALE_PATHS=['locale'])\n"
           "urlpatterns = [path('greet', greet), path('process', process)]\n"
           "execute_from_command_line(sys.argv)\n";
  }
  /// As `compilemessages` does: msgfmt writes the .mo file in place.
  void translate(const std::string& greeting) const {
    const fs::path messages = place.work() / "locale/de/LC_MESSAGES";
    fs::create_directories(messages);
    std::ofstream(place.beside("django.po"))
        << "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n"
        << "msgid \"greeting\"\nmsgstr \"" << greeting << "\"\n";
    Program msgfmt(
        {.arguments = {"msgfmt", "-o", messages / "django.mo", place.beside("django.po")},
         .directory = place.work()});
    EXPECT_EQ(msgfmt.wait(), Ending{}) << msgfmt.said();
  }
};

TEST_F(Django, ServesANewTranslationFromTheSameProcess) {
  write_site();
  translate("Guten Tag");
  auto invocation = reloadrun(
      {"-e", "py,mo", "--soft", "*.mo=HUP"},
      {python, "site_under_test.py", "runserver", "--noreload", std::to_string(port)});
  invocation.environment = {"PYTHONDONTWRITEBYTECODE=1"};
  Program program(invocation);
  const auto process = std::to_string(pid_of_next(program, "started, pid"));
  expect_answer(port, "/greet", "Guten Tag");
  for (const char* greeting : {"Moin", "Servus"}) {
    translate(greeting);
    program.expect("django.mo changed: SIGHUP to ");
    expect_answer(port, "/greet", greeting);
    EXPECT_EQ(get(port, "/process"), process);
  }
  EXPECT_EQ(program.said().find("restarted in"), std::string::npos);
  place.edit("views.py", "");
  EXPECT_NE(std::to_string(pid_of_next(program, "restarted in")), process);
  expect_answer(port, "/greet", "Servus");
  end(program);
  EXPECT_EQ(listener_of(port), -1);
}

}  // namespace
}  // namespace reloadrun::test
