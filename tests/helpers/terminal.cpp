#include "helpers/terminal.hpp"

#include <termios.h>

namespace reloadrun::test {

Invocation OnTerminal::on_terminal(const Words& options, const Words& command) const {
  auto invocation = reloadrun(options, command);
  invocation.terminal = true;
  return invocation;
}

std::string OnTerminal::line(const Words& options, const Words& command) const {
  std::string text;
  for (const auto& word : reloadrun(options, command).arguments) text += "'" + word + "' ";
  return text;
}

bool OnTerminal::is_raw(const Program& program) {
  termios modes{};
  EXPECT_EQ(::tcgetattr(program.terminal(), &modes), 0);
  return (modes.c_lflag & (ECHO | ICANON)) == 0;
}

}  // namespace reloadrun::test
