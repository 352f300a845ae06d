// Inside of the test target: what its files share. Nothing here is for the tests themselves.
#pragma once

#include <string>

namespace reloadrun::test {

extern int fifo;  // where it reports to

/// One line, without its end.
void report(std::string line);
/// Of the environment: "'value'", or "unset".
std::string variable(const char* name);

// Orders about sockets that it was given; see helpers/target.cpp.
void tell_sockets();
void make_non_blocking(int socket);
void shut_down(int socket);
[[noreturn]] void serve(int socket);

}  // namespace reloadrun::test
