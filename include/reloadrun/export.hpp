// What of reloadrun a program may link to: nothing else is visible in the shared library.
#pragma once

/// Marks what is visible there.
#define RELOADRUN_EXPORT __attribute__((visibility("default")))
