// reloadrun, the command: cli reads what is wanted, app runs it.

#include <unistd.h>

#include <csignal>
#include <exception>
#include <string>

#include "app/run.hpp"
#include "app/words.hpp"
#include "cli/command_line.hpp"
#include "fmt/format.h"
#include "reloadrun/error.hpp"

namespace {

void say(const std::string& what_is_wrong, const std::string& what_to_do) {
  const auto line = reloadrun::app::printable(what_is_wrong + ": " + what_to_do);
  // A stderr that nobody reads must not decide the status.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), "reloadrun: {}\n", line);
  static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
}

}  // namespace

int main(int argc, char** argv) {
  int status = reloadrun::status_failure;
  try {
    status =
        reloadrun::app::run({argv, argv + argc}, [=] { return reloadrun::cli::parse(argc, argv); });
  } catch (const reloadrun::Error& error) {
    say(error.what(), error.what_to_do());
    status = error.exit_status();
  } catch (const std::exception& error) {
    say(error.what(), "this should not be; see what the system lacks, or report it");
  }
  ::_exit(status);  // not exit(): destructors must not race a thread that still waits
}
