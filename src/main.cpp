// reloadrun, the command: cli reads what is wanted, app runs it.

#include <unistd.h>

#include <exception>

#include "app/run.hpp"
#include "cli/command_line.hpp"
#include "fmt/format.h"
#include "reloadrun/error.hpp"

int main(int argc, char** argv) {
  int status = reloadrun::status_failure;
  try {
    status =
        reloadrun::app::run({argv, argv + argc}, [=] { return reloadrun::cli::parse(argc, argv); });
  } catch (const reloadrun::Error& error) {
    fmt::print(stderr, "reloadrun: {}: {}\n", error.what(), error.what_to_do());
    status = error.exit_status();
  } catch (const std::exception& error) {
    fmt::print(stderr, "reloadrun: {}: see what the system lacks, then try again\n", error.what());
  }
  ::_exit(status);  // not exit(): destructors must not race a thread that still waits
}
