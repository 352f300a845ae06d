// Reading /proc. Used inside this room, on any thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace reloadrun::proc {

/// The names in `directory` that are numbers: pids, thread ids or descriptors. Empty when it is
/// gone or may not be read.
std::vector<pid_t> numbers_in(const std::string& directory);

}  // namespace reloadrun::proc
