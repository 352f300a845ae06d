// Ends with 7 when its main function has run in a process of its own, and an Error was caught in the
// first; with another status when anything is not as it should be.

#include <cstdlib>
#include <reloadrun/reloadrun.hpp>

namespace {

int serve(const std::stop_token& stop) {
  const bool as_it_should_be = reloadrun::is_reloader() && !stop.stop_requested();
  return as_it_should_be ? 7 : EXIT_FAILURE;
}

/// Across the border of a shared library.
bool error_is_caught() {
  try {
    reloadrun::run(nullptr);
  } catch (const reloadrun::Error& error) {
    return !error.what_to_do().empty();
  }
  return false;
}

}  // namespace

int main() {
  if (!error_is_caught()) return EXIT_FAILURE;
  reloadrun::Options options;
  options.on_exit = reloadrun::OnExit::exit;
  options.verbosity = reloadrun::Verbosity::quiet;
  return reloadrun::run(serve, options);
}
