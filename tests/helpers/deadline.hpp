// Waiting for events in tests: every wait ends, by what it waits for or by failing the test.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

namespace reloadrun::test {

/// How many times slower than usual this machine is, by RELOADRUN_TEST_SLOWNESS: 1 when that is not
/// set. What a test waits for, and what it bounds, is multiplied by it.
int slowness();

/// Far longer than anything takes on a loaded machine: only a failing test waits as long.
inline const std::chrono::seconds patience{40 * slowness()};

/// What a test waited for did not come.
struct TimedOut : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// For what tells nobody when it changes (another process's state, a server that comes up): asks
/// every few milliseconds until `holds`, throws TimedOut naming `what` after `patience`.
void eventually(const std::string& what, const std::function<bool()>& holds);

}  // namespace reloadrun::test
