#include "watch/stamps.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>

#include "base/kernel.hpp"
#include "helpers/deadline.hpp"
#include "unit/looking.hpp"

namespace reloadrun::watch {
namespace {

class ChangeTimeNow : public Look {
 protected:
  const int often = 1000 / test::slowness();  // far more than a coarse clock's tick takes

  /// Whether the kernel gives a change that somebody may tell from the last one a time of its own.
  static bool kernel_tells_changes_apart() { return kernel_version() >= KernelVersion{6, 13}; }
};

TEST_F(ChangeTimeNow, IsNotLaterThanWhatChangesNext) {
  for (int i = 0; i < often; ++i) {
    const ChangeTime now = change_time_now();
    write("a", std::to_string(i));
    ASSERT_TRUE(changed_since(AT_FDCWD, "a", now)) << i;
  }
}

TEST_F(ChangeTimeNow, IsLaterThanWhatHasChanged) {
  for (int i = 0; i < often; ++i) {
    write("a", std::to_string(i));
    if (!kernel_tells_changes_apart()) test::let_change_time_pass();
    ASSERT_FALSE(changed_since(AT_FDCWD, "a", change_time_now())) << i;
  }
}

}  // namespace
}  // namespace reloadrun::watch
