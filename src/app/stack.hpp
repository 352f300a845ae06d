// The stack that reloadrun works on. How large the system makes one is a limit that it was given
// (ulimit -s) and that COMMAND is to have: so where that is small, it takes memory of its own.
// Called by main(), before there is another thread.
#pragma once

namespace reloadrun::app {

/// Calls `work`, which does not return, on a stack that is large enough, and makes those of all
/// threads so. As it is where the memory is not to be had.
[[noreturn]] void on_large_stack(void (*work)());

}  // namespace reloadrun::app
