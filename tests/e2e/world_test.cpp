// What is not asked for has no effect on COMMAND: its world, as far as a process can tell, is the
// one that it has without reloadrun. What an option costs stands in a table, of all options.

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "helpers/escape.hpp"
#include "helpers/fixture.hpp"

namespace reloadrun::test {
namespace {

namespace fs = std::filesystem;

/// Of a world, by name: see helpers/world.cpp.
using Fields = std::map<std::string, std::string>;

struct Difference {
  std::string without;
  std::string with;
  friend bool operator==(const Difference&, const Difference&) = default;
};
using Differences = std::map<std::string, Difference>;

constexpr auto nothing = "(nothing)";

void PrintTo(const Difference& one, std::ostream* stream) {
  *stream << one.without << " -> " << one.with;
}

/// What one process cannot have in common with another, and why.
const std::map<std::string, std::string> not_compared{
    {"Pid", "every process has its own"},
    {"Tgid", "every process has its own"},
    {"Ngid", "of NUMA's balancing, at the moment"},
    {"NSpid", "every process has its own"},
    {"NStgid", "every process has its own"},
    {"NSpgid", "told as the group"},
    {"NSsid", "told as the session"},
    {"PPid", "its parent is a reloader"},
    {"FDSize", "what room the kernel has made, not what is in it"},
    {"SigQ", "of all the user's processes; its limit is told among the limits"},
    {"voluntary_ctxt_switches", "a count of the moment"},
    {"nonvoluntary_ctxt_switches", "a count of the moment"},
};

bool is_compared(const std::string& field) {
  const bool memory = field.starts_with("Vm") || field.starts_with("Rss");  // of the moment
  return !memory && field != "HugetlbPages" && !not_compared.contains(field);
}

Differences differences(const Fields& without, const Fields& with) {
  Differences found;
  const auto value_in = [](const Fields& fields, const std::string& name) {
    const auto at = fields.find(name);
    return at == fields.end() ? nothing : at->second;
  };
  for (const Fields* const fields : {&without, &with}) {
    for (const auto& [name, value] : *fields) {
      const Difference one{value_in(without, name), value_in(with, name)};
      if (is_compared(name) && one.without != one.with) found[name] = one;
    }
  }
  return found;
}

/// What an option is given as, and what of COMMAND's world it may change.
struct Row {
  std::string option;
  Words words;
  Fields gives{};            ///< fields, and their values then
  bool hears_calls = false;  ///< costs a filter, and an ordinary user the right to rights
  bool starts = true;        ///< otherwise it prints, and COMMAND does not run
  bool waits = false;        ///< until USR1 comes
};

class World : public EndToEnd {
 protected:
  World() {
    fs::create_directory(worlds_);
    for (const auto& directory : {place.work().parent_path(), place.work(), worlds_}) {
      fs::permissions(directory, fs::perms::all);
    }
    std::ofstream(place.work() / "list") << "list\n";
    std::ofstream(place.work() / "env") << "FROM_A_FILE=1\n";
    std::ofstream(place.work() / "settings.toml") << "verbose = true\n";
  }

  /// stdin is a file, and above stderr nothing is open.
  Invocation in_this_world(const Words& arguments) const {
    Invocation invocation{.arguments = arguments, .directory = place.work()};
    invocation.terminal = terminal_;
    invocation.prepare = [this] {
      const int list = ::open("list", O_RDONLY | O_CLOEXEC);
      if (list < 0 || (!terminal_ && ::dup2(list, STDIN_FILENO) < 0)) ::_exit(97);
      ::closefrom(3);
      prepare_();
    };
    return invocation;
  }

  void as_an_ordinary_user() {
    constexpr uid_t nobody = 65534;
    prepare_ = [] {
      if (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0) {
        ::_exit(96);
      }
    };
  }

  Words command() const { return {WORLD_PATH, world_file(), "then-wait"}; }
  fs::path world_file() const { return worlds_ / "world"; }

