// What --follow costs, in one run:
//
//     following RELOADRUN [--rounds N] [--check]
//
// An open of a file that is known, and the start-up of a Python program, each with --follow and
// without, in turns; the medians. With --check only the start-up, which has a ratio to pass; ends
// with 1 when it is missed.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "fmt/format.h"
#include "median.hpp"
#include "proc/child.hpp"
#include "proc/spawn.hpp"
#include "tree.hpp"

namespace reloadrun::bench {
namespace {

using Words = std::vector<std::string>;

// What is wanted, and what is left of it on a machine that does other things too. (To come before
// them, as `latency` does, would be no help: the kernel hands a processor over from one who waits to
// one who answers only among processes without a real-time priority.)
constexpr double most_slower = 1.1;
constexpr double most_slower_on_a_loaded_machine = 1.5;
constexpr auto opens = "20000";
const Words python{"/usr/bin/python3", "-c", "import http.server, json, email"};

struct Wanted {
  std::string program{};
  int rounds = 25;
  bool check = false;
};

/// What follow_target says of this work, when it is run in `directory` by reloadrun.
double nanoseconds(const Wanted& wanted, const std::string& directory, bool follows,
                   const Words& work) {
  proc::Program program;
  program.file = wanted.program;
  program.arguments = {"reloadrun", "-q", "--on-exit", "exit", "-w", directory};
  if (follows) program.arguments.emplace_back("--follow");
  program.arguments.emplace_back(FOLLOW_TARGET_PATH);
  program.arguments.insert(program.arguments.end(), work.begin(), work.end());
  program.environment = proc::environment_without({});
  Pipe pipe = make_pipe();
  program.output_fd = pipe.writing.get();
  const auto spawned = proc::spawn(program);
  if (spawned.error != 0) throw std::runtime_error(wanted.program + " cannot be run");
  pipe.writing = Fd();
  std::string said(64, '\0');
  const ssize_t got = ::read(pipe.reading.get(), said.data(), said.size());
  if (proc::wait_for_child(spawned.pid) != Ending{} || got <= 0) {
    throw std::runtime_error("the target of " + wanted.program + " has failed");
  }
  return std::stod(said);
}

struct Compared {
  double without;
  double with;
};

Compared compare(const Wanted& wanted, const std::string& directory, const Words& work) {
  std::vector<double> without;
  std::vector<double> with;
  for (int round = 0; round < wanted.rounds; ++round) {
    without.push_back(nanoseconds(wanted, directory, false, work));
    with.push_back(nanoseconds(wanted, directory, true, work));
  }
  return {median(std::move(without)), median(std::move(with))};
}

void show_opens(const Wanted& wanted, const Tree& watched) {
  const Tree outside(1);
  const std::string file = outside.path() + "/known";
  std::ofstream(file) << "read again and again\n";
  const auto [without, with] = compare(wanted, watched.path(), {"opens", file, opens});
  fmt::print("an open of a known file: {:.2f} us, with --follow {:.2f} us, {:.2f} us more\n",
             without / 1e3, with / 1e3, (with - without) / 1e3);
}

bool show_start_up(const Wanted& wanted, const Tree& watched) {
  Words work{"runs"};
  work.insert(work.end(), python.begin(), python.end());
  const auto [without, with] = compare(wanted, watched.path(), work);
  const double ratio = with / without;
  const double most = wanted.check ? most_slower_on_a_loaded_machine : most_slower;
  fmt::print("{}: python3 -c '{}': {:.1f} ms, with --follow {:.1f} ms, ratio {:.3f}, at most {}\n",
             ratio <= most ? "kept" : "MISSED", python.back(), without / 1e6, with / 1e6,
             ratio, most);
  return ratio <= most;
}

bool show(const Wanted& wanted) {
  const Tree watched(100);
  if (!wanted.check) show_opens(wanted, watched);
  return show_start_up(wanted, watched);
}

Wanted read_arguments(int argc, char** argv) {
  Wanted wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--check") {
      wanted.check = true;
    } else if (word == "--rounds" && i + 1 < argc) {
      wanted.rounds = std::stoi(argv[++i]);
    } else {
      wanted.program = std::filesystem::absolute(word);
    }
  }
  return wanted;
}

}  // namespace
}  // namespace reloadrun::bench

int main(int argc, char** argv) try {
  using namespace reloadrun::bench;
  const auto wanted = read_arguments(argc, argv);
  if (wanted.program.empty()) {
    fmt::print(stderr, "usage: following RELOADRUN [--rounds N] [--check]\n");
    return 2;
  }
  return show(wanted) ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception& error) {
  fmt::print(stderr, "following: {}\n", error.what());
  return 2;
}
