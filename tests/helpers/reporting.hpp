// How programs under test tell what happens to them: see helpers/reports.hpp for who listens.
// Inside of those programs; nothing here is for the tests themselves.
#pragma once

#include <string>

namespace reloadrun::test {

extern int fifo;  // where it reports to

/// One line, without its end.
void report(std::string line);
/// Of the environment: "'value'", or "unset".
std::string variable(const char* name);

}  // namespace reloadrun::test
