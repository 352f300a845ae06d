// What is in a file, as one number (--content).
#pragma once

#include <cstdint>
#include <string>

#include "watch/pause.hpp"

namespace reloadrun::watch {

/// A hash of the bytes of the regular file `name` in `directory`; never 0, unless it cannot be
/// read. The same bytes have the same hash in every process of this program.
std::uint64_t content_hash(int directory, const char* name, Pause* pause = nullptr);

}  // namespace reloadrun::watch
