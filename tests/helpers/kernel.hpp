// What a test needs of the kernel that older ones lack: where it is lacking, the test is skipped by
// its name. What is lacking is told by asking for it, not by the version.
#pragma once

#include <string>

namespace reloadrun::test {

enum class Needed {
  checked_exec,  ///< an exec that is checked and not done (AT_EXECVE_CHECK)
};

/// Empty where the kernel has it; otherwise what it lacks, and since when newer ones have that.
std::string why_lacking(Needed feature);

}  // namespace reloadrun::test
