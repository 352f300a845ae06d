// --keep-ports: what it says, with other options, and where it cannot be had.

#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <regex>
#include <string>

#include "e2e/keeping.hpp"

namespace reloadrun::test {
namespace {

class KeepPortsWith : public Keeping {
 protected:
  static void expect_once(Program& program, const std::string& text) {
    const std::string& said = program.said();
    const auto first = said.find(text);
    ASSERT_NE(first, std::string::npos) << said;
    EXPECT_EQ(said.find(text, first + 1), std::string::npos) << said;
  }
};

TEST_F(KeepPortsWith, SaysWhereAndSinceWhen) {
  Program program(keeping());
  const auto is = [](const std::string& line, const std::string& since) {
    return std::regex_search(
        line, std::regex("listening on 127\\.0\\.0\\.1:[0-9]+, [0-9.]+ m?s after " + since + "$"));
  };
  std::string line = expect_listening(program);
  EXPECT_TRUE(is(line, "its start")) << line;
  write_server("two");
  line = expect_listening(program);
  EXPECT_TRUE(is(line, "the change")) << line;
  program.signal(SIGUSR1);
  line = expect_listening(program);
  EXPECT_TRUE(is(line, "it was asked for")) << line;
  end(program);
}

// As browser-sync and others do: they would take the next one.
TEST_F(KeepPortsWith, AServerThatConnectsToLearnWhetherItsPortIsFree) {
  write_server("one", fmt::format("import socket\n"
                                  "if socket.socket().connect_ex(('127.0.0.1', {})) == 0:\n"
                                  "    sys.exit('somebody has it')\n",
                                  port));
  Program program(keeping());
  expect_listening(program);
  Client client(port);
  client.expect_answers();
  for (int restart = 1; restart <= 3; ++restart) {
    place.edit(fmt::format("settings{}.py", restart), "");
    expect_listening(program);
    client.expect_answers();
  }
  expect_none_refused(client);
  end(program);
  EXPECT_EQ(program.said().find("somebody has it"), std::string::npos);
}

TEST_F(KeepPortsWith, ABuild) {
  Program program(keeping({"--build", "test ! -e ../broken"}));
  expect_listening(program);
  Client client(port);
  client.expect_answers();
  std::ofstream(place.beside("broken")) << "yes";
  write_server("two");
  program.expect("the next change builds again");
  client.expect_answers();
  EXPECT_EQ(ask(port).body, "one");
  std::filesystem::remove(place.beside("broken"));
  expect_served_anew(program, client, "three");
  EXPECT_EQ(ask(port).body, "three");
  expect_none_refused(client);
  end(program);
}

TEST_F(KeepPortsWith, ASignalInPlaceOfARestart) {
  write_server("one", "signal.signal(signal.SIGHUP, lambda *ignored: None)\n");
  Program program(keeping({"--soft", "*.mo=HUP"}));
  expect_listening(program);
  Client client(port);
  client.expect_answers();
  place.edit("django.mo", "text");
  program.expect("django.mo appeared: SIGHUP to");
  client.expect_answers();
  expect_served_anew(program, client, "two");
  expect_none_refused(client);
  end(program);
}

TEST_F(KeepPortsWith, Follow) {
  std::filesystem::create_directory(place.beside("elsewhere"));
  place.edit("../elsewhere/far.py", "GREETING = b'far'\n");
  write_server("one",
               "sys.path.insert(0, '../elsewhere')\n"
               "import far\n");
  Program program(keeping({"--follow"}));
  expect_listening(program);
  Client client(port);
  client.expect_answers();
  place.edit("../elsewhere/far.py", "GREETING = b'farther'\n");
  program.expect("far.py changed");
  expect_listening(program);
  client.expect_answers();
  expect_none_refused(client);
  end(program);
}

// The socket that is given is none that is kept, though the server listens to it again.
TEST_F(KeepPortsWith, Listen) {
  const int given = free_port();
  write_server("one",
               "import socket, threading\n"
               "second = socket.socket(fileno=3)\n"
               "second.listen()\n"
               "def serve():\n"
               "    while True:\n"
               "        connection, address = second.accept()\n"
               "        connection.recv(1000)\n"
               "        connection.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\ngiven')\n"
               "        connection.close()\n"
               "threading.Thread(target=serve, daemon=True).start()\n");
  auto invocation = keeping({"--listen", std::to_string(given)});
  invocation.prepare = [] { ::closefrom(3); };
  Program program(invocation);
  expect_listening(program);
  Client client(port);
  client.expect_answers();
  for (int restart = 1; restart <= 3; ++restart) {
    EXPECT_EQ(ask(given).body, "given");
    place.edit(fmt::format("settings{}.py", restart), "");
    expect_listening(program);
    client.expect_answers();
  }
  EXPECT_EQ(ask(given).body, "given");
  expect_none_refused(client);
  end(program);
}

// The kernel lets one program answer for a process. The outer one does.
TEST_F(KeepPortsWith, AnotherReloadrunInside) {
  Words inner{reloadrun_path(), "--interval", "20ms", "--keep-ports", "--"};
  inner.insert(inner.end(), server.begin(), server.end());
  std::ofstream(place.beside("outers")) << "watched";
  Program program(reloadrun({"--keep-ports", "-w", place.beside("outers")}, inner));
  expect_listening(program);
  Client client(port);
  client.expect_answers();
  for (const char* greeting : {"two", "three"}) {
    write_server(greeting);
    expect_answer(port, "/", greeting);
  }
  expect_none_refused(client);
  end(program);
  expect_once(program, "who has started reloadrun answers system calls already");
}

TEST_F(KeepPortsWith, AnOrdinaryUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "every other test is this one then";
  ASSERT_EQ(::chmod(place.work().parent_path().c_str(), 0755), 0);
  auto invocation = keeping();
  invocation.prepare = [] {
    constexpr uid_t nobody = 65534;
    if (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(1);
  };
  Program program(invocation);
  expect_listening(program);
  Client client(port);
  client.expect_answers();
  expect_served_anew(program, client, "two");
  expect_none_refused(client);
  end(program);
}

TEST_F(KeepPortsWith, AProgramThatGainsRightsRunsWithout) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a program of another user";
  const auto as_root = place.beside("as_root");
  std::filesystem::copy_file(test_target_path(), as_root);
  ASSERT_EQ(::chmod(as_root.c_str(), 04755), 0);
  ASSERT_EQ(::chmod(place.work().parent_path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(reports.path().c_str(), 0666), 0);
  auto command = target({"become-root"});  // which it could not without
  command.front() = as_root;
  auto invocation = reloadrun({"--keep-ports", "--stop-timeout", "100ms"}, command);
  invocation.prepare = [] {
    constexpr uid_t nobody = 65534;
    if (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(1);
  };
  Program program(invocation);
  const auto start = reports.next("start");
  reports.next("ready");
  program.expect(
      "as_root has rights of its own, which --keep-ports would take from it: the "
      "ports of ");
  ::kill(start.number("pid"), SIGKILL);  // which reloadrun may not
  program.expect("waiting for a change");
  end(program);
}

}  // namespace
}  // namespace reloadrun::test
