#include "helpers/deadline.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace reloadrun::test {

int slowness() {
  const char* const times = std::getenv("RELOADRUN_TEST_SLOWNESS");
  return times == nullptr ? 1 : std::max(std::atoi(times), 1);  // NOLINT(cert-err34-c): by us
}

void eventually(const std::string& what, const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) throw TimedOut("never came: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace reloadrun::test
