#include "helpers/deadline.hpp"

#include <thread>

namespace reloadrun::test {

void eventually(const std::string& what, const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) throw TimedOut("never came: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace reloadrun::test
