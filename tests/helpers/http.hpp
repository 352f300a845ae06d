// HTTP as a client of a server under test sees it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace reloadrun::test {

/// A TCP port that is free on the loopback interface, and no other test's until this process ends.
int free_port();

/// What a GET of `path` answers; nullopt when nobody does.
std::optional<std::string> get(int port, const std::string& path);

/// Waits until a GET of `path` answers `content`; throws TimedOut.
void expect_answer(int port, const std::string& path, const std::string& content);

/// The process that listens on `port`, from /proc; -1 when there is none.
pid_t listener_of(int port);

}  // namespace reloadrun::test
