#include "helpers/shell.hpp"

#include <algorithm>

#include "helpers/deadline.hpp"
#include "helpers/processes.hpp"
#include "proc/tree.hpp"

namespace reloadrun::test {
namespace {

constexpr auto prompt = "ready> ";  // a line of its own, as lines are what is awaited

}  // namespace

Shell::Shell(const std::filesystem::path& directory)
    : program_({.arguments = {"bash", "--norc", "--noprofile", "-i"},
                .directory = directory,
                .environment = {std::string("PS1=") + prompt + "\\n", "TERM=dumb", "HISTFILE="},
                .terminal = true}) {
  expect_prompt();
}

void Shell::start(const std::string& line) { program_.type(line + "\n"); }

void Shell::expect_prompt() { program_.expect(prompt); }

void Shell::expect_all_stopped() {
  expect_prompt();
  eventually("that all has stopped", [this] {
    const auto processes = proc::descendants();
    return std::all_of(processes.begin(), processes.end(), [this](const auto& process) {
      return process.stopped || process.pid == program_.pid() || blocks_stops(process.pid);
    });
  });
}

std::string Shell::modes() {
  start("echo mo''des=$(stty -g)");  // the terminal's echo of this line does not say "modes="
  std::string modes = program_.expect("modes=");
  expect_prompt();
  return modes;
}

std::size_t Shell::children() { return proc::children_of(program_.pid()).size(); }

void Shell::exit() {
  start("exit");
  program_.wait();
}

}  // namespace reloadrun::test
