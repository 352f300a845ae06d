// Inside of the test target: what its files share. Nothing here is for the tests themselves.
#pragma once

namespace reloadrun::test {

// Orders about sockets that it was given; see helpers/target.cpp.
void tell_sockets();
void make_non_blocking(int socket);
void shut_down(int socket);
[[noreturn]] void serve(int socket);

}  // namespace reloadrun::test