  /// What COMMAND tells next. `program`: which was started.
  Fields next_world(Program& program, const fs::path& file) const {
    eventually(file.string(), [&] {
      static_cast<void>(program.said());  // so that it never waits for us
      return fs::exists(file);
    });
    Fields fields;
    std::istringstream lines(content_of(file));
    for (std::string line; std::getline(lines, line);) {
      const auto equals = line.find('=');
      fields[unescape(line.substr(0, equals))] = unescape(line.substr(equals + 1));
    }
    fs::remove(file);
    const std::string itself = fields["Pid"];
    for (const char* name : {"group", "session", "foreground group", "terminal's group"}) {
      const auto at = fields.find(name);
      if (at == fields.end()) continue;
      if (at->second == std::to_string(program.pid())) at->second = "of who was started";
    }
    if (terminal_) fields.erase("autogroup");  // of the session, which is another each time
    auto& listens = fields["environment LISTEN_PID"];
    listens = listens == itself ? "its pid" : nothing;
    return fields;
  }
  Fields next_world(Program& program) const { return next_world(program, world_file()); }

  Fields world_without(const Words& arguments) const {
    Program program(in_this_world(arguments));
    Fields fields = next_world(program);
    ::kill(-program.pid(), SIGKILL);
    program.wait();
    wait_until_nothing_is_left();
    return fields;
  }
  Fields world_without() const { return world_without(command()); }

  static Differences of_every_start(int generation) {
    return {{"environment RELOADRUN_GENERATION", {nothing, std::to_string(generation)}},
            {"environment RELOADRUN_CHANGED", {nothing, ""}},
            // So that it ends when both of ours are killed in one instant.
            {"parent-death signal", {"0", std::to_string(SIGKILL)}}};
  }

  static void add_filter(const Fields& without, Differences& expected) {
    constexpr std::uint64_t may_filter = std::uint64_t{1} << 21U;  // CAP_SYS_ADMIN
    const auto at = [&](const char* name) { return without.at(name); };
    if (at("Seccomp") != "2") expected["Seccomp"] = {at("Seccomp"), "2"};
    if (without.contains("Seccomp_filters")) {
      expected["Seccomp_filters"] = {at("Seccomp_filters"),
                                     std::to_string(std::stoi(at("Seccomp_filters")) + 1)};
    }
    const bool may = (std::stoull(at("CapEff"), nullptr, 16) & may_filter) != 0;
    if (!may && at("NoNewPrivs") == "0") expected["NoNewPrivs"] = {"0", "1"};
  }

  void expect_nothing_else_differs(const Row& row, const Fields& without) {
    SCOPED_TRACE(row.option);
    Words arguments{reloadrun_path()};
    arguments.insert(arguments.end(), row.words.begin(), row.words.end());
    arguments.emplace_back("--");
    for (const std::string& word : command()) arguments.push_back(word);
    Program program(in_this_world(arguments));
    if (!row.starts) {
      EXPECT_EQ(program.wait(), Ending{});
      EXPECT_FALSE(fs::exists(world_file()));
      return;
    }
    if (row.waits) {
      program.expect("watching");
      program.signal(SIGUSR1);
    }
    for (int generation = 1; generation <= 2; ++generation) {
      const Fields with = next_world(program);
      Differences expected = of_every_start(generation);
      for (const auto& [name, value] : row.gives) {
        const auto before = without.find(name);
        expected[name] = {before == without.end() ? nothing : before->second, value};
      }
      if (row.hears_calls) add_filter(without, expected);
      EXPECT_EQ(differences(without, with), expected) << "in generation " << generation;
      if (generation == 1) program.signal(SIGUSR1);
    }
    program.signal(SIGTERM);
    EXPECT_EQ(program.wait(), Ending{});
  }

