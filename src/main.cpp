// reloadrun, the command: cli reads what is wanted, app runs it.

#include <unistd.h>

#include <exception>

#include "app/fault.hpp"
#include "app/named_file.hpp"
#include "app/run.hpp"
#include "app/stack.hpp"
#include "cli/command_line.hpp"
#include "reloadrun/error.hpp"

namespace {

int given_count = 0;
char** given = nullptr;

[[noreturn]] void run() {
  using namespace reloadrun;
  int status = status_failure;
  try {
    status = app::run({given, given + given_count},
                      [] { return cli::parse(given_count, given, app::read_config_file); });
  } catch (const Error& error) {
    app::tell_fault(error.what(), error.what_to_do());
    status = error.exit_status();
  } catch (const std::exception& error) {
    app::tell_fault(error);
  }
  ::_exit(status);  // not exit(): destructors must not race a thread that still waits
}

}  // namespace

int main(int argc, char** argv) {
  given_count = argc;
  given = argv;
  reloadrun::app::on_large_stack(run);
}
