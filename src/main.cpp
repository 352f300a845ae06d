// reloadrun, the command: cli reads what is wanted, app runs it.

#include <unistd.h>

#include <exception>

#include "app/fault.hpp"
#include "app/named_file.hpp"
#include "app/run.hpp"
#include "cli/command_line.hpp"
#include "reloadrun/error.hpp"

int main(int argc, char** argv) {
  using namespace reloadrun;
  int status = status_failure;
  try {
    status = app::run({argv, argv + argc},
                      [=] { return cli::parse(argc, argv, app::read_config_file); });
  } catch (const Error& error) {
    app::tell_fault(error.what(), error.what_to_do());
    status = error.exit_status();
  } catch (const std::exception& error) {
    app::tell_fault(error.what(), app::report_it);
  }
  ::_exit(status);  // not exit(): destructors must not race a thread that still waits
}