  std::vector<Row> rows() const;
  void expect_only_what_options_cost();
  void expect_what_a_build_gets();

  fs::path worlds_ = place.beside("worlds");
  std::function<void()> prepare_ = [] {};
  bool terminal_ = false;
};

std::vector<Row> World::rows() const {
  const std::string build = "touch " + place.beside("worlds/built").string();
  const std::string socket = place.beside("worlds/socket");
  return {
      {"--watch", {"-w", "."}},
      {"--files-from", {"--files-from", "list"}},
      {"--files-from", {"--files-from", "-"}, {{"descriptor 0", "/dev/null 0"}}},
      {"--ext", {"-e", "py"}},
      {"--filter", {"-f", "*.py"}},
      {"--ignore", {"-i", "*.c"}},
      {"--no-gitignore", {"--no-gitignore"}},
      {"--no-default-ignores", {"--no-default-ignores"}},
      {.option = "--list", .words = {"--list"}, .starts = false},
      {.option = "--null", .words = {"--list", "--null"}, .starts = false},
      {.option = "--explain", .words = {"--explain", "list"}, .starts = false},
      {"--watcher", {"--watcher", "auto"}},
      {"--watcher", {"--watcher", "inotify"}},
      {"--watcher", {"--watcher", "stat"}},
      {"--interval", {"--interval", "50ms"}},
      {"--settle", {"--settle", "0"}},
      {"--content", {"--content"}},
      {"--env-file", {"--env-file", "env"}, {{"environment FROM_A_FILE", "1"}}},
      {"--soft", {"--soft", "*.mo=HUP"}},
      {"--build", {"--build", build}},
      {"--on-exit", {"--on-exit", "wait"}},
      {"--on-exit", {"--on-exit", "exit"}},
      {"--on-exit", {"--on-exit", "restart"}},
      {"--stop-signal", {"--stop-signal", "INT"}},
      {"--stop-timeout", {"--stop-timeout", "1s"}},
      {.option = "--postpone", .words = {"--postpone"}, .waits = true},
      {"--clear", {"--clear"}},
      {"--listen",
       {"--listen", "web=unix:" + socket},
       {{"descriptor 3", "socket 2"},
        {"environment LISTEN_FDS", "1"},
        {"environment LISTEN_FDNAMES", "web"},
        {"environment LISTEN_PID", "its pid"}}},
      {.option = "--keep-ports", .words = {"--keep-ports"}, .hears_calls = true},
      {.option = "--follow", .words = {"--follow"}, .hears_calls = true},
      {.option = "--follow", .words = {"--follow", "--keep-ports"}, .hears_calls = true},
      {"--quiet", {"-q"}},
      {"--verbose", {"-v"}},
      {"--color", {"--color", "always"}},
      {.option = "--help", .words = {"--help"}, .starts = false},
      {.option = "--version", .words = {"--version"}, .starts = false},
      {"--config", {"--config", "settings.toml"}},
      {"--no-config", {"--no-config"}},
  };
}

void World::expect_only_what_options_cost() {
  const Fields without = world_without();
  expect_nothing_else_differs({"no option", {}}, without);
  for (const Row& row : rows()) expect_nothing_else_differs(row, without);
}

TEST_F(World, EveryOptionIsInTheTable) {
  Program program({.arguments = {reloadrun_path(), "--help"}, .directory = place.work()});
  EXPECT_EQ(program.wait(), Ending{});
  std::set<std::string> in_help;
  std::istringstream lines(program.printed());
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  -")) continue;
    const auto name = line.find("--");
    in_help.insert(line.substr(name, line.find(' ', name) - name));
  }
  std::set<std::string> in_table;
  for (const Row& row : rows()) in_table.insert(row.option);
  EXPECT_EQ(in_help, in_table);
}

TEST_F(World, IsTheSameButForWhatOptionsCost) { expect_only_what_options_cost(); }

TEST_F(World, IsTheSameButForWhatOptionsCostAnOrdinaryUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "the other test is this one then";
  as_an_ordinary_user();
  expect_only_what_options_cost();
}

/// Whatever was set before reloadrun, COMMAND finds as it is.
TEST_F(World, OfAnotherKindIsTheSame) {
  prepare_ = [] {
    const auto limit = [](auto what, rlim_t value) {
      const rlimit both{value, value + 1};
      if (::setrlimit(what, &both) != 0) ::_exit(95);
    };
    limit(RLIMIT_NOFILE, 500);
#ifndef WITH_SANITIZER  // it sets another limit
    limit(RLIMIT_CORE, 4096);
#endif
    limit(RLIMIT_STACK, 1 << 20);
    limit(RLIMIT_FSIZE, 1 << 30);
    ::umask(027);
    ::nice(3);
    ::prctl(PR_SET_TIMERSLACK, 1234567);
    ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    ::personality(ADDR_NO_RANDOMIZE);
    const sched_param none{};
    if (::sched_setscheduler(0, SCHED_BATCH, &none) != 0) ::_exit(94);
    std::ofstream("/proc/self/oom_score_adj") << 321;
    std::ofstream("/proc/self/coredump_filter") << 0x7;
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int one : {SIGALRM, SIGXFSZ, SIGTTOU, SIGRTMIN + 1}) sigaddset(&blocked, one);
    ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
    for (const int one : {SIGCHLD, SIGPIPE, SIGXCPU, SIGTTIN}) ::signal(one, SIG_IGN);
    ::dup2(STDIN_FILENO, 9);
    ::setenv("GIVEN", "as it is", 1);
  };
  expect_nothing_else_differs({"no option", {}}, world_without());
}

TEST_F(World, OnATerminalIsTheSame) {
  terminal_ = true;
  expect_nothing_else_differs({"no option", {}}, world_without());
}

void World::expect_what_a_build_gets() {
  const fs::path file = worlds_ / "build";
  const std::string build = "exec " WORLD_PATH " " + file.string();
  Fields without;
  {
    Program program(in_this_world({"sh", "-c", build}));
    without = next_world(program, file);
    program.wait();
  }
  Program program(in_this_world({reloadrun_path(), "--build", build, "--", "sleep", "1000"}));
  const Fields with = next_world(program, file);
  Differences expected{{"descriptor 0", {without.at("descriptor 0"), "/dev/null 0"}},
                       {"parent-death signal", {"0", std::to_string(SIGKILL)}}};
  add_filter(without, expected);
  EXPECT_EQ(differences(without, with), expected);
  program.expect("started");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

TEST_F(World, OfABuild) { expect_what_a_build_gets(); }

TEST_F(World, OfAnOrdinaryUsersBuild) {
  if (::geteuid() != 0) GTEST_SKIP() << "the other test is this one then";
  as_an_ordinary_user();
  expect_what_a_build_gets();
}

/// As sudo below a shell does.
TEST_F(World, AProgramThatGainsRightsBelowCommand) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a program of root's";
  const auto of_root = place.beside("of_root");
  fs::copy_file(WORLD_PATH, of_root);
  ASSERT_EQ(::chmod(of_root.c_str(), 04755), 0);
  as_an_ordinary_user();
  const std::string below = of_root.string() + " " + world_file().string() + "; sleep 1000";
  const auto effective_user = [](const Fields& fields) {
    std::istringstream ids(fields.at("Uid"));
    std::string real;
    std::string effective;
    ids >> real >> effective;
    return effective;
  };
  if (effective_user(world_without({"sh", "-c", below})) != "0") {
    GTEST_SKIP() << "no program gains rights here";
  }
  Program program(in_this_world({reloadrun_path(), "--", "sh", "-c", below}));
  EXPECT_EQ(effective_user(next_world(program)), "0");
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), Ending{});
}

}  // namespace
}  // namespace reloadrun::test
